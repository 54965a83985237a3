// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Capabilities;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.api.trace.ConsoleLine;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.unit.KernelPanicException;
import iommu.api.unit.KernelPort;
import iommu.api.unit.RemappingUnit;
import java.util.List;
import kdump.lab.engine.machine.Machine;

/** The way of one kernel to one unit and to memory. One thread. */
public final class EngineKernelPort implements KernelPort {

    private static final byte[] ZEROS = new byte[PhysicalMemory.PAGE_BYTES];

    private final Kernel kernel;
    private final Machine machine;
    private final RemappingUnit unit;
    private final PhysicalMemory memory;
    private final int index;
    private final int segment;
    private final Trace trace;
    private final byte[] copied = new byte[PhysicalMemory.PAGE_BYTES];
    private boolean flushes;

    /** Makes it for the unit of an index. */
    public EngineKernelPort(Kernel kernel, Machine machine, int unit) {
        this.kernel = kernel;
        this.machine = machine;
        this.unit = machine.units().get(unit);
        this.memory = machine.memory();
        this.index = unit;
        this.segment = machine.description().units().get(unit).segment();
        this.trace = machine.trace();
    }

    /** Makes it for no unit. */
    EngineKernelPort(Kernel kernel, Machine machine) {
        this.kernel = kernel;
        this.machine = machine;
        this.unit = null;
        this.memory = machine.memory();
        this.index = -1;
        this.segment = 0;
        this.trace = machine.trace();
    }

    @Override
    public int unitNumber() {
        String vendor = machine.vendor(index).name();
        int number = 0;
        for (int i = 0; i < index; i++) {
            number += machine.vendor(i).name().equals(vendor) ? 1 : 0;
        }
        return number;
    }

    @Override
    public long readRegister(int offset, int bytes) {
        kernel.accessRegister();
        return unit.readRegister(offset, bytes);
    }

    @Override
    public void writeRegister(int offset, int bytes, long value) {
        kernel.accessRegister();
        int event = trace.append(EventKind.REGISTER_WRITE, index,
                offset | (long) bytes << 32, value);
        int parent = trace.enter(event);
        int before = kernel.beginWrites();
        unit.writeRegister(offset, bytes, value);
        kernel.endWrites(before);
        trace.leave(parent);
    }

