// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import iommu.api.memory.PhysicalMemory;
import iommu.api.unit.KernelPort;
import iommu.api.unit.RemappingUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What kernel code may touch, without a kernel: one unit, memory, pages, and functions that a test
 * describes. Reads of registers and memory take the time that a test says. One thread.
 */
public final class FakeKernelPort implements KernelPort {

    /** A write of a register, in the order in which they came. */
    public record RegisterWrite(int offset, int bytes, long value) { }

    private final PhysicalMemory memory;
    private final FakePages pages;
    private final Map<Integer, List<Integer>> aliases = new HashMap<>();
    private final Map<Integer, List<Range>> reserved = new HashMap<>();
    /** Ranges that are no RAM to the kernel any more. */
    private final List<Range> taken = new ArrayList<>();
    private final Map<Integer, FakeFunction> config = new HashMap<>();
    private final Map<Integer, Map<Integer, Integer>> capabilities = new HashMap<>();
    private final List<Integer> functions = new ArrayList<>();
    private final List<Integer> atsAllowed = new ArrayList<>();
    private final List<String> console = new ArrayList<>();
    private final List<RegisterWrite> registerWrites = new ArrayList<>();
    private final FakeTimers timers = new FakeTimers();
    private final Map<Integer, Integer> dmaBits = new HashMap<>();
    private long ownMemoryEnd = 1L << 32;
    private long machineMemoryEnd = 1L << 32;
    private RemappingUnit unit;
    private Runnable afterWrite = () -> { };
    private Runnable whenTimePasses = () -> { };
    private boolean deaf;
    private boolean flushes;
    private boolean forgetsToFlush;
    private int failedWaits;
    private long accessNanos;
    private long now;

    /**
     * Makes a port to a unit and to memory.
     *
     * @param unit may be put in place later; null until then
     * @param firstPage the pages from here on are the kernel's to give out
     * @param endOfPages address after the last of them
     */
    public FakeKernelPort(RemappingUnit unit, PhysicalMemory memory, long firstPage,
            long endOfPages) {
        this.unit = unit;
        this.memory = memory;
        pages = new FakePages(firstPage, endOfPages);
    }

    // ---- what a test sets up --------------------------------------------------------------------

    /** Puts another unit in place. */
    public void unit(RemappingUnit other) {
        unit = other;
    }

    /** Lets the kernel allocate from another range, as the next kernel does. */
    public void pagesFrom(long first, long end) {
        pages.from(first, end);
    }

    /** Gives a function further ids under which its requests arrive. */
    public void sourceIds(int requester, List<Integer> ids) {
        aliases.put(requester, List.copyOf(ids));
    }

    /** Says what enumeration has found. */
    public void functions(List<Integer> requesters) {
        functions.clear();
        functions.addAll(requesters);
    }

    /** Says what firmware wants mapped to itself for a function. */
    public void reservedRanges(int requester, List<Range> ranges) {
        reserved.put(requester, List.copyOf(ranges));
    }

    /** Gives a function config space; without one it does not answer. */
    public FakeFunction configOf(int requester) {
        return config.computeIfAbsent(requester, id -> new FakeFunction(id, 0));
    }

    /** Pulls a function out: its config space does not answer any more. */
    public void unplug(int requester) {
        config.remove(requester);
    }

    /** Gives a function an extended capability. */
    public void extendedCapability(int requester, int id, int offset) {
        capabilities.computeIfAbsent(requester, key -> new HashMap<>()).put(id, offset);
    }

    /** Has firmware let a function use address translation services. */
    public void allowAts(int requester) {
        atsAllowed.add(requester);
    }

    /** Says what each access to registers or memory costs; 0 at first. */
    public void accessNanos(long nanos) {
        accessNanos = nanos;
    }

    /** Has the unit not obey: writes of its registers are recorded and lost. */
    public void deaf(boolean on) {
        deaf = on;
    }

    /** Has this kernel forget the write-backs that {@link #flushWrites} asks for. */
    public void forgetsToFlush(boolean on) {
        forgetsToFlush = on;
    }

    /** Says how wide the DMA mask of a function is; 64 unless told. */
    public void dmaBits(int requester, int bits) {
        dmaBits.put(requester, bits);
    }

    /** Says where this kernel's own RAM ends, and where the machine's; at 4 GiB unless told. */
    public void memoryEnds(long own, long machine) {
        ownMemoryEnd = own;
        machineMemoryEnd = machine;
    }

    /** Lets time pass, and the kernel's timers do what they are to do meanwhile. */
    public void advance(long nanos) {
        long end = now + nanos;
        timers.run(end, at -> now = Math.max(now, at));
        now = Math.max(now, end);
    }

    /** Has something happen after each write of a register. */
    public void afterWrite(Runnable action) {
        afterWrite = action;
    }

    /** Has something happen whenever time has passed. */
    public void whenTimePasses(Runnable action) {
        whenTimePasses = action;
    }

    // ---- what a test asks -----------------------------------------------------------------------

    /** Returns the lines printed so far, oldest first; a view that may be cleared. */
    public List<String> console() {
        return console;
    }

    /** Returns the register writes so far, oldest first; a view that may be cleared. */
    public List<RegisterWrite> registerWrites() {
        return registerWrites;
    }

