// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.PciFunction;
import iommu.api.sim.EventQueue;

/** What one kernel offers to the driver of one function. One thread. */
final class EngineDriverPort implements DriverPort {

    private final Kernel kernel;
    private final Hardware hardware;
    private final PhysicalMemory memory;
    private final PciFunction function;

    EngineDriverPort(Kernel kernel, Hardware hardware, PciFunction function) {
        this.kernel = kernel;
        this.hardware = hardware;
        this.memory = hardware.memory();
        this.function = function;
    }

    @Override
    public PciFunction function() {
        return function;
    }

    @Override
    public long read64(long physicalAddress) {
        return kernel.read64(physicalAddress);
    }

    @Override
    public void write64(long physicalAddress, long value) {
        kernel.write64(physicalAddress, value);
    }

    @Override
    public void write(long physicalAddress, byte[] from, int offset, int bytes) {
        kernel.spend(kernel.costs().memoryAccess() * (bytes / 64 + 1));
        kernel.write(() -> memory.write(physicalAddress, from, offset, bytes));
    }

    @Override
    public long allocatePage() {
        return kernel.allocatePages(1);
    }

    @Override
    public void freePage(long physicalAddress) {
        kernel.pool().free(physicalAddress, 1);
    }

    @Override
    public DmaBuffer map(long physicalAddress, int bytes, int access) {
        return kernel.map(function, physicalAddress, bytes, access);
    }

    @Override
    public void unmap(DmaBuffer buffer) {
        kernel.unmap(function, buffer);
    }

    @Override
    public void sleep(long nanos) {
        kernel.spend(nanos);
    }

    @Override
    public boolean waitForMemory(long physicalAddress, long mask, long value, long timeoutNanos) {
        EventQueue queue = hardware.queue();
        long limit = queue.nanos() + timeoutNanos;
        while ((memory.read64(physicalAddress) & mask) != value) {
            if (queue.inEvent() || !queue.step(limit)) {
                return (memory.read64(physicalAddress) & mask) == value;
            }
        }
        return true;
    }
}
