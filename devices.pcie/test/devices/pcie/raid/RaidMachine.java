// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Device;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.Workload;
import iommu.api.sim.EventQueue;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.FakeDeviceContext.Committed;
import iommu.testkit.FakeDriverPort;
import iommu.testkit.FakeFunction;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.Request;
import iommu.testkit.RootPort;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One controller in a machine of 16 MiB without a remapping unit, and a little driver that knows
 * the formats by itself: numbers from the specification, nothing of the model's layouts.
 */
final class RaidMachine {

    static final long MILLI = 1_000_000;
    static final long SECOND = 1_000 * MILLI;
    static final long VOLUME = 0x4000_0000L;
    static final long CONTROLLER = 0;
    static final int OUT = 1;
    static final int IN = 2;
    static final int EMPTY = -1;
    private static final long MEMORY_BYTES = 16 << 20;
    private static final int RAID = 0x010400;

    final EventQueue clock = new EventQueue();
    final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, MEMORY_BYTES)));
    final RecordingUpstream root = new RecordingUpstream(memory);
    final FakeFunction function = new FakeFunction(0x200, RAID);
    final FakeDeviceContext context;
    final List<Committed> committed;
    final Device device;
    final FakeDriverPort port;

    /** A controller whose pin is INTA. */
    RaidMachine(Map<String, Long> options) {
        this(options, 1);
    }

    RaidMachine(Map<String, Long> options, int pin) {
        function.writeConfig(0x3d, 1, pin);
        context = new FakeDeviceContext(function, new RootPort(root, 0x200), clock, options);
        committed = context.committed();
        device = new SmartArray().device(context);
        function.device(device);
        port = new FakeDriverPort(function, memory, clock, 0x80_0000, MEMORY_BYTES);
    }

    static RaidMachine with(Object... namesAndValues) {
        Map<String, Long> options = new HashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            options.put((String) namesAndValues[i], ((Number) namesAndValues[i + 1]).longValue());
        }
        return new RaidMachine(options);
    }

    // ---- registers ------------------------------------------------------------------------------

    int read(int offset) {
        return (int) function.readRegister(0, offset, 4);
    }

    void write(int offset, long value) {
        function.writeRegister(0, offset, 4, value);
    }

    int scratchpad() {
        return read(0xb0);
    }

    void tellOfReplies() {
        write(0x34, 0);
    }

    void busMaster(boolean on) {
        function.writeConfig(4, 2, on ? 6 : 2);
    }

    // ---- command lists --------------------------------------------------------------------------

    /** Lays a command list into memory; pairs of address and length make its entries. */
    void list(long at, int tag, long lun, int typeAndDirection, byte[] cdb, long... entries) {
        ByteBuffer list = ByteBuffer.allocate(52 + entries.length * 8)
                .order(ByteOrder.LITTLE_ENDIAN);
        list.put(1, (byte) (entries.length / 2)).putShort(2, (short) (entries.length / 2));
        list.putLong(4, tag & 0xffff_ffffL).putLong(12, lun);
        list.put(20, (byte) cdb.length).put(21, (byte) typeAndDirection);
        for (int i = 0; i < cdb.length; i++) {
            list.put(24 + i, cdb[i]);
        }
        list.putLong(40, errorAt(at)).putInt(48, 48);
        for (int i = 0; i < entries.length; i += 2) {
            list.putLong(52 + i * 8, entries[i]).putInt(60 + i * 8, (int) entries[i + 1]);
        }
        memory.write(at, list.array(), 0, list.capacity());
    }

    /** Where error information of a command list goes: 1 MiB further up. */
    static long errorAt(long list) {
        return list + 0x10_0000;
    }

    void post(long list) {
        write(0x40, list);
    }

    /** A command with SIMPLE attribute. */
    static int command(int direction) {
        return direction << 6 | 4 << 3;
    }

    /** A message with HEAD OF QUEUE attribute. */
    static int message() {
        return 5 << 3 | 1;
    }

    static byte[] block16(int operation, long sector, int sectors) {
        return ByteBuffer.allocate(16).put((byte) operation).put((byte) 0).putLong(sector)
                .putInt(sectors).array();
    }

    static byte[] cdb(int... bytes) {
        byte[] cdb = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            cdb[i] = (byte) bytes[i];
        }
        return cdb;
    }

    /** Posts a WRITE(16) of one entry. */
    void postWrite(long list, int tag, long sector, int sectors, long buffer) {
        list(list, tag, VOLUME, command(OUT), block16(0x8a, sector, sectors), buffer,
                sectors * 512L);
        post(list);
    }

    /** Posts a READ(16) of one entry. */
    void postRead(long list, int tag, long sector, int sectors, long buffer) {
        list(list, tag, VOLUME, command(IN), block16(0x88, sector, sectors), buffer,
                sectors * 512L);
        post(list);
    }

    int reply() {
        return read(0x44);
    }

    /** Posts a command list at 1000h and returns the reply to it. */
    int execute(long lun, int typeAndDirection, byte[] cdb, long... entries) {
        list(0x1000, 0x50, lun, typeAndDirection, cdb, entries);
        post(0x1000);
        clock.advance(SECOND);
        return reply();
    }

    /** Returns the status in the error information of the command list at 1000h. */
    int status() {
        return (int) (memory.read64(errorAt(0x1000)) >>> 16 & 0xffff);
    }

    // ---- memory ---------------------------------------------------------------------------------

    void fill(long address, int bytes) {
        for (long at = address; at < address + bytes; at += 8) {
            memory.write64(at, at * 0x9e37_79b9_7f4a_7c15L);
        }
    }

    byte[] bytes(long address, int bytes) {
        byte[] there = new byte[bytes];
        memory.read(address, there, 0, bytes);
        return there;
    }

    List<Request> touching(long address, long bytes) {
        return root.requests().stream().filter(r -> r.address() >= address
                && r.address() < address + bytes).toList();
    }

    // ---- workload -------------------------------------------------------------------------------

    static List<DmaBuffer> pages(long first, int count) {
        List<DmaBuffer> pages = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            pages.add(new DmaBuffer(first + i * 0x1000L, first + i * 0x1000L, 4096));
        }
        return pages;
    }

    static Workload workload(int rings, int readsPerMille) {
        return new Workload(1000, false, readsPerMille, 600, pages(0x10000, rings), List.of(),
                pages(0x20000, 8), List.of(), null);
    }
}