    @Override
    public boolean waitRegister(int offset, int bytes, long mask, long value, long timeoutNanos) {
        long limit = nanos() + timeoutNanos;
        kernel.accessRegister();
        while ((unit.readRegister(offset, bytes) & mask) != value) {
            if (machine.queue().inEvent() || nanos() >= limit) {
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

    /** {@inheritDoc} A kernel that does not own the reservation owns all else. */
    @Override
    public boolean isOwnMemory(long physicalAddress, long bytes) {
        AddressRange range = AddressRange.of(physicalAddress, bytes);
        boolean isFirst = !kernel.pages().overlaps(machine.reservation());
        return kernel.pages().overlaps(range) || isFirst && machine.description().memoryMap()
                .ranges(MemoryKind.SYSTEM_RAM).stream().anyMatch(range::overlaps);
    }

    @Override
    public boolean reserve(long physicalAddress, long bytes) {
        boolean own = isOwnMemory(physicalAddress, bytes);
        if (own) {
            kernel.pages().reserve(AddressRange.of(physicalAddress, bytes));
        }
        return own;
    }

    @Override
    public long read64(long physicalAddress) {
        try {
            return kernel.read64(physicalAddress);
        } catch (IllegalArgumentException e) {
            throw pageFault(physicalAddress);
        }
    }

    /**
     * What becomes of a kernel that follows a pointer which it has read somewhere: its direct
     * mapping covers memory and nothing else.
     *
     * <p>Source: Linux, fault.c of x86, page_fault_oops.
     */
    private static KernelPanicException pageFault(long physicalAddress) {
        return new KernelPanicException("BUG: unable to handle page fault: no memory at physical"
                + " address 0x" + Long.toHexString(physicalAddress));
    }

    @Override
    public void write64(long physicalAddress, long value) {
        kernel.spend(kernel.costs().memoryAccess());
        if (!memory.contains(physicalAddress, Long.BYTES)) {
            throw pageFault(physicalAddress);
        }
        int before = beginWrites();
        memory.write64(physicalAddress, value);
        endWrites(before, physicalAddress, Long.BYTES);
    }

    @Override
    public void flushWrites(boolean on) {
        flushes = on;
    }

    /** Writes into the processor's caches. */
    private int beginWrites() {
        memory.byProcessor(true);
        return kernel.beginWrites();
    }

    /** Perhaps writes through them. */
    private void endWrites(int before, long physicalAddress, int bytes) {
        kernel.endWrites(before);
        memory.byProcessor(false);
        if (flushes) {
            memory.flush(physicalAddress, bytes);
        }
    }

    @Override
    public void copy(long from, long to, int bytes) {
        kernel.spend(kernel.costs().memoryAccess() * (bytes / 64 + 1));
        int before = beginWrites();
        for (int done = 0; done < bytes; done += copied.length) {
            int chunk = Math.min(copied.length, bytes - done);
            memory.read(from + done, copied, 0, chunk);
            memory.write(to + done, copied, 0, chunk);
        }
        endWrites(before, to, bytes);
    }

    @Override
    public long allocatePages(int count) {
        return cleared(kernel.allocatePages(count), count);
    }

    @Override
    public long allocateLowPages(int count) {
        return cleared(kernel.allocateLowPages(count), count);
    }

    @Override
    public long takeLowPages(int count) {
        return kernel.pages().takeLow(count, PhysicalMemory.PAGE_BYTES);
    }

    @Override
    public long allocateScratchPage() {
        return cleared(kernel.allocateScratchPage(), 1);
    }

    private long cleared(long pages, int count) {
        // cleared once more, into the caches: no time passes
        int before = beginWrites();
        for (int i = 0; i < count; i++) {
            memory.write(pages + (long) i * ZEROS.length, ZEROS, 0, ZEROS.length);
        }
        endWrites(before, pages, count * PhysicalMemory.PAGE_BYTES);
        return pages;
    }

    @Override
    public void freePages(long physicalAddress, int count) {
        kernel.pages().free(physicalAddress, count);
    }

    @Override
    public List<Integer> sourceIds(int requester) {
        PciFunction function = machine.fabric().function(requester);
        return function == null || function.alias() == requester ? List.of(requester)
                : List.of(requester, function.alias());
    }

    @Override
    public List<Integer> group(int requester) {
        return index < 0 ? List.of(requester) : kernel.iommu().group(requester);
    }

    @Override
    public List<Integer> functions() {
        return machine.functionsThere().stream()
                .filter(f -> machine.description().unitOf(f.alias()) == index)
                .map(PciFunction::requesterId).sorted().toList();
    }

    @Override
    public List<Range> reservedRanges(int requester) {
        return machine.description().reservedFor(requester).stream()
                .map(r -> new Range(r.start(), r.bytes())).toList();
    }

    @Override
    public int extendedCapability(int requester, int id) {
        FunctionConfig function = machine.config(requester);
        return function == null ? 0 : Capabilities.findExtended(function::read, id);
    }

    @Override
    public boolean allowsAts(int requester) {
        return machine.description().atsFunctions().contains(requester);
    }

    @Override
    public int readConfig(int requester, int offset, int bytes) {
        kernel.spend(kernel.costs().registerAccess());
        PciFunction function = machine.fabric().function(requester);
        return function == null ? -1 >>> 32 - 8 * bytes : function.readConfig(offset, bytes);
    }

    @Override
    public void writeConfig(int requester, int offset, int bytes, int value) {
        kernel.spend(kernel.costs().registerAccess());
        trace.append(EventKind.CONFIG_WRITE, requester, offset | (long) bytes << 32, value);
        PciFunction function = machine.fabric().function(requester);
        if (function != null) {
            function.writeConfig(offset, bytes, value);
        }
    }

    @Override
    public void schedule(long nanos, Runnable act) {
        machine.queue().schedule(nanos, () -> {
            if (!kernel.isStopped()) {
                act.run();
            }
        });
    }

    @Override
    public int dmaBits(int requester) {
        return machine.config(requester) == null ? DmaMask.WIDE
                : DmaMask.bits(machine.config(requester));
    }

    @Override
    public long ownMemoryEnd() {
        return kernel.memoryEnd();
    }

    @Override
    public long machineMemoryEnd() {
        return Kernel.memoryEnd(machine);
    }

    @Override
    public void recordMap(int requester, long iova, long physicalAddress, Runnable writes) {
        recorded(trace.append(EventKind.MAP, requester, iova, physicalAddress), writes);
    }

    @Override
    public void recordUnmap(int requester, long iova, Runnable writes) {
        recorded(trace.append(EventKind.UNMAP, requester, iova, 0), writes);
    }

    private void recorded(int event, Runnable writes) {
        int before = trace.enter(event);
        writes.run();
        trace.leave(before);
    }

    @Override
    public int processor() {
        return Math.max(0, machine.wires().runningOn());
    }

    @Override
    public void pause(long nanos) {
        kernel.spend(nanos);
    }

    @Override
    public void print(String line) {
        kernel.print(ConsoleLine.NOTICE, -1, line);
    }

    @Override
    public void print(ConsoleLine kind, int requester, String line) {
        kernel.print(kind, requester < 0 ? -1 : segment << 16 | requester, line);
    }

    @Override
    public long nanos() {
        return machine.queue().nanos();
    }
}
