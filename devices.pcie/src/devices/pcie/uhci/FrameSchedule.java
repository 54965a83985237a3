// SPDX-License-Identifier: Apache-2.0
package devices.pcie.uhci;

import static devices.pcie.uhci.UhciLayout.ACTIVE;
import static devices.pcie.uhci.UhciLayout.ACTUAL_LENGTH;
import static devices.pcie.uhci.UhciLayout.ADDRESS;
import static devices.pcie.uhci.UhciLayout.BUFFER;
import static devices.pcie.uhci.UhciLayout.DEPTH_FIRST;
import static devices.pcie.uhci.UhciLayout.ELEMENT;
import static devices.pcie.uhci.UhciLayout.ENDPOINT;
import static devices.pcie.uhci.UhciLayout.ERRORS;
import static devices.pcie.uhci.UhciLayout.FRAMES;
import static devices.pcie.uhci.UhciLayout.FRAME_BYTES;
import static devices.pcie.uhci.UhciLayout.INTERRUPT;
import static devices.pcie.uhci.UhciLayout.ISOCHRONOUS;
import static devices.pcie.uhci.UhciLayout.MAX_LENGTH;
import static devices.pcie.uhci.UhciLayout.NAK;
import static devices.pcie.uhci.UhciLayout.PID;
import static devices.pcie.uhci.UhciLayout.POINTER;
import static devices.pcie.uhci.UhciLayout.QUEUE;
import static devices.pcie.uhci.UhciLayout.QUEUE_BYTES;
import static devices.pcie.uhci.UhciLayout.SHORT_DETECT;
import static devices.pcie.uhci.UhciLayout.STALLED;
import static devices.pcie.uhci.UhciLayout.STATUS;
import static devices.pcie.uhci.UhciLayout.TERMINATE;
import static devices.pcie.uhci.UhciLayout.TIMED_OUT;
import static devices.pcie.uhci.UhciLayout.TOKEN;
import static devices.pcie.uhci.UhciLayout.TRANSFER_BYTES;

import devices.pcie.link.LittleEndian;
import devices.pcie.link.MemoryAccess;
import devices.pcie.usb.AttachedDevice;
import iommu.api.pcie.DeviceContext;

/**
 * One frame: from the entry of the frame list through transfers and queues to the last one, as far
 * as the frame's time goes. Nothing of it is held from one frame to the next. One thread.
 *
 * <p>Source: UHCI Design Guide 1.1, "Transfer Queueing", "Transfer Descriptor (TD)", "Queue Head
 * (QH)". A ring of queues in which nothing moves is gone round once, not to the end of the frame.
 */
final class FrameSchedule {

    /** What moves in a millisecond at 12 Mb/s, less what packets need. */
    private static final int FRAME_PAYLOAD = 1280;
    /** A token and a handshake, whatever the data; assumed. */
    private static final int PACKET_OVERHEAD = 16;
    private static final int MOST_STEPS = 256;
    private static final int NULL_LENGTH = 0x7ff;
    /** Bytes of a packet; what says more, and is not the null length, makes no sense. */
    private static final int LONGEST_PACKET = 1280;
    /** Beside what devices return. */
    private static final int ABORTED = -3;

    /** What came of a transfer. */
    private enum Outcome { DONE, SHORT, STAYS, HALTS }

    private final HostController host;
    private final DeviceContext context;
    private final MemoryAccess memory;
    private final RootPorts ports;
    private final byte[] entry = new byte[FRAME_BYTES];
    private final byte[] queue = new byte[QUEUE_BYTES];
    private final byte[] transfer = new byte[TRANSFER_BYTES];
    private final byte[] word = new byte[FRAME_BYTES];
    private final byte[] data = new byte[NULL_LENGTH + 1];
    private int budget;
    private long frames;

    FrameSchedule(HostController host, DeviceContext context, RootPorts ports) {
        this.host = host;
        this.context = context;
        this.ports = ports;
        memory = new MemoryAccess(context.dma());
    }

    /** Goes through the schedule of a frame. */
    void go(long frameList, int frame) {
        context.request(frames++);
        if (!read(frameList + (long) (frame % FRAMES) * FRAME_BYTES, entry)) {
            return;
        }
        budget = FRAME_PAYLOAD;
        long link = LittleEndian.dword(entry, 0);
        long first = -1;
        boolean moved = false;
        for (int step = 0; step < MOST_STEPS && !TERMINATE.isSet(link) && budget > 0; step++) {
            if (!QUEUE.isSet(link)) {
                Outcome outcome = transfer(POINTER.inPlace(link), -1);
                if (outcome == Outcome.HALTS) {
                    return;
                }
                link = LittleEndian.dword(transfer, 0);
                continue;
            }
            long at = POINTER.inPlace(link);
            if (at == first && !moved) {
                return;
            }
            if (first < 0 || at == first) {
                first = at;
                moved = false;
            }
            int before = budget;
            if (!queue(at)) {
                return;
            }
            moved |= budget != before;
            link = LittleEndian.dword(queue, 0);
        }
    }

