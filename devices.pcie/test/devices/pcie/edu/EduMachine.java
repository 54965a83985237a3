// SPDX-License-Identifier: Apache-2.0
package devices.pcie.edu;

import devices.pcie.fabric.PcieFabricFactory;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Device;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.api.sim.EventQueue;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.RecordingUpstream;
import java.util.List;
import java.util.Map;

/** One edu device behind a fabric, 64 KiB of cleared memory, and a record of its requests. */
final class EduMachine {

    static final int REQUESTER = 0x28;
    static final int MSI = 0x40;

    final PhysicalMemory memory = PhysicalMemory.zeroed(List.of(new AddressRange(0, 0x10000)));
    final RecordingUpstream root = new RecordingUpstream(memory);
    final EventQueue clock = new EventQueue();
    final PciFunction function;
    Device device;
    FakeDeviceContext context;

    EduMachine(Map<String, Long> options) {
        byte[] config = new byte[256];
        config[0x06] = 0x10;
        config[0x34] = MSI;
        config[0x3d] = 1;
        config[MSI] = 0x05;
        config[MSI + 2] = (byte) 0x80;
        function = new PcieFabricFactory().build(List.of(new FunctionConfig(REQUESTER, config)),
                root, (f, dma) -> {
                    context = new FakeDeviceContext(f, dma, clock, options);
                    device = new EduModel().device(context);
                    return device;
                }).function(REQUESTER);
        function.writeConfig(4, 2, 6);
    }

    /** Starts a transfer and lets it end. */
    void transfer(long from, long to, long count, long command) {
        function.writeRegister(0, 0x80, 8, from);
        function.writeRegister(0, 0x88, 8, to);
        function.writeRegister(0, 0x90, 8, count);
        function.writeRegister(0, 0x98, 8, command);
        clock.advance(100_000_000);
    }

    /** Returns whether a transfer is started and not done. */
    boolean runs() {
        return (function.readRegister(0, 0x98, 4) & 1) != 0;
    }

    byte[] bytes(long address, int count) {
        byte[] there = new byte[count];
        memory.read(address, there, 0, count);
        return there;
    }
}
