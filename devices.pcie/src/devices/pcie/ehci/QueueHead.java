// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ehci;

import static devices.pcie.ehci.QueueLayout.ACTIVE;
import static devices.pcie.ehci.QueueLayout.ADDRESS;
import static devices.pcie.ehci.QueueLayout.ALTERNATE;
import static devices.pcie.ehci.QueueLayout.BUFFERS;
import static devices.pcie.ehci.QueueLayout.BYTES;
import static devices.pcie.ehci.QueueLayout.CHARACTERISTICS;
import static devices.pcie.ehci.QueueLayout.CURRENT;
import static devices.pcie.ehci.QueueLayout.ENDPOINT;
import static devices.pcie.ehci.QueueLayout.ERRORS;
import static devices.pcie.ehci.QueueLayout.HALTED;
import static devices.pcie.ehci.QueueLayout.HEAD_BYTES;
import static devices.pcie.ehci.QueueLayout.IN;
import static devices.pcie.ehci.QueueLayout.INTERRUPT;
import static devices.pcie.ehci.QueueLayout.MAX_PACKET;
import static devices.pcie.ehci.QueueLayout.NEXT;
import static devices.pcie.ehci.QueueLayout.OVERLAY;
import static devices.pcie.ehci.QueueLayout.PAGE;
import static devices.pcie.ehci.QueueLayout.PAGES;
import static devices.pcie.ehci.QueueLayout.PAGE_BYTES;
import static devices.pcie.ehci.QueueLayout.PID;
import static devices.pcie.ehci.QueueLayout.POINTER;
import static devices.pcie.ehci.QueueLayout.RECLAMATION_HEAD;
import static devices.pcie.ehci.QueueLayout.SETUP;
import static devices.pcie.ehci.QueueLayout.TERMINATE;
import static devices.pcie.ehci.QueueLayout.TOGGLE;
import static devices.pcie.ehci.QueueLayout.TOGGLE_IN_TRANSFER;
import static devices.pcie.ehci.QueueLayout.TOKEN;
import static devices.pcie.ehci.QueueLayout.TRANSACTION_ERROR;
import static devices.pcie.ehci.QueueLayout.TRANSFER_BYTES;

import devices.pcie.link.LittleEndian;
import devices.pcie.link.MemoryAccess;
import devices.pcie.usb.AttachedDevice;
import iommu.api.pcie.DeviceContext;
import java.util.Arrays;

/**
 * A visit to a queue head, as one register set holds it: read, moved on to the next transfer if
 * none is active, worked on packet by packet up to the end of a page, written back. Nothing is held
 * from one visit to the next. One thread.
 *
 * <p>Source: EHCI 1.0, "Managing Control/Bulk/Interrupt Transfers via Queue Heads": "Fetch Queue
 * Head", "Advance Queue", "Execute Transaction", "Write Back qTD".
 */
final class QueueHead {

    /** Returned where a read was aborted. */
    static final int ABORTED = -1;
    /** Beside what devices return. */
    private static final int HOST_ERROR = -4;
    private static final int ENDPOINTS = 32;
    private static final int ENDPOINT_BITS = 5;
    private static final int TOKEN_AT = OVERLAY + TOKEN;
    private static final int BUFFERS_AT = OVERLAY + BUFFERS;

    private final HostController host;
    private final DeviceContext context;
    private final MemoryAccess memory;
    private final RootPorts ports;
    private final byte[] head = new byte[HEAD_BYTES];
    private final byte[] transfer = new byte[TRANSFER_BYTES];
    private final byte[] word = new byte[Integer.BYTES];
    private final byte[] data = new byte[PAGE_BYTES];
    private final int[] requests = new int[ENDPOINTS];
    private long at;

    QueueHead(HostController host, DeviceContext context, RootPorts ports) {
        this.host = host;
        this.context = context;
        this.ports = ports;
        memory = new MemoryAccess(context.dma());
    }

    /** Counts requests from 0 again. */
    void forget() {
        Arrays.fill(requests, 0);
    }

