// SPDX-License-Identifier: Apache-2.0
package devices.pcie.uhci;

import static devices.pcie.uhci.UhciLayout.ACTIVE;
import static devices.pcie.uhci.UhciLayout.ADDRESS;
import static devices.pcie.uhci.UhciLayout.ELEMENT;
import static devices.pcie.uhci.UhciLayout.ENDPOINT;
import static devices.pcie.uhci.UhciLayout.ERRORS;
import static devices.pcie.uhci.UhciLayout.FRAMES;
import static devices.pcie.uhci.UhciLayout.FRAME_BYTES;
import static devices.pcie.uhci.UhciLayout.INTERRUPT;
import static devices.pcie.uhci.UhciLayout.MAX_LENGTH;
import static devices.pcie.uhci.UhciLayout.PID;
import static devices.pcie.uhci.UhciLayout.QUEUE;
import static devices.pcie.uhci.UhciLayout.SLOW;
import static devices.pcie.uhci.UhciLayout.TERMINATE;
import static devices.pcie.uhci.UhciLayout.TOGGLE;

import devices.pcie.usb.AttachedDevice;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;

/**
 * What a driver shares with a controller: a page with the list of frames, and a page with two
 * queues, the keyboard's, which every eighth frame goes through, and that of control transfers,
 * which every frame does, their transfers, and small buffers. One thread.
 *
 * <p>Source: Linux, uhci-hcd.h, on skeleton queues; uhci-q.c.
 */
final class HostSchedule {

    private static final int PAGE = 4096;
    private static final int PERIOD = 8;
    private static final int KEYS_QUEUE = 0x000;
    private static final int CONTROL_QUEUE = 0x010;
    private static final int KEYS_TRANSFER = 0x020;
    private static final int REPORT_AT = 0x040;
    private static final int SETUP_AT = 0x048;
    private static final int BUFFER_AT = 0x080;
    private static final int TRANSFERS_AT = 0x100;
    private static final int PACKET = 8;
    private static final int NULL_LENGTH = 0x7ff;
    private static final long READY = ERRORS.with(ACTIVE.mask() | SLOW.mask(), 3);

    private final DriverPort port;
    private final DmaBuffer page;
    private int posted;
    private boolean toggle;

    /** Lays them out in two pages, the second of which is cleared. */
    HostSchedule(DriverPort port, DmaBuffer frames, DmaBuffer page) {
        this.port = port;
        this.page = page;
        port.write(page.physicalAddress(), new byte[PAGE], 0, PAGE);
        queue(KEYS_QUEUE, at(CONTROL_QUEUE) | QUEUE.mask());
        queue(CONTROL_QUEUE, TERMINATE.mask());
        for (int i = 0; i < FRAMES; i += 2) {
            port.write64(frames.physicalAddress() + (long) i * FRAME_BYTES,
                    at(i % PERIOD == 0 ? KEYS_QUEUE : CONTROL_QUEUE) | QUEUE.mask()
                            | (at(CONTROL_QUEUE) | QUEUE.mask()) << Integer.SIZE);
        }
    }

    private long at(int offset) {
        return page.iova() + offset;
    }

    private long physical(int offset) {
        return page.physicalAddress() + offset;
    }

    private void queue(int offset, long link) {
        port.write64(physical(offset), link | TERMINATE.mask() << Integer.SIZE);
    }

    private void element(int queue, long element) {
        long link = port.read64(physical(queue)) & 0xffff_ffffL;
        port.write64(physical(queue), link | element << 8 * ELEMENT);
    }

    /** Asks for the keyboard's next report. */
    void awaitReport() {
        write(KEYS_TRANSFER, TERMINATE.mask(), READY | INTERRUPT.mask(),
                token(UhciLayout.IN, 1, AttachedDevice.KEYS_IN / 2, AttachedDevice.REPORT_BYTES),
                at(REPORT_AT));
        element(KEYS_QUEUE, at(KEYS_TRANSFER));
    }

    /** Returns whether the keyboard has sent its report. */
    boolean hasReport() {
        return !ACTIVE.isSet(status(KEYS_TRANSFER));
    }

    private long token(int pid, int address, int endpoint, int bytes) {
        long token = MAX_LENGTH.with(ENDPOINT.with(ADDRESS.with(PID.with(0, pid), address),
                endpoint), bytes - 1 & NULL_LENGTH);
        long all = toggle ? TOGGLE.mask() | token : token;
        toggle = !toggle;
        return all;
    }

    private void write(int offset, long link, long status, long token, long buffer) {
        port.write64(physical(offset), link | status << Integer.SIZE);
        port.write64(physical(offset) + 8, token | buffer << Integer.SIZE);
    }

    private long status(int offset) {
        return port.read64(physical(offset)) >>> Integer.SIZE;
    }

    /**
     * Posts a control transfer.
     *
     * @param packet of the setup stage
     * @param bytes that the device is to send
     */
    void control(int address, long packet, int bytes) {
        int packets = (bytes + PACKET - 1) / PACKET;
        posted = packets + 2;
        toggle = false;
        port.write64(physical(SETUP_AT), packet);
        transfer(0, UhciLayout.SETUP, address, PACKET, SETUP_AT);
        for (int i = 0; i < packets; i++) {
            transfer(1 + i, UhciLayout.IN, address, Math.min(PACKET, bytes - i * PACKET),
                    BUFFER_AT + i * PACKET);
        }
        toggle = true;
        transfer(packets + 1, bytes > 0 ? UhciLayout.OUT : UhciLayout.IN, address, 0, BUFFER_AT);
        element(CONTROL_QUEUE, at(TRANSFERS_AT));
    }

    private void transfer(int index, int pid, int address, int bytes, int buffer) {
        int offset = TRANSFERS_AT + index * UhciLayout.TRANSFER_BYTES;
        boolean last = index == posted - 1;
        write(offset, last ? TERMINATE.mask() : at(offset + UhciLayout.TRANSFER_BYTES)
                | UhciLayout.DEPTH_FIRST.mask(), READY | (last ? INTERRUPT.mask() : 0),
                token(pid, address, 0, bytes), at(buffer));
    }

    /** Returns the physical address of 64 bits of which ACTIVE of the last transfer are a part. */
    long lastAt() {
        return physical(TRANSFERS_AT + (posted - 1) * UhciLayout.TRANSFER_BYTES);
    }

    /** Returns whether all transfers that were posted are done, and none has failed. */
    boolean isDone() {
        for (int i = 0; i < posted; i++) {
            long status = status(TRANSFERS_AT + i * UhciLayout.TRANSFER_BYTES);
            if (ACTIVE.isSet(status) || UhciLayout.STALLED.isSet(status)) {
                return false;
            }
        }
        return true;
    }

    /** Returns whether a transfer that was posted has failed. */
    boolean hasStalled() {
        for (int i = 0; i < posted; i++) {
            if (UhciLayout.STALLED.isSet(status(TRANSFERS_AT + i * UhciLayout.TRANSFER_BYTES))) {
                return true;
            }
        }
        return false;
    }

    /** Takes what was posted out. */
    void cancel() {
        element(CONTROL_QUEUE, TERMINATE.mask());
    }

    /** Returns the first byte that the device has sent. */
    int firstByte() {
        return (int) port.read64(physical(BUFFER_AT)) & 0xff;
    }
}
