// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.ats;

import iommu.api.bits.RegisterFile;
import iommu.api.unit.DeviceTlbs;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.faults.FaultLog;
import iommu.vtd.unit.registers.UnitCapabilities;

/**
 * The invalidation requests that went to device TLBs and are not answered yet, and the wait
 * descriptors that wait for them.
 *
 * <p>A request that is not answered in time sets ITE, with the source in IQERCD; all waits that are
 * pending then are aborted: their status is never written. An answer that nobody expects sets ICE,
 * and nothing else. Source: VT-d, "Device-TLB Invalidation", "Invalidation Wait Descriptor" and
 * "Invalidation Queue Errors".
 */
public final class DeviceTlbRequests {

    /** What happens when all that a wait waited for is answered. */
    public interface Waits {

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

    public DeviceTlbRequests(RegisterFile registers, UnitCapabilities unit, FaultLog faults) {
        this.registers = registers;
        this.faults = faults;
        timeoutNanos = unit.settings().deviceTlbTimeoutMillis() * NANOS_PER_MILLI;
    }

    public void port(DeviceTlbs newPort) {
        port = newPort;
    }

    public DeviceTlbs port() {
        return port;
    }

    public void listener(Waits newListener) {
        listener = newListener;
    }

    /**
     * Returns whether a request to a device can be sent now.
     *
     * @param most requests that the device holds, 0 for 32
     */
    public boolean hasRoom(int source, int most) {
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
    public void send(int source, int pasid, long address, int shift) {
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
    public void completed(int source, int tag) {
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
    public boolean mustWait() {
        return outstanding != 0;
    }

    /** Returns whether another wait can be kept. */
    public boolean takesWaits() {
        return waits < TAGS;
    }

    /** Keeps a wait until all requests sent so far are answered. */
    public void await(long q0, long q1, boolean fence) {
        waitLow[waits] = q0;
        waitHigh[waits] = q1;
        waitFor[waits++] = outstanding;
        fenced |= fence;
    }

    /** Returns whether a fence keeps further descriptors from being fetched. */
    public boolean fenced() {
        return fenced;
    }

    /** Forgets all, as the queue is switched. */
    public void reset() {
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
