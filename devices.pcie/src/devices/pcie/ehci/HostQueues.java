// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ehci;

import static devices.pcie.ehci.QueueLayout.ACTIVE;
import static devices.pcie.ehci.QueueLayout.ADDRESS;
import static devices.pcie.ehci.QueueLayout.BYTES;
import static devices.pcie.ehci.QueueLayout.ENDPOINT;
import static devices.pcie.ehci.QueueLayout.ERRORS;
import static devices.pcie.ehci.QueueLayout.FRAMES;
import static devices.pcie.ehci.QueueLayout.HALTED;
import static devices.pcie.ehci.QueueLayout.INTERRUPT;
import static devices.pcie.ehci.QueueLayout.LINK_BYTES;
import static devices.pcie.ehci.QueueLayout.MAX_PACKET;
import static devices.pcie.ehci.QueueLayout.MULTIPLIER;
import static devices.pcie.ehci.QueueLayout.PID;
import static devices.pcie.ehci.QueueLayout.RECLAMATION_HEAD;
import static devices.pcie.ehci.QueueLayout.SPEED;
import static devices.pcie.ehci.QueueLayout.START_MASK;
import static devices.pcie.ehci.QueueLayout.TERMINATE;
import static devices.pcie.ehci.QueueLayout.TOGGLE;
import static devices.pcie.ehci.QueueLayout.TOGGLE_IN_TRANSFER;
import static devices.pcie.ehci.QueueLayout.TRANSFER_BYTES;
import static devices.pcie.ehci.QueueLayout.TYPE;

import devices.pcie.usb.AttachedDevice;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;

/**
 * What a driver shares with a controller: a page with the list of frames, and a page with queues, a
 * ring of transfers each, and small buffers. The keyboard's queue is in every eighth frame; the
 * others make the ring of the asynchronous schedule, which begins with one that is always halted.
 * One thread.
 *
 * <p>Source: Linux, ehci-hcd.c: ehci_init; ehci-q.c: qh_make, qh_append_tds; ehci-sched.c.
 */
final class HostQueues {

    /** Queues by endpoint as of {@link AttachedDevice}; control transfers have one both ways. */
    static final int CONTROL = 1;
    static final int COMMAND_AT = 0xc00;
    static final int STATUS_AT = 0xc20;
    static final int REPORT_AT = 0xc40;
    static final int SETUP_AT = 0xc60;
    static final int BUFFER_AT = 0xc80;

    private static final int PAGE = 4096;
    private static final int PERIOD = 8;
    private static final int QUEUES = 8;
    private static final int QUEUE_BYTES = 64;
    private static final int HEAD = 0;
    private static final int RINGS_AT = 0x400;
    private static final int RING_BYTES = 0x100;
    private static final int TRANSFERS = RING_BYTES / TRANSFER_BYTES;
    private static final int HIGH = 2;
    private static final int BULK_PACKET = 512;
    private static final int CONTROL_PACKET = 64;

    private final DriverPort port;
    private final DmaBuffer frames;
    private final DmaBuffer page;
    private final int[] enqueue = new int[QUEUES];

    /** Lays them out in two pages, for a device at an address. */
    HostQueues(DriverPort port, DmaBuffer frames, DmaBuffer page) {
        this.port = port;
        this.frames = frames;
        this.page = page;
        port.write(page.physicalAddress(), new byte[PAGE], 0, PAGE);
        long keys = link(AttachedDevice.KEYS_IN);
        for (int i = 0; i < FRAMES; i += 2) {
            port.write64(frames.physicalAddress() + (long) i * LINK_BYTES,
                    (i % PERIOD == 0 ? keys : TERMINATE.mask())
                            | TERMINATE.mask() << Integer.SIZE);
        }
        queue(HEAD, link(CONTROL), RECLAMATION_HEAD.mask(), 0, HALTED.mask());
        queue(CONTROL, link(AttachedDevice.DISK_IN),
                endpoint(0, 0, CONTROL_PACKET) | TOGGLE_IN_TRANSFER.mask(), 0, 0);
        queue(AttachedDevice.DISK_IN, link(AttachedDevice.DISK_OUT),
                endpoint(1, 1, BULK_PACKET), 0, 0);
        queue(AttachedDevice.DISK_OUT, link(HEAD), endpoint(1, 2, BULK_PACKET), 0, 0);
        queue(AttachedDevice.KEYS_IN, TERMINATE.mask(),
                endpoint(1, 3, AttachedDevice.REPORT_BYTES), START_MASK.with(0, 1), 0);
    }

