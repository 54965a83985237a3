// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Medium;
import iommu.api.pcie.PciFunction;
import iommu.api.profile.KernelProfile;
import iommu.api.sim.EventQueue;
import iommu.api.trace.EventKind;
import kdump.lab.engine.machine.Machine;

/** What one kernel offers to the driver of one function. One thread. */
public final class EngineDriverPort implements DriverPort {

    private final Kernel kernel;
    private final Machine machine;
    private final PhysicalMemory memory;
    private final PciFunction function;
    /** Null unless the driver is a guest's. */
    private final GuestMemory guest;

    /** Makes it. */
    public EngineDriverPort(Kernel kernel, Machine machine, PciFunction function) {
        this(kernel, machine, function, null);
    }

    /**
     * Makes it for the driver of a guest.
     *
     * @param guest null if the driver is the kernel's own
     */
    public EngineDriverPort(Kernel kernel, Machine machine, PciFunction function,
            GuestMemory guest) {
        this.guest = guest;
        this.kernel = kernel;
        this.machine = machine;
        this.memory = machine.memory();
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
        kernel.write(physicalAddress, from, offset, bytes);
    }

    @Override
    public void read(long physicalAddress, byte[] to, int offset, int bytes) {
        kernel.spend(kernel.costs().memoryAccess() * (bytes / 64 + 1));
        memory.read(physicalAddress, to, offset, bytes);
    }

    @Override
    public long allocatePages(int count) {
        return kernel.allocatePages(function, count);
    }

    @Override
    public int enableInterrupts(int wanted) {
        return kernel.interrupts().enable(function, wanted);
    }

    @Override
    public long nanos() {
        return machine.queue().nanos();
    }

    @Override
    public boolean waitForInterrupt(int vector, long timeoutNanos) {
        return kernel.interrupts().await(function, vector, timeoutNanos);
    }

    @Override
    public long allocatePage() {
        return guest != null ? guest.allocate() : kernel.allocatePages(function, 1);
    }

    @Override
    public void freePage(long physicalAddress) {
        if (guest != null) {
            guest.free(physicalAddress);
        } else {
            kernel.pages().free(physicalAddress, 1);
        }
    }

    @Override
    public DmaBuffer map(long physicalAddress, int bytes, int access) {
        return guest != null ? guest.at(physicalAddress, bytes)
                : kernel.map(function, physicalAddress, bytes, access);
    }

    @Override
    public void unmap(DmaBuffer buffer) {
        if (guest == null) {
            kernel.unmap(function, buffer);
        }
    }

    @Override
    public void posted(long number, Medium medium) {
        kernel.trace().append(EventKind.POSTED, function.requesterId(), number, medium.ordinal());
    }

    @Override
    public long option(String name, long otherwise) {
        return machine.slot(function.requesterId()).option(name, otherwise);
    }

    @Override
    public boolean resetsDevices() {
        return kernel.profile().setting(KernelProfile.RESET_DEVICES, 1) != 0;
    }

    @Override
    public boolean isFrom(int major, int minor) {
        return kernel.profile().version().atLeast(major, minor);
    }

    @Override
    public void sleep(long nanos) {
        kernel.spend(nanos);
    }

    @Override
    public boolean waitForMemory(long physicalAddress, long mask, long value, long timeoutNanos) {
        EventQueue queue = machine.queue();
        long limit = queue.nanos() + timeoutNanos;
        while ((memory.read64(physicalAddress) & mask) != value) {
            if (queue.inEvent() || !queue.step(limit)) {
                return (memory.read64(physicalAddress) & mask) == value;
            }
        }
        return true;
    }
}
