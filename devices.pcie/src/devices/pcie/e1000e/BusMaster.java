// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import iommu.api.bits.BitField;
import iommu.api.pcie.Capabilities;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.PciFunction;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The requests of a controller: cut to what its function may put into one, and what comes of those
 * that are aborted. One thread; a request allocates nothing.
 *
 * <p>Source: PCI Express Base Specification, "Device Control Register" (Max_Payload_Size,
 * Max_Read_Request_Size), "Transaction Layer Protocol - Packet Definition" (no request crosses a
 * 4 KiB boundary). What is not on PCI Express has a bridge above that sends 128 bytes a request.
 */
final class BusMaster {

    private static final int DEVICE_CONTROL = 0x08;
    private static final BitField MAX_PAYLOAD = BitField.bits(7, 5);
    private static final BitField MAX_READ = BitField.bits(14, 12);
    private static final int LEAST_BYTES = 128;
    private static final int PAGE_BYTES = 4096;
    private static final int MOST_SHIFT = 5;

    private final DeviceContext context;
    private final NicOptions options;
    private int payloadBytes = LEAST_BYTES;
    private int readBytes = LEAST_BYTES;
    /** What waits until requests may leave. */
    private final List<Runnable> stalled = new ArrayList<>();
    private boolean disabled;
    private boolean wedged;

    BusMaster(DeviceContext context, NicOptions options) {
        this.context = context;
        this.options = options;
        negotiate();
    }

    /** Follows a reset: looks up what a request may carry, and is enabled. */
    void negotiate() {
        stalled.clear();
        disabled = false;
        PciFunction function = context.function();
        int express = Capabilities.find(function::readConfig, Capabilities.EXPRESS);
        if (options.wholeTransfers()) {
            payloadBytes = readBytes = PAGE_BYTES;
        } else if (express != 0) {
            int control = function.readConfig(express + DEVICE_CONTROL, 2);
            payloadBytes = LEAST_BYTES << Math.min(MAX_PAYLOAD.of(control), MOST_SHIFT);
            readBytes = LEAST_BYTES << Math.min(MAX_READ.of(control), MOST_SHIFT);
        }
    }

    /** Says whether the driver has disabled requests by the chip's own register. */
    void disabled(boolean off) {
        disabled = off;
        opened();
    }

    /** Has work done as soon as requests may leave; a reset drops it. */
    void whenOpen(Runnable work) {
        stalled.add(work);
    }

    /** Lets what has waited go on, if requests may leave now. */
    void opened() {
        if (isOpen()) {
            stalled.forEach(work -> context.schedule(1, work));
            stalled.clear();
        }
    }

    /** Returns whether an aborted request has left the chip in a state that only a reset ends. */
    boolean isWedged() {
        return wedged;
    }

    /** Follows a reset of the function or of the link. */
    void recover() {
        wedged = false;
    }

    /** Returns whether requests may leave now. */
    boolean isOpen() {
        return !disabled && context.function().busMaster();
    }

    /**
     * Reads memory.
     *
     * @return whether all of it came; false after an abort, unless aborted bytes count as zeros
     */
    boolean read(long address, byte[] to, int offset, int bytes) {
        for (int done = 0; done < bytes;) {
            int piece = piece(address + done, bytes - done, readBytes);
            if (context.dma().read(address + done, to, offset + done, piece)
                    != CompletionStatus.SUCCESS && !goesOn(to, offset + done, piece)) {
                return false;
            }
            done += piece;
        }
        return true;
    }

    private boolean goesOn(byte[] to, int offset, int bytes) {
        wedged |= options.wedgesOnAbort();
        if (wedged || !options.readsZeros()) {
            return false;
        }
        Arrays.fill(to, offset, offset + bytes, (byte) 0);
        return true;
    }

    /** Writes memory; what becomes of it nobody tells the chip. */
    void write(long address, byte[] from, int offset, int bytes) {
        for (int done = 0; done < bytes;) {
            int piece = piece(address + done, bytes - done, payloadBytes);
            context.dma().write(address + done, from, offset + done, piece);
            done += piece;
        }
    }

    private static int piece(long address, int bytes, int most) {
        int whole = Math.min(most, PAGE_BYTES);
        return (int) Math.min(bytes, whole - (address & whole - 1));
    }
}
