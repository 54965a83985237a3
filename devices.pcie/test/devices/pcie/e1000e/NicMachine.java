// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import iommu.api.bits.Register;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Device;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.Workload;
import iommu.api.sim.EventQueue;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.FakeDriverPort;
import iommu.testkit.FakeFunction;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.Request;
import iommu.testkit.RootPort;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** One controller, 16 MiB of memory, no remapping unit: bus addresses are physical addresses. */
final class NicMachine {

    static final int EXPRESS = 0x10d3;
    static final int CONVENTIONAL = 0x100e;
    static final long MILLI = 1_000_000;
    static final long MEMORY_BYTES = 16 << 20;
    static final long RX_RING = 0x10000;
    static final long TX_RING = 0x11000;
    static final long BUFFERS = 0x40000;
    private static final long PAGES = 0x101000;
    private static final long FRAME = 0x300000;
    private static final int LOOPED = 16;
    private static final int MSI_X = 0xa0;
    private static final int MSI_X_BAR = 3;

    final EventQueue queue = new EventQueue();
    final PhysicalMemory memory =
            new PhysicalMemory(List.of(new AddressRange(0, MEMORY_BYTES)), 5);
    final RecordingUpstream root = new RecordingUpstream(memory);
    final FakeFunction function = new FakeFunction(0x100, 0x020000);
    final FakeDeviceContext context;
    final FakeDriverPort port;
    final Device device;
    private int looped;

    NicMachine(int deviceId) {
        this(deviceId, Map.of());
    }

    NicMachine(int deviceId, Map<String, Long> options) {
        function.writeConfig(0, 2, 0x8086);
        function.writeConfig(2, 2, deviceId);
        if (deviceId == EXPRESS) {
            function.writeConfig(0x06, 2, 0x10);
            function.writeConfig(0x34, 1, MSI_X);
            function.writeConfig(MSI_X, 4, 4 << 16 | 0x11);
            function.writeConfig(MSI_X + 4, 4, MSI_X_BAR);
            function.writeConfig(MSI_X + 8, 4, 0x2000 | MSI_X_BAR);
        }
        context = new FakeDeviceContext(function, new RootPort(root, 0x100), queue, options);
        device = new E1000eModel().device(context);
        function.device(device);
        port = new FakeDriverPort(function, memory, queue, PAGES, MEMORY_BYTES);
    }

    NicDriver driver() {
        return (NicDriver) new E1000eModel().driver(port);
    }

    static Workload workload(int ringPages) {
        return new Workload(1000, true, 500, 600, pages(RX_RING, ringPages), pages(0x30000, 2),
                List.of(), pages(BUFFERS, 64), null);
    }

    private static List<DmaBuffer> pages(long from, int count) {
        List<DmaBuffer> pages = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            pages.add(new DmaBuffer(from + i * 4096L, from + i * 4096L, 4096));
        }
        return pages;
    }

    long read(Register register) {
        return function.readRegister(0, register.offset(), 4);
    }

    void write(Register register, long value) {
        function.writeRegister(0, register.offset(), 4, value);
    }

    void run(long nanos) {
        queue.advance(nanos);
    }

    /** Lays a ring of receive descriptors, each with a buffer of 2 KiB, and enables receiving. */
    void receive(int descriptors, long control) {
        for (int i = 0; i < descriptors; i++) {
            memory.write64(RX_RING + 16L * i, BUFFERS + 2048L * i);
            memory.write64(RX_RING + 16L * i + 8, 0);
        }
        write(NicLayout.RDBAL, RX_RING);
        write(NicLayout.RDLEN, 16L * descriptors);
        write(NicLayout.RCTL, NicLayout.RCTL_EN.mask() | NicLayout.RCTL_BAM.mask()
                | NicLayout.RCTL_SECRC.mask() | control);
        write(NicLayout.RDT, descriptors - 1L);
    }

    /** Enables transmitting from an empty ring. */
    void transmit(int descriptors) {
        write(NicLayout.TDBAL, TX_RING);
        write(NicLayout.TDLEN, 16L * descriptors);
        write(NicLayout.TCTL, NicLayout.TCTL_EN.mask());
    }

    /** Puts a transmit descriptor at a place of the ring, without moving the tail. */
    void descriptor(int index, long low, long high) {
        memory.write64(TX_RING + 16L * index, low);
        memory.write64(TX_RING + 16L * index + 8, high);
    }

    byte[] bytes(long address, int count) {
        byte[] bytes = new byte[count];
        memory.read(address, bytes, 0, count);
        return bytes;
    }

    /** Returns a frame to an address, whose other bytes differ. */
    static byte[] to(long address, int count) {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = (byte) (i < 6 ? address >>> 8 * (5 - i) : i * 29 + count);
        }
        return bytes;
    }

    /** Has the PHY loop back what is sent, and lays both rings. */
    void loop(int descriptors, long control) {
        write(NicLayout.MDIC, 1 << 26 | 1 << 21 | 0x4140);
        receive(descriptors, control);
        transmit(LOOPED);
    }

    /** Sends one frame over the loop and waits until it has arrived. */
    void arrive(byte[] frame) {
        memory.write(FRAME, frame, 0, frame.length);
        descriptor(looped % LOOPED, FRAME, 1 << 24 | frame.length);
        looped++;
        write(NicLayout.TDT, looped % LOOPED);
        run(MILLI);
    }

    /** Fills memory with bytes that differ, the first six to everybody. */
    byte[] frame(long address, int count) {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = (byte) (i < 6 ? -1 : i * 37 + count);
        }
        memory.write(address, bytes, 0, count);
        return bytes;
    }

    /** Returns how many requests of a kind went to a range of addresses. */
    long requests(Request.Kind kind, long from, long end) {
        return root.requests().stream().filter(r -> r.kind() == kind && r.address() >= from
                && r.address() < end).count();
    }
}
