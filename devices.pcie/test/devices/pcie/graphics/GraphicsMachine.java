// SPDX-License-Identifier: Apache-2.0
package devices.pcie.graphics;

import static devices.pcie.graphics.GraphicsLayout.OPCODE;

import iommu.api.bits.Register;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.sim.EventQueue;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.FakeFunction;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.Request;
import iommu.testkit.RootPort;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A controller before 32 MiB of memory, whose ring a test fills by itself. */
final class GraphicsMachine {

    static final int PAGE = 4096;
    static final long MILLI = 1_000_000;
    /** 1 MiB for the table, then 8 MiB for surfaces. */
    static final AddressRange STOLEN = new AddressRange(0x100_0000, 0x190_0000);
    static final long SURFACES = 0x110_0000;
    static final long SURFACE_PAGES = 0x800;
    /** Where the ring lies, four pages, and at which graphics address. */
    static final long RING = 0x40_0000;
    static final long RING_GRAPHICS = 0x1000L * PAGE;

    final EventQueue clock = new EventQueue();
    final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, 0x200_0000)));
    final RecordingUpstream root = new RecordingUpstream(memory);
    final FakeFunction function = new FakeFunction(0x10, 0x030000);
    final Device device;

    /** Makes one with its display on or off. */
    GraphicsMachine(boolean display) {
        this(options(Map.of("displayOn", display ? 1L : 0L)));
    }

    /** Makes one of which all of this is asked. */
    GraphicsMachine(Map<String, Long> options) {
        device = new GraphicsModel().device(
                new FakeDeviceContext(function, new RootPort(root, 0x10), clock, options));
        function.device(device);
        function.writeConfig(4, 2, 6);
    }

    /** Returns what is asked of one with its stolen memory, and more. */
    static Map<String, Long> options(Map<String, Long> more) {
        var options = new HashMap<String, Long>(Map.of(
                DeviceContext.RESERVED_START, STOLEN.start(),
                DeviceContext.RESERVED_BYTES, STOLEN.bytes()));
        options.putAll(more);
        return options;
    }

    long read(Register register) {
        return function.readRegister(0, GraphicsLayout.offset(register), 4);
    }

    void write(Register register, long value) {
        function.writeRegister(0, GraphicsLayout.offset(register), 4, value);
    }

    long entry(long index) {
        return function.readRegister(0, GraphicsLayout.TABLE_AT + index * 8, 8);
    }

    void entry(long index, long value) {
        function.writeRegister(0, GraphicsLayout.TABLE_AT + index * 8, 8, value);
    }

    /** Enables an empty ring of some pages. */
    void ring(int pages) {
        for (int i = 0; i < pages; i++) {
            entry(RING_GRAPHICS / PAGE + i, RING + (long) i * PAGE | 1);
        }
        write(GraphicsLayout.RING_START, RING_GRAPHICS);
        write(GraphicsLayout.RING_CTL, (long) pages - 1 << 12 | 1);
    }

    /** Puts dwords into a ring of so many bytes; returns where they end. */
    long put(long at, long ringBytes, long... dwords) {
        long end = at;
        for (long dword : dwords) {
            memory.write32(RING + end, (int) dword);
            end = (end + 4) % ringBytes;
        }
        return end;
    }

    /** Has the engine go on to there, and gives it a second. */
    void go(long tail) {
        write(GraphicsLayout.RING_TAIL, tail);
        clock.advance(1_000 * MILLI);
    }

    boolean isDone() {
        return read(GraphicsLayout.RING_HEAD) == read(GraphicsLayout.RING_TAIL);
    }

    /** Returns what arrives meanwhile. */
    List<Request> during(long nanos) {
        root.clear();
        clock.advance(nanos);
        return List.copyOf(root.requests());
    }

    /** Returns XY_SRC_COPY_BLT of one line. */
    static long[] copy(long from, long to, int bytes) {
        return new long[] {OPCODE.with(0, GraphicsLayout.XY_SRC_COPY_BLT) | 8, 0x03cc_0000L, 0,
            1 << 16 | bytes / 4, to, 0, 0, 0, from, 0};
    }

    /** Returns MI_FLUSH_DW that writes a quadword. */
    static long[] flush(long to, long value) {
        return new long[] {OPCODE.with(0, GraphicsLayout.MI_FLUSH_DW) | 1 << 14 | 3, to, 0,
            value & 0xffff_ffffL, value >>> 32};
    }
}