    /** Works on a queue; returns whether the frame goes on. */
    private boolean queue(long at) {
        if (!read(at, queue)) {
            return false;
        }
        long element = LittleEndian.dword(queue, ELEMENT);
        for (int step = 0; step < MOST_STEPS && !TERMINATE.isSet(element) && budget > 0; step++) {
            if (QUEUE.isSet(element)) {
                return true; // a queue below a queue: none of our drivers makes one
            }
            Outcome outcome = transfer(POINTER.inPlace(element), at);
            if (outcome != Outcome.DONE) {
                return outcome != Outcome.HALTS;
            }
            element = LittleEndian.dword(transfer, 0);
            if (!DEPTH_FIRST.isSet(element)) {
                return true;
            }
        }
        return true;
    }

    /** Tries a transfer, of a queue or, with -1, of none. */
    private Outcome transfer(long at, long queueAt) {
        if (!read(at, transfer)) {
            return Outcome.HALTS;
        }
        long status = LittleEndian.dword(transfer, STATUS);
        if (!ACTIVE.isSet(status)) {
            if (INTERRUPT.isSet(status)) {
                host.completed();
            }
            return Outcome.STAYS;
        }
        long token = LittleEndian.dword(transfer, TOKEN);
        int pid = (int) PID.of(token);
        int most = (int) MAX_LENGTH.of(token) + 1 & NULL_LENGTH;
        if (pid != UhciLayout.IN && pid != UhciLayout.OUT && pid != UhciLayout.SETUP
                || most > LONGEST_PACKET) {
            host.processError();
            return Outcome.HALTS;
        }
        budget -= PACKET_OVERHEAD;
        AttachedDevice device = ports.at((int) ADDRESS.of(token));
        if (device == null) {
            return failed(at, status, TIMED_OUT.mask());
        }
        int moved = move(device, pid, (int) ENDPOINT.of(token), most);
        if (moved == ABORTED) {
            return Outcome.HALTS;
        }
        if (moved == AttachedDevice.STALLS) {
            return stalled(at, status);
        }
        return moved == AttachedDevice.NOT_READY ? nak(at, status)
                : done(at, queueAt, status, moved, most, pid == UhciLayout.IN);
    }

    private int move(AttachedDevice device, int pid, int endpoint, int most) {
        long buffer = LittleEndian.dword(transfer, BUFFER);
        if (pid == UhciLayout.IN) {
            int given = device.in(2 * endpoint + 1, data, most);
            if (given > 0) {
                memory.write(buffer, data, 0, given);
            }
            return given;
        }
        if (!memory.read(buffer, data, 0, most)) {
            host.hostSystemError();
            return ABORTED;
        }
        if (pid == UhciLayout.SETUP) {
            long packet = LittleEndian.dword(data, 0) | LittleEndian.dword(data, 4) << 32;
            return most == Long.BYTES && device.setup(packet) ? most : AttachedDevice.STALLS;
        }
        return device.out(2 * endpoint, data, most);
    }

    private Outcome done(long at, long queueAt, long status, int moved, int most, boolean in) {
        budget -= moved;
        write(at + STATUS, ACTUAL_LENGTH.with(status & ~(ACTIVE.mask() | NAK.mask()),
                moved - 1 & NULL_LENGTH));
        if (INTERRUPT.isSet(status)) {
            host.completed();
        }
        if (in && moved < most && SHORT_DETECT.isSet(status)) {
            host.endedShort();
            return Outcome.SHORT;
        }
        if (queueAt >= 0) {
            write(queueAt + ELEMENT, LittleEndian.dword(transfer, 0));
        }
        return Outcome.DONE;
    }

    private Outcome nak(long at, long status) {
        if (ISOCHRONOUS.isSet(status)) {
            write(at + STATUS, status & ~ACTIVE.mask());
        } else if (!NAK.isSet(status)) {
            write(at + STATUS, status | NAK.mask());
        }
        return Outcome.STAYS;
    }

    private Outcome stalled(long at, long status) {
        write(at + STATUS, status & ~ACTIVE.mask() | STALLED.mask());
        host.failed();
        if (INTERRUPT.isSet(status)) {
            host.completed();
        }
        return Outcome.STAYS;
    }

    /** Nobody answers: the counter of errors counts down to 1, or not at all from 0. */
    private Outcome failed(long at, long status, long why) {
        long left = ERRORS.of(status);
        if (left == 1) {
            return stalled(at, ERRORS.with(status, 0) | why);
        }
        write(at + STATUS, (left == 0 ? status : ERRORS.with(status, left - 1)) | why);
        return Outcome.STAYS;
    }

    // ---- memory ---------------------------------------------------------------------------------

    private boolean read(long address, byte[] to) {
        if (memory.read(address, to, 0, to.length)) {
            return true;
        }
        host.hostSystemError();
        return false;
    }

    private void write(long address, long dword) {
        LittleEndian.putDword(word, 0, dword);
        memory.write(address, word, 0, FRAME_BYTES);
    }
}
