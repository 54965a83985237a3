// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ringdma;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DmaPort;
import iommu.api.sim.EventQueue;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.FakeDeviceContext.Committed;
import iommu.testkit.FakeDriverPort;
import iommu.testkit.FakeFunction;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.RootPort;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** One function, 16 MiB of memory, no remapping unit: bus addresses are physical addresses. */
final class LittleMachine {

    private static final long MEMORY_BYTES = 16 << 20;

    final EventQueue queue = new EventQueue();
    final PhysicalMemory memory =
            new PhysicalMemory(List.of(new AddressRange(0, MEMORY_BYTES)), 5);
    final RecordingUpstream root = new RecordingUpstream(memory);
    final DmaPort dma = new RootPort(root, 0x100);
    final List<Committed> committed;
    private final FakeFunction function;
    final FakeDriverPort port;
    final Device device;
    final FakeDeviceContext context;

    LittleMachine(int classCode) {
        function = new FakeFunction(0x100, classCode);
        context = new FakeDeviceContext(function, dma, queue, Map.of());
        committed = context.committed();
        device = new RingDma().device(context);
        function.device(device);
        port = new FakeDriverPort(function, memory, queue, 0x101000, MEMORY_BYTES);
    }

    DeviceDriver driver() {
        return new RingDma().driver(port);
    }

    /** Returns how many buffers are mapped. */
    int mapped() {
        return port.mapped().size();
    }

    int requests() {
        return root.requests().size();
    }

    void fill(long address, int bytes) {
        for (long at = address; at < address + bytes; at += 8) {
            memory.write64(at, at * 0x9e3779b97f4a7c15L);
        }
    }

    /** Returns whether a page between the two addresses begins with these bytes. */
    boolean holds(long from, int length, byte[] bytes) {
        byte[] there = new byte[bytes.length];
        for (long page = from; page < from + length; page += 4096) {
            memory.read(page, there, 0, there.length);
            if (Arrays.equals(there, bytes)) {
                return true;
            }
        }
        return false;
    }
}
