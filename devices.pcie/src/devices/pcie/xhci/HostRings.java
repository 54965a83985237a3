// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import static devices.pcie.xhci.TrbLayout.BULK_IN;
import static devices.pcie.xhci.TrbLayout.BULK_OUT;
import static devices.pcie.xhci.TrbLayout.CONTEXT_BYTES;
import static devices.pcie.xhci.TrbLayout.CONTROL_ENDPOINT;
import static devices.pcie.xhci.TrbLayout.CYCLE;
import static devices.pcie.xhci.TrbLayout.ENDPOINT_TYPE;
import static devices.pcie.xhci.TrbLayout.INTERRUPT_IN;
import static devices.pcie.xhci.TrbLayout.LINK;
import static devices.pcie.xhci.TrbLayout.MAX_PACKET;
import static devices.pcie.xhci.TrbLayout.ROOT_PORT;
import static devices.pcie.xhci.TrbLayout.TOGGLE;
import static devices.pcie.xhci.TrbLayout.TYPE;

import devices.pcie.usb.AttachedDevice;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import java.util.Arrays;

/**
 * What a driver shares with a controller, in one page: context addresses, event ring, command ring,
 * contexts and transfer rings of one device, and small buffers. One thread.
 */
final class HostRings {

    static final int PAGE = 4096;
    /** Ring of commands; the others are named by their endpoints. */
    static final int COMMANDS = 0;

    static final int SEGMENTS_AT = 0x080;
    static final int COMMAND_AT = 0x0c0;
    static final int STATUS_AT = 0x0e0;
    static final int REPORT_AT = 0x0f0;
    static final int BUFFER_AT = 0x100;
    private static final int OUTPUT_AT = 0x400;
    static final int INPUT_AT = 0x800;
    static final int EVENTS_AT = 0xa00;
    static final int EVENTS = 32;
    private static final int BLOCKS = 16;
    private static final int BLOCK = TrbLayout.BYTES;
    private static final int[] RING_AT = {0x200, 0x300, -1, 0xd00, 0xc00, -1, -1, 0xe00};
    private static final int SLOT_CONTEXT = 4 << 20 | 7 << 27; // SuperSpeed, 7 entries
    private static final int RETRIES = 3 << 1;

    private final DriverPort port;
    private final DmaBuffer page;
    private final int[] enqueue = new int[RING_AT.length];
    private final boolean[] cycle = new boolean[RING_AT.length];
    private int nextEvent;
    private boolean eventCycle = true;
    private long parameter;
    private long fields;

    /** Lays them out in a page, which is cleared. */
    HostRings(DriverPort port, DmaBuffer page) {
        this.port = port;
        this.page = page;
        Arrays.fill(cycle, true);
        port.write(page.physicalAddress(), new byte[PAGE], 0, PAGE);
        write(SEGMENTS_AT, at(EVENTS_AT), EVENTS);
    }

    /** Returns where the device finds what lies at an offset. */
    long at(int offset) {
        return page.iova() + offset;
    }

    long ringAt(int ring) {
        return at(RING_AT[ring]) | (cycle[ring] ? 1 : 0);
    }

    void write(int offset, long low, long high) {
        port.write64(page.physicalAddress() + offset, low);
        port.write64(page.physicalAddress() + offset + 8, high);
    }

    byte[] read(int offset, int bytes) {
        byte[] read = new byte[bytes];
        port.read(page.physicalAddress() + offset, read, 0, bytes);
        return read;
    }

    void write(int offset, byte[] bytes) {
        port.write(page.physicalAddress() + offset, bytes, 0, bytes.length);
    }

    /** Puts a block into a ring; the bit that gives it to the controller is added. */
    void post(int ring, long blockParameter, long status, long control) {
        put(ring, blockParameter, status, control);
        if (enqueue[ring] == BLOCKS - 1) {
            put(ring, at(RING_AT[ring]), 0, TYPE.with(0, LINK) | TOGGLE.mask());
            enqueue[ring] = 0;
            cycle[ring] = !cycle[ring];
        }
    }

    private void put(int ring, long blockParameter, long status, long control) {
        long both = status | (control | (cycle[ring] ? CYCLE.mask() : 0)) << Integer.SIZE;
        write(RING_AT[ring] + enqueue[ring] * BLOCK, blockParameter, both);
        enqueue[ring]++;
    }

    // ---- contexts -------------------------------------------------------------------------------

    /** Writes the input context of Address Device, and where the output context is. */
    void addressDevice(int slot, int rootPort) {
        port.write64(page.physicalAddress() + 8L * slot, at(OUTPUT_AT));
        write(INPUT_AT, 3L << Integer.SIZE, 0);
        write(INPUT_AT + CONTEXT_BYTES,
                SLOT_CONTEXT & 0xffff_ffffL | ROOT_PORT.with(0, rootPort) << Integer.SIZE, 0);
        endpoint(1, CONTROL_ENDPOINT, 512);
    }

    /** Writes the input context of Configure Endpoint. */
    void configureEndpoints() {
        long add = 1 | 1 << AttachedDevice.DISK_IN | 1 << AttachedDevice.DISK_OUT
                | 1 << AttachedDevice.KEYS_IN;
        write(INPUT_AT, add << Integer.SIZE, 0);
        endpoint(AttachedDevice.DISK_IN, BULK_IN, 1024);
        endpoint(AttachedDevice.DISK_OUT, BULK_OUT, 1024);
        endpoint(AttachedDevice.KEYS_IN, INTERRUPT_IN, 8);
    }

    private void endpoint(int index, int type, int maxPacket) {
        long second = MAX_PACKET.with(ENDPOINT_TYPE.with(RETRIES, type), maxPacket);
        write(INPUT_AT + (index + 1) * CONTEXT_BYTES, second << Integer.SIZE, ringAt(index));
    }

    // ---- events ---------------------------------------------------------------------------------

    /** Takes the next event, if there is one. */
    boolean takeEvent() {
        long at = page.physicalAddress() + EVENTS_AT + (long) nextEvent * BLOCK;
        long read = port.read64(at + 8);
        if (CYCLE.isSet(read >>> Integer.SIZE) != eventCycle) {
            return false;
        }
        parameter = port.read64(at);
        fields = read;
        nextEvent = (nextEvent + 1) % EVENTS;
        eventCycle ^= nextEvent == 0;
        return true;
    }

    /** Returns the physical address of the second half of the next event. */
    long nextEventAt() {
        return page.physicalAddress() + EVENTS_AT + (long) nextEvent * BLOCK + 8;
    }

    boolean eventCycle() {
        return eventCycle;
    }

    /** Returns where the controller is to be told that events are taken up to. */
    long taken() {
        return at(EVENTS_AT + nextEvent * BLOCK);
    }

    long parameter() {
        return parameter;
    }

    int code() {
        return (int) TrbLayout.CODE.of(fields & 0xffff_ffffL);
    }

    int type() {
        return (int) TYPE.of(fields >>> Integer.SIZE);
    }

    int endpoint() {
        return (int) TrbLayout.ENDPOINT.of(fields >>> Integer.SIZE);
    }

    int slot() {
        return (int) TrbLayout.SLOT.of(fields >>> Integer.SIZE);
    }
}