    private static long endpoint(int address, int number, int packet) {
        return MAX_PACKET.with(SPEED.with(ENDPOINT.with(ADDRESS.with(0, address), number), HIGH),
                packet);
    }

    private void queue(int index, long link, long characteristics, long masks, long token) {
        int at = index * QUEUE_BYTES;
        write(at, link | characteristics << Integer.SIZE);
        write(at + 8, MULTIPLIER.with(masks, 1));
        boolean empty = index == HEAD;
        write(at + 16, (empty ? TERMINATE.mask() : at(transferAt(index, 0)))
                | TERMINATE.mask() << Integer.SIZE);
        write(at + 24, token);
        for (int i = 0; i < TRANSFERS && !empty; i++) {
            write(transferAt(index, i), at(transferAt(index, (i + 1) % TRANSFERS))
                    | TERMINATE.mask() << Integer.SIZE);
        }
    }

    /** Has control transfers go to an address. */
    void address(int address) {
        int at = CONTROL * QUEUE_BYTES;
        long first = port.read64(page.physicalAddress() + at);
        write(at, first & 0xffff_ffffL
                | ADDRESS.with(first >>> Integer.SIZE, address) << Integer.SIZE);
    }

    /** Rings of the five queues that have one lie behind each other. */
    private static int transferAt(int queue, int index) {
        int ring = switch (queue) {
            case CONTROL -> 0;
            case AttachedDevice.DISK_IN -> 1;
            case AttachedDevice.DISK_OUT -> 2;
            default -> 3;
        };
        return RINGS_AT + ring * RING_BYTES + index * TRANSFER_BYTES;
    }

    private long link(int queue) {
        return TYPE.with(at(queue * QUEUE_BYTES), QueueLayout.QUEUE_HEAD);
    }

    /** Returns where the controller finds what lies at an offset of the second page. */
    long at(int offset) {
        return page.iova() + offset;
    }

    long frameList() {
        return frames.iova();
    }

    long queues() {
        return at(HEAD * QUEUE_BYTES);
    }

    private void write(int offset, long value) {
        port.write64(page.physicalAddress() + offset, value);
    }

    void write(int offset, byte[] bytes) {
        port.write(page.physicalAddress() + offset, bytes, 0, bytes.length);
    }

    void setup(long packet) {
        write(SETUP_AT, packet);
    }

    int firstByte() {
        return (int) port.read64(page.physicalAddress() + BUFFER_AT) & 0xff;
    }

    /**
     * Posts a transfer.
     *
     * @param told whether its end is to be told of
     * @param odd whether its data begin with DATA1, of control transfers
     */
    void post(int queue, int pid, long address, int bytes, boolean told, boolean odd) {
        int at = transferAt(queue, enqueue[queue]);
        write(at + 16, 0);
        long token = BYTES.with(ERRORS.with(PID.with(ACTIVE.mask()
                | (told ? INTERRUPT.mask() : 0) | (odd ? TOGGLE.mask() : 0), pid), 3), bytes);
        write(at + 8, token | address << Integer.SIZE);
        enqueue[queue] = (enqueue[queue] + 1) % TRANSFERS;
    }

    private long lastToken(int queue) {
        int last = (enqueue[queue] + TRANSFERS - 1) % TRANSFERS;
        return port.read64(page.physicalAddress() + transferAt(queue, last) + 8) & 0xffff_ffffL;
    }

    private long overlay(int queue) {
        return port.read64(page.physicalAddress() + queue * QUEUE_BYTES + 24) & 0xffff_ffffL;
    }

    /** Returns whether the last transfer that was posted is done, or the queue has halted. */
    boolean hasEnded(int queue) {
        return !ACTIVE.isSet(lastToken(queue)) || hasHalted(queue);
    }

    boolean hasHalted(int queue) {
        return HALTED.isSet(overlay(queue));
    }

    /** Returns the physical address of 64 bits of which ACTIVE of the last transfer are a part. */
    long lastAt(int queue) {
        int last = (enqueue[queue] + TRANSFERS - 1) % TRANSFERS;
        return page.physicalAddress() + transferAt(queue, last) + 8;
    }
}