    /** Returns the link to the next one, after a visit. */
    long link() {
        return LittleEndian.dword(head, 0);
    }

    /** Returns whether the one that was visited is where a round of the queues begins. */
    boolean isReclamationHead() {
        return RECLAMATION_HEAD.isSet(characteristics());
    }

    /**
     * Works on a queue.
     *
     * @param address of its head
     * @return bytes that were moved, or 1 if the queue has gone on without; 0 if nothing was done;
     *     {@link #ABORTED}
     */
    int visit(long address) {
        at = address;
        if (!read(at, head)) {
            return ABORTED;
        }
        if (HALTED.isSet(token())) {
            return 0;
        }
        if (!ACTIVE.isSet(token())) {
            int advanced = advance();
            if (advanced <= 0) {
                return advanced;
            }
        }
        return execute();
    }

    // ---- Advance Queue --------------------------------------------------------------------------

    /** Takes the next transfer into the overlay, if it is active: 1, 0 or {@link #ABORTED}. */
    private int advance() {
        long next = LittleEndian.dword(head, OVERLAY + NEXT);
        long alternate = LittleEndian.dword(head, OVERLAY + ALTERNATE);
        if (BYTES.of(token()) != 0 && !TERMINATE.isSet(alternate)) {
            next = alternate;
        }
        if (TERMINATE.isSet(next)) {
            return 0;
        }
        if (!read(POINTER.inPlace(next), transfer)) {
            return ABORTED;
        }
        long token = LittleEndian.dword(transfer, TOKEN);
        if (!ACTIVE.isSet(token)) {
            return 0;
        }
        if (!TOGGLE_IN_TRANSFER.isSet(characteristics())) {
            token = TOGGLE.with(token, TOGGLE.of(token()));
        }
        LittleEndian.putDword(head, CURRENT, POINTER.inPlace(next));
        System.arraycopy(transfer, 0, head, OVERLAY, TRANSFER_BYTES);
        LittleEndian.putDword(head, TOKEN_AT, token);
        writeBack();
        return 1;
    }

    // ---- Execute Transaction --------------------------------------------------------------------

    private int execute() {
        long token = token();
        long characteristics = characteristics();
        int pid = (int) PID.of(token);
        int endpoint = (int) ENDPOINT.of(characteristics) * 2 + (pid == IN ? 1 : 0);
        AttachedDevice device = ports.at((int) ADDRESS.of(characteristics));
        if (device == null) {
            return failed(token, TRANSACTION_ERROR.mask());
        }
        context.request((ADDRESS.of(characteristics) << ENDPOINT_BITS | endpoint) << Integer.SIZE
                | requests[endpoint]);
        int page = (int) PAGE.of(token);
        int offset = (int) LittleEndian.dword(head, BUFFERS_AT) & PAGE_BYTES - 1;
        int wanted = wanted((int) BYTES.of(token), PAGE_BYTES - offset);
        if (page >= PAGES || page == PAGES - 1 && offset + wanted > PAGE_BYTES) {
            return failed(token, HALTED.mask());
        }
        int moved = move(device, pid, endpoint, page * PAGE_BYTES + offset, wanted);
        if (moved == AttachedDevice.NOT_READY) {
            return 0;
        }
        if (moved == AttachedDevice.STALLS) {
            return failed(token, HALTED.mask());
        }
        if (moved == HOST_ERROR) {
            return ABORTED;
        }
        return moved(token, endpoint, offset, moved, moved < wanted);
    }

    /** Returns how much is moved at once: whole packets within a page, or one across its end. */
    private int wanted(int left, int room) {
        if (left <= room) {
            return left;
        }
        int packet = packet();
        return room < packet ? Math.min(left, packet) : room - room % packet;
    }

    private int packet() {
        return (int) Math.max(1, MAX_PACKET.of(characteristics()));
    }