    /** Returns how many waits for a register have timed out. */
    public int failedWaits() {
        return failedWaits;
    }

    /** Returns how many pages are left to give out. */
    public long pagesLeft() {
        return pages.left();
    }

    /** Returns how many pages are given out and not given back. */
    public int pagesInUse() {
        return pages.out();
    }

    // ---- the port -------------------------------------------------------------------------------

    private void pass(long nanos) {
        now += nanos;
        if (nanos > 0) {
            whenTimePasses.run();
        }
    }

    @Override
    public long readRegister(int offset, int bytes) {
        pass(accessNanos);
        return unit.readRegister(offset, bytes);
    }

    @Override
    public void writeRegister(int offset, int bytes, long value) {
        pass(accessNanos);
        registerWrites.add(new RegisterWrite(offset, bytes, value));
        if (!deaf) {
            unit.writeRegister(offset, bytes, value);
        }
        afterWrite.run();
    }

    @Override
    public boolean waitRegister(int offset, int bytes, long mask, long value, long timeoutNanos) {
        if ((unit.readRegister(offset, bytes) & mask) == value) {
            return true;
        }
        pass(timeoutNanos);
        boolean came = (unit.readRegister(offset, bytes) & mask) == value;
        failedWaits += came ? 0 : 1;
        return came;
    }

    @Override
    public boolean isMemory(long physicalAddress, long bytes) {
        return memory.contains(physicalAddress, bytes);
    }

    @Override
    public long read64(long physicalAddress) {
        pass(accessNanos);
        return memory.read64(physicalAddress);
    }

    @Override
    public void write64(long physicalAddress, long value) {
        byProcessor(physicalAddress, Long.BYTES, () -> memory.write64(physicalAddress, value));
    }

    @Override
    public void flushWrites(boolean on) {
        flushes = on;
    }

    private void byProcessor(long address, long bytes, Runnable writes) {
        memory.byProcessor(true);
        writes.run();
        memory.byProcessor(false);
        if (flushes && !forgetsToFlush) {
            memory.flush(address, bytes);
        }
    }

    @Override
    public void copy(long from, long to, int bytes) {
        byProcessor(to, bytes, () -> {
            byte[] piece = new byte[PhysicalMemory.PAGE_BYTES];
            for (int done = 0; done < bytes; done += piece.length) {
                int length = Math.min(piece.length, bytes - done);
                memory.read(from + done, piece, 0, length);
                memory.write(to + done, piece, 0, length);
            }
        });
    }

    @Override
    public long allocatePages(int count) {
        long at = pages.allocate(count);
        byProcessor(at, (long) count * PhysicalMemory.PAGE_BYTES,
                () -> FakePages.clear(memory, at, count));
        return at;
    }

    @Override
    public boolean isOwnMemory(long physicalAddress, long bytes) {
        return taken.stream().noneMatch(r -> r.start() <= physicalAddress
                && physicalAddress < r.start() + r.bytes())
                && (isMemory(physicalAddress, Long.BYTES)
                        || isMemory(physicalAddress + bytes - Long.BYTES, Long.BYTES));
    }

    @Override
    public boolean reserve(long physicalAddress, long bytes) {
        boolean own = isOwnMemory(physicalAddress, bytes);
        taken.add(new Range(physicalAddress, bytes));
        return own;
    }

    @Override
    public long takeLowPages(int count) {
        long at = pages.allocate(count);
        return at + (long) count * PhysicalMemory.PAGE_BYTES <= 1L << 32 ? at : -1;
    }

    @Override
    public void freePages(long physicalAddress, int count) {
        pages.free(count);
    }

    @Override
    public List<Integer> sourceIds(int requester) {
        return aliases.getOrDefault(requester, List.of(requester));
    }

    @Override
    public List<Integer> functions() {
        return List.copyOf(functions);
    }

    @Override
    public List<Range> reservedRanges(int requester) {
        return reserved.getOrDefault(requester, List.of());
    }

    @Override
    public int extendedCapability(int requester, int id) {
        return capabilities.getOrDefault(requester, Map.of()).getOrDefault(id, 0);
    }

    @Override
    public boolean allowsAts(int requester) {
        return atsAllowed.contains(requester);
    }

    @Override
    public int readConfig(int requester, int offset, int bytes) {
        FakeFunction function = config.get(requester);
        return function == null ? -1 >>> 32 - 8 * bytes : function.readConfig(offset, bytes);
    }

    @Override
    public void writeConfig(int requester, int offset, int bytes, int value) {
        FakeFunction function = config.get(requester);
        if (function != null) {
            function.writeConfig(offset, bytes, value);
        }
    }

    @Override
    public void schedule(long nanos, Runnable act) {
        timers.add(now + nanos, act);
    }

    @Override
    public int dmaBits(int requester) {
        return dmaBits.getOrDefault(requester, 64);
    }

    @Override
    public long ownMemoryEnd() {
        return ownMemoryEnd;
    }

    @Override
    public long machineMemoryEnd() {
        return machineMemoryEnd;
    }

    @Override
    public void pause(long nanos) {
        pass(nanos);
    }

    @Override
    public void print(String line) {
        console.add(line);
    }

    @Override
    public long nanos() {
        return now;
    }
}
