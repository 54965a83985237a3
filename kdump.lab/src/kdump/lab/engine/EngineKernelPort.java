// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.api.unit.KernelPort;
import iommu.api.unit.RemappingUnit;
import java.util.List;

/** The way of one kernel to one unit and to memory. One thread. */
final class EngineKernelPort implements KernelPort {

    private final Kernel kernel;
    private final Hardware hardware;
    private final RemappingUnit unit;
    private final PhysicalMemory memory;
    private final int index;
    private final String name;
    private boolean flushes;

    EngineKernelPort(Kernel kernel, Hardware hardware, int unit) {
        this.kernel = kernel;
        this.hardware = hardware;
        this.unit = hardware.units().get(unit);
        this.memory = hardware.memory();
        this.index = unit;
        this.name = "unit " + unit;
    }

    @Override
    public long readRegister(int offset, int bytes) {
        kernel.accessRegister();
        return unit.readRegister(offset, bytes);
    }

    @Override
    public void writeRegister(int offset, int bytes, long value) {
        kernel.accessRegister();
        if (kernel.timeline().kept()) {
            kernel.timeline().add("register",
                    String.format("%s write%d 0x%03x = 0x%x", name, 8 * bytes, offset, value));
        }
        kernel.write(() -> unit.writeRegister(offset, bytes, value));
    }

    @Override
    public boolean waitRegister(int offset, int bytes, long mask, long value, long timeoutNanos) {
        long limit = nanos() + timeoutNanos;
        kernel.accessRegister();
        while ((unit.readRegister(offset, bytes) & mask) != value) {
            if (hardware.queue().inEvent() || nanos() >= limit) {
                return false;
            }
            kernel.accessRegister();
        }
        return true;
    }

    @Override
    public boolean isMemory(long physicalAddress, long bytes) {
        return memory.contains(physicalAddress, bytes);
    }

    @Override
    public long read64(long physicalAddress) {
        return kernel.read64(physicalAddress);
    }

    @Override
    public void write64(long physicalAddress, long value) {
        kernel.spend(kernel.costs().memoryAccess());
        written(physicalAddress, Long.BYTES, () -> memory.write64(physicalAddress, value));
    }

    @Override
    public void flushWrites(boolean on) {
        flushes = on;
    }

    /** Writes into the processor's caches, and perhaps through them. */
    private void written(long physicalAddress, int bytes, Runnable write) {
        memory.byProcessor(true);
        kernel.write(write);
        memory.byProcessor(false);
        if (flushes) {
            memory.flush(physicalAddress, bytes);
        }
    }

    @Override
    public void copy(long from, long to, int bytes) {
        kernel.spend(kernel.costs().memoryAccess() * (bytes / 64 + 1));
        byte[] copied = new byte[bytes];
        memory.read(from, copied, 0, bytes);
        written(to, bytes, () -> memory.write(to, copied, 0, bytes));
    }

    @Override
    public long allocatePages(int count) {
        long pages = kernel.allocatePages(count);
        // cleared once more, into the caches: no time passes
        byte[] zeros = new byte[count * PhysicalMemory.PAGE_BYTES];
        written(pages, zeros.length, () -> memory.write(pages, zeros, 0, zeros.length));
        return pages;
    }

    @Override
    public void freePages(long physicalAddress, int count) {
        kernel.pool().free(physicalAddress, count);
    }

    @Override
    public List<Integer> sourceIds(int requester) {
        PciFunction function = hardware.fabric().function(requester);
        return function == null || function.alias() == requester ? List.of(requester)
                : List.of(requester, function.alias());
    }

    @Override
    public List<Integer> functions() {
        return hardware.fabric().functions().stream()
                .filter(f -> hardware.description().unitOf(f.alias()) == index)
                .map(PciFunction::requesterId).sorted().toList();
    }

    @Override
    public List<Range> reservedRanges(int requester) {
        return hardware.description().reservedFor(requester).stream()
                .map(r -> new Range(r.start(), r.bytes())).toList();
    }

    @Override
    public int extendedCapability(int requester, int id) {
        FunctionConfig function = hardware.config(requester);
        return function == null ? 0 : ExtendedCapabilities.find(function, id);
    }

    @Override
    public boolean allowsAts(int requester) {
        return hardware.description().atsFunctions().contains(requester);
    }

    @Override
    public int readConfig(int requester, int offset, int bytes) {
        kernel.spend(kernel.costs().registerAccess());
        PciFunction function = hardware.fabric().function(requester);
        return function == null ? -1 >>> 32 - 8 * bytes : function.readConfig(offset, bytes);
    }

    @Override
    public void writeConfig(int requester, int offset, int bytes, int value) {
        kernel.spend(kernel.costs().registerAccess());
        if (kernel.timeline().kept()) {
            kernel.timeline().add("config", String.format("%s write%d 0x%03x = 0x%x",
                    RequesterId.format(requester), 8 * bytes, offset, value));
        }
        PciFunction function = hardware.fabric().function(requester);
        if (function != null) {
            function.writeConfig(offset, bytes, value);
        }
    }

    @Override
    public void pause(long nanos) {
        kernel.spend(nanos);
    }

    @Override
    public void print(String line) {
        kernel.print(line);
    }

    @Override
    public long nanos() {
        return hardware.queue().nanos();
    }
}