    /** Moves data; the offset of the first byte is that of the listed pages laid end to end. */
    private int move(AttachedDevice device, int pid, int endpoint, int offset, int wanted) {
        if (pid == IN) {
            int given = device.in(endpoint, data, wanted);
            if (given > 0) {
                reach(true, offset, given);
            }
            return given;
        }
        if (!reach(false, offset, wanted)) {
            host.hostSystemError();
            return HOST_ERROR;
        }
        if (pid == SETUP) {
            long packet = LittleEndian.dword(data, 0) | LittleEndian.dword(data, 4) << 32;
            return wanted == Long.BYTES && device.setup(packet) ? wanted : AttachedDevice.STALLS;
        }
        return device.out(endpoint, data, wanted);
    }

    /** Writes or reads memory from an offset on; returns whether all of it was reached. */
    private boolean reach(boolean writes, int offset, int bytes) {
        for (int done = 0; done < bytes;) {
            int at = offset + done;
            int part = Math.min(bytes - done, PAGE_BYTES - at % PAGE_BYTES);
            long address = LittleEndian.dword(head, BUFFERS_AT + at / PAGE_BYTES * 4) & -PAGE_BYTES
                    | at % PAGE_BYTES;
            if (writes) {
                memory.write(address, data, done, part);
            } else if (!memory.read(address, data, done, part)) {
                return false;
            }
            done += part;
        }
        return true;
    }

    /** Counts what was moved, and ends the transfer if that is all, or if less came than could. */
    private int moved(long before, int endpoint, int offset, int moved, boolean ended) {
        long left = BYTES.of(before) - moved;
        long token = BYTES.with(before, left);
        int packet = packet();
        if ((Math.max(1, (moved + packet - 1) / packet) & 1) != 0) {
            token ^= TOGGLE.mask();
        }
        int end = offset + moved;
        if (end >= PAGE_BYTES) {
            token = PAGE.with(token, PAGE.of(token) + 1);
        }
        long first = LittleEndian.dword(head, BUFFERS_AT) & -PAGE_BYTES;
        LittleEndian.putDword(head, BUFFERS_AT, first | end & PAGE_BYTES - 1);
        if (left == 0 || ended) {
            retire(token & ~ACTIVE.mask());
            if (INTERRUPT.isSet(token)) {
                requests[endpoint]++;
            }
            if (INTERRUPT.isSet(token) || left > 0) {
                host.completed();
            }
        } else {
            LittleEndian.putDword(head, TOKEN_AT, token);
            writeBack();
        }
        return Math.max(1, moved);
    }

    /**
     * A transaction has failed: the counter of errors counts down to a halt, but not from 0, and
     * not for what halts the queue at once.
     */
    private int failed(long before, long why) {
        long left = ERRORS.of(before);
        long token = before | why;
        if (!HALTED.isSet(why) && left > 0) {
            token = ERRORS.with(token, left - 1) | (left == 1 ? HALTED.mask() : 0);
        }
        if (HALTED.isSet(token)) {
            retire(token & ~ACTIVE.mask());
            host.failed();
            if (INTERRUPT.isSet(token)) {
                host.completed();
            }
        } else {
            LittleEndian.putDword(head, TOKEN_AT, token);
            writeBack();
        }
        return 1;
    }

    // ---- Write Back qTD -------------------------------------------------------------------------

    private void retire(long token) {
        LittleEndian.putDword(head, TOKEN_AT, token);
        writeBack();
        LittleEndian.putDword(word, 0, token);
        memory.write(POINTER.inPlace(LittleEndian.dword(head, CURRENT)) + TOKEN, word, 0,
                word.length);
    }

    private void writeBack() {
        memory.write(at + CURRENT, head, CURRENT, HEAD_BYTES - CURRENT);
    }

    private boolean read(long address, byte[] to) {
        if (memory.read(address, to, 0, to.length)) {
            return true;
        }
        host.hostSystemError();
        return false;
    }

    private long token() {
        return LittleEndian.dword(head, TOKEN_AT);
    }

    private long characteristics() {
        return LittleEndian.dword(head, CHARACTERISTICS);
    }
}
