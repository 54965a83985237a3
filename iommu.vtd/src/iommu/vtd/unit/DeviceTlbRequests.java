// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.bits.RegisterFile;
import iommu.api.unit.DeviceTlbs;
import iommu.vtd.VtdRegisters;

/**
 * The invalidation requests that went to device TLBs and are not answered yet, and the wait
 * descriptors that wait for them.
 *
 * <p>A request that is not answered in time sets ITE, with the source in IQERCD; all waits that are
 * pending then are aborted: their status is never written. An answer that nobody expects sets ICE,
 * and nothing else. Source: VT-d, "Device-TLB Invalidation", "Invalidation Wait Descriptor" and
 * "Invalidation Queue Errors".
 */
final class DeviceTlbRequests {

    /** What happens when all that a wait waited for is answered. */
    interface Waits {

        /** Completes a wait descriptor. */
        void complete(long q0, long q1);

        /** Fetching may go on. */
        void resume();
    }

    /** Tags have five bits. */
    private static final int TAGS = 32;
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final RegisterFile registers;
    private final FaultLog faults;
    private final long timeoutNanos;
    private final int[] requester = new int[TAGS];
    private final long[] sent = new long[TAGS];
    private final long[] waitLow = new long[TAGS];
    private final long[] waitHigh = new long[TAGS];
    private final int[] waitFor = new int[TAGS];
    private int outstanding;
    private int waits;
    private boolean fenced;
    private long count;
    private DeviceTlbs port;
    private Waits listener;

    DeviceTlbRequests(RegisterFile registers, Traits traits, FaultLog faults) {
        this.registers = registers;
        this.faults = faults;
        timeoutNanos = traits.settings().deviceTlbTimeoutMillis() * NANOS_PER_MILLI;
    }

    void port(DeviceTlbs newPort) {
        port = newPort;
    }

    DeviceTlbs port() {
        return port;
    }

    void listener(Waits newListener) {
        listener = newListener;
    }

    /**
     * Returns whether a request to a device can be sent now.
     *
     * @param most requests that the device holds, 0 for 32
     */
    boolean hasRoom(int source, int most) {
        int held = 0;
        for (int tag = 0; tag < TAGS; tag++) {
            if (isOutstanding(tag) && requester[tag] == source) {
                held++;
            }
        }
        return outstanding != -1 && held < (most == 0 ? TAGS : most);
    }

    private boolean isOutstanding(int tag) {
        return (outstanding >>> tag & 1) != 0;
    }

    /** Sends a request; without anything connected it is done at once. */
    void send(int source, int pasid, long address, int shift) {
        if (port == null) {
            return;
        }
        int tag = Integer.numberOfTrailingZeros(~outstanding);
        outstanding |= 1 << tag;
        requester[tag] = source;
        long number = ++count;
        sent[tag] = number;
        port.after(timeoutNanos, () -> timeOut(tag, number));
        port.invalidate(source, pasid, address, shift, tag);
    }

    /** Takes an answer. */
    void completed(int source, int tag) {
        if (tag < 0 || tag >= TAGS || !isOutstanding(tag) || requester[tag] != source) {
            registers.set(VtdRegisters.IQER, VtdRegisters.ICESID, source);
            faults.error(VtdRegisters.ICE);
            return;
        }
        outstanding &= ~(1 << tag);
        for (int i = 0; i < waits; i++) {
            waitFor[i] &= ~(1 << tag);
        }
        completeWaits();
        listener.resume();
    }

    private void completeWaits() {
        int done = 0;
        while (done < waits && waitFor[done] == 0) {
            done++;
        }
        int left = waits - done;
        for (int i = 0; i < done; i++) {
            listener.complete(waitLow[i], waitHigh[i]);
        }
        System.arraycopy(waitLow, done, waitLow, 0, left);
        System.arraycopy(waitHigh, done, waitHigh, 0, left);
        System.arraycopy(waitFor, done, waitFor, 0, left);
        waits = left;
        fenced &= waits > 0;
    }

    /** Returns whether a wait must wait. */
    boolean mustWait() {
        return outstanding != 0;
    }

    /** Returns whether another wait can be kept. */
    boolean takesWaits() {
        return waits < TAGS;
    }

    /** Keeps a wait until all requests sent so far are answered. */
    void await(long q0, long q1, boolean fence) {
        waitLow[waits] = q0;
        waitHigh[waits] = q1;
        waitFor[waits++] = outstanding;
        fenced |= fence;
    }

    /** Returns whether a fence keeps further descriptors from being fetched. */
    boolean fenced() {
        return fenced;
    }

    /** Forgets all, as the queue is switched. */
    void reset() {
        outstanding = 0;
        waits = 0;
        fenced = false;
    }

    private void timeOut(int tag, long number) {
        if (!isOutstanding(tag) || sent[tag] != number) {
            return;
        }
        outstanding &= ~(1 << tag);
        waits = 0;
        fenced = false;
        registers.set(VtdRegisters.IQER, VtdRegisters.ITESID, requester[tag]);
        faults.error(VtdRegisters.ITE);
    }
}
