// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.sim.EventQueue;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.FakeDriverPort;
import iommu.testkit.FakeFunction;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.RootPort;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A controller, 16 MiB of memory, and a little host that knows the format by itself. */
final class XhciMachine {

    static final int CAP_LENGTH = 0x40;
    static final int USBCMD = CAP_LENGTH;
    static final int USBSTS = CAP_LENGTH + 4;
    static final int CRCR = CAP_LENGTH + 0x18;
    static final int PORTSC = CAP_LENGTH + 0x400;
    static final int RUNTIME = 0x1000;
    static final int IMAN = RUNTIME + 0x20;
    static final int ERDP = RUNTIME + 0x38;
    static final int DOORBELLS = 0x1800;
    static final long DCBAA = 0x10000;
    static final long TABLE = 0x10800;
    static final long EVENTS = 0x11000;
    static final long COMMANDS = 0x12000;
    static final long OUTPUT = 0x13000;
    static final long INPUT = 0x14000;
    /** Of the ring of an endpoint, by its place in the contexts. */
    static final long RINGS = 0x20000;
    static final long DATA = 0x40000;
    static final int EVENT_BLOCKS = 64;
    private static final long MEMORY_BYTES = 16 << 20;

    /** What the controller wrote into the event ring. */
    record Event(int type, int code, int residue, int slot, int endpoint, long parameter) { }

    final EventQueue queue = new EventQueue();
    final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, MEMORY_BYTES)));
    final RecordingUpstream root = new RecordingUpstream(memory);
    final FakeFunction function = new FakeFunction(0x100, 0x0c0330);
    final FakeDeviceContext context;
    final HostController device;
    final FakeDriverPort port;
    private final int[] enqueue = new int[32];
    private int nextEvent;
    private int eventCycle = 1;

    XhciMachine(Map<String, Long> options) {
        function.set(0x3d, 1, 1);
        context = new FakeDeviceContext(function, new RootPort(root, 0x100), queue, options);
        device = (HostController) new XhciModel().device(context);
        function.device(device);
        port = new FakeDriverPort(function, memory, queue, 0x10_1000, MEMORY_BYTES);
    }

    long read(int offset) {
        return function.readRegister(0, offset, 4);
    }

    void write(int offset, long value) {
        function.writeRegister(0, offset, 4, value);
    }

    void settle() {
        while (queue.pending() > 0) {
            queue.step(Long.MAX_VALUE);
        }
    }

    void write64(int offset, long value) {
        write(offset, value & 0xffff_ffffL);
        write(offset + 4, value >>> 32);
    }

    /** Resets the controller and starts it with rings of its own. */
    XhciMachine start() {
        write(USBCMD, 2);
        settle();
        memory.write64(TABLE, EVENTS);
        memory.write64(TABLE + 8, EVENT_BLOCKS);
        for (long at = EVENTS; at < EVENTS + 16 * EVENT_BLOCKS; at += 8) {
            memory.write64(at, 0);
        }
        nextEvent = 0;
        eventCycle = 1;
        java.util.Arrays.fill(enqueue, 0);
        write(CAP_LENGTH + 0x38, 8);
        write64(CAP_LENGTH + 0x30, DCBAA);
        write64(CRCR, COMMANDS | 1);
        write(RUNTIME + 0x28, 1);
        write64(ERDP, EVENTS);
        write64(RUNTIME + 0x30, TABLE);
        write(IMAN, 2);
        write(USBCMD, 5);
        settle();
        return this;
    }

    /** Puts a block into the ring of an endpoint, or with 0 of commands. */
    void put(int ring, long parameter, long status, long control) {
        long at = (ring == 0 ? COMMANDS : RINGS + 0x1000 * ring) + 16 * enqueue[ring]++;
        memory.write64(at, parameter);
        memory.write64(at + 8, status | (control | 1) << 32);
    }

    void ring(int slot, int target) {
        write(DOORBELLS + 4 * slot, target);
        settle();
    }

    /** Has a command done, and returns the event that tells of it. */
    Event command(int type, int slot, long parameter) {
        put(0, parameter, 0, type << 10 | (long) slot << 24);
        ring(0, 0);
        List<Event> events = events();
        return events.isEmpty() ? null : events.get(events.size() - 1);
    }

    /** Takes all events, and says so. */
    List<Event> events() {
        var all = new ArrayList<Event>();
        for (;;) {
            byte[] block = new byte[16];
            memory.read(EVENTS + 16 * nextEvent, block, 0, 16);
            ByteBuffer b = ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN);
            int control = b.getInt(12);
            if ((control & 1) != eventCycle) {
                write64(ERDP, EVENTS + 16 * nextEvent | 8);
                return all;
            }
            all.add(new Event(control >>> 10 & 0x3f, b.getInt(8) >>> 24, b.getInt(8) & 0xff_ffff,
                    control >>> 24, control >>> 16 & 0x1f, b.getLong(0)));
            nextEvent = (nextEvent + 1) % EVENT_BLOCKS;
            eventCycle ^= nextEvent == 0 ? 1 : 0;
        }
    }

    /** Enables and addresses the device at port 1. */
    XhciMachine addressed() {
        start();
        events();
        memory.write64(DCBAA + 8, OUTPUT);
        command(9, 0, 0);
        input(0, 3);
        memory.write64(INPUT + 32, 0x0840_0000L | 1L << 48);
        endpoint(1, 4, 512);
        command(11, 1, INPUT);
        return this;
    }

    /** Configures disk and keyboard as well. */
    XhciMachine configured() {
        addressed();
        input(0, 1 | 1 << 3 | 1 << 4 | 1 << 7);
        endpoint(3, 6, 1024);
        endpoint(4, 2, 1024);
        endpoint(7, 7, 8);
        command(12, 1, INPUT);
        return this;
    }

    void input(int drop, int add) {
        memory.write64(INPUT, drop | (long) add << 32);
    }

    void endpoint(int index, int type, int packet) {
        long at = INPUT + 32 * (index + 1);
        memory.write64(at, (3L << 1 | (long) type << 3 | (long) packet << 16) << 32);
        memory.write64(at + 8, RINGS + 0x1000 * index | 1);
    }

    /** Returns the state of the slot, and of an endpoint, as the output context says. */
    int slotState() {
        return (int) (memory.read64(OUTPUT + 8) >>> 59);
    }

    int endpointState(int index) {
        return (int) memory.read64(OUTPUT + 32 * index) & 7;
    }
}
