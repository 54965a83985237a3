// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.bits.Register;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.KernelPort;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.Translation;
import iommu.api.unit.UnitListener;
import iommu.vtd.GlobalCommand;
import iommu.vtd.VtdRegisters;
import iommu.vtd.linux.settings.ScalableMode;
import iommu.vtd.vendor.VtdVendor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A machine of one unit and 64 MiB on which one kernel after the other runs; its clock ticks by
 * itself.
 */
public final class BenchKernel implements KernelPort, UnitListener {

    public static final long MEMORY_BYTES = 64L << 20;
    public static final long CAP = 0x00d2_008c_222f_0606L;
    public static final long ECAP = 0x00f0_0f4aL;
    public static final long SCALABLE_ECAP = 0x4800_80f0_0f4aL;

    /** One write of GCMD: the status before it, and the value. */
    public record Command(long status, long value) {
        @Override
        public String toString() {
            return String.format("0x%08x 0x%08x", status, value);
        }
    }

    public final PhysicalMemory memory =
            new PhysicalMemory(List.of(new AddressRange(0, MEMORY_BYTES)), 7);
    public final RemappingUnit unit;
    public final List<String> console = new ArrayList<>();
    public final List<Command> commands = new ArrayList<>();
    public final List<String> invalidated = new ArrayList<>();
    public final List<Boolean> switched = new ArrayList<>();
    public final Map<Integer, List<Integer>> aliases = new HashMap<>();
    public final List<Integer> written = new ArrayList<>();
    public List<Integer> functions = List.of();
    public final Map<Integer, List<Range>> reserved = new HashMap<>();
    /** ATS capability and control of functions that have them, by requester. */
    public final Map<Integer, int[]> ats = new TreeMap<>();
    /** Functions that firmware lets use them. */
    public final List<Integer> allowsAts = new ArrayList<>();
    /** Functions that were pulled out. */
    public final List<Integer> gone = new ArrayList<>();
    public final List<String> configWrites = new ArrayList<>();
    public long paused;
    public int interrupts;
    public int waits;
    public boolean deaf;
    public boolean forgetsToFlush;
    private boolean flushes;
    /** Runs at each invalidation, as a device does that does not wait for it. */
    public Runnable meanwhile = () -> { };
    /** Runs whenever time has passed. */
    public Runnable ticking = () -> { };
    public long now;
    private long nextPage;
    private long endOfPages;

    public BenchKernel(long cap, long ecap, Map<String, Long> settings) {
        this(new TreeMap<>(Map.of(8, (int) cap, 12, (int) (cap >>> 32), 16, (int) ecap,
                20, (int) (ecap >>> 32))), settings);
    }

    /** Makes a machine whose unit is in a captured state. */
    public BenchKernel(Map<Integer, Integer> words, Map<String, Long> settings) {
        unit = new VtdVendor().unit(
                new UnitProfile("vtd", "bench", 0xfed9_0000L, words, settings), memory);
        unit.listener(this);
        pagesFrom(0x20_0000, 0x100_0000);
    }

    public static BenchKernel legacy() {
        return new BenchKernel(CAP, ECAP, Map.of());
    }

    public static BenchKernel scalable() {
        return new BenchKernel(CAP, SCALABLE_ECAP, Map.of());
    }

    /** Lets the next kernel allocate from another range, and forgets what was recorded. */
    public void pagesFrom(long start, long end) {
        nextPage = start;
        endOfPages = end;
        console.clear();
        commands.clear();
        invalidated.clear();
        switched.clear();
        written.clear();
    }

    public LinuxVtdDriver driver() {
        return new LinuxVtdDriver(KernelProfile.linux61(), this);
    }

    /** Returns a kernel whose command line says this of scalable mode. */
    public static KernelProfile with(KernelProfile kernel, ScalableMode mode) {
        return kernel.with(ScalableMode.SETTING, mode.ordinal());
    }

    public LinuxVtdDriver driver(ScalableMode mode) {
        return new LinuxVtdDriver(with(KernelProfile.linux61(), mode), this);
    }

    /** Makes the code of another version, "linux-4.2" for one. */
    public LinuxVtdDriver driver(String kernel) {
        return driver(profile(kernel));
    }

    public LinuxVtdDriver driver(KernelProfile kernel) {
        return new LinuxVtdDriver(kernel, this);
    }

    public static KernelProfile profile(String kernel) {
        return KernelProfile.linux(KernelVersion.parse(kernel));
    }

    public LinuxVtdDriver lazyDriver() {
        return new LinuxVtdDriver(KernelProfile.linux61().withStrictInvalidation(false), this);
    }

    /** Boots a first kernel, and moves allocation to where the capture kernel lives. */
    public LinuxVtdDriver firstKernel(ScalableMode mode) {
        LinuxVtdDriver first = driver(mode);
        first.initialiseInterrupts();
        try {
            first.startClean();
        } catch (iommu.api.unit.StepRefusedException e) {
            throw new AssertionError(e);
        }
        first.enableFaultInterrupt();
        return first;
    }

    public void captureKernelPages() {
        pagesFrom(0x200_0000, 0x300_0000);
    }

    public long get(Register r) {
        return unit.readRegister(r.offset(), r.bytes());
    }

    public List<String> commandValues() {
        return commands.stream().map(c -> String.format("0x%08x", c.value())).toList();
    }

    public long freePages() {
        return (endOfPages - nextPage) / 4096;
    }

    // ---- the port -------------------------------------------------------------------------------

    @Override
    public long readRegister(int offset, int bytes) {
        now += 1_000;
        ticking.run();
        return unit.readRegister(offset, bytes);
    }

    @Override
    public void writeRegister(int offset, int bytes, long value) {
        now += 1_000;
        written.add(offset);
        if (offset == VtdRegisters.GCMD.offset()) {
            commands.add(new Command(get(VtdRegisters.GSTS), value));
        }
        if (!deaf) {
            unit.writeRegister(offset, bytes, value);
        }
    }

    @Override
    public boolean waitRegister(int offset, int bytes, long mask, long value, long timeoutNanos) {
        waits++;
        if ((unit.readRegister(offset, bytes) & mask) == value) {
            return true;
        }
        now += timeoutNanos;
        return false;
    }

    @Override
    public boolean isMemory(long physicalAddress, long bytes) {
        return memory.contains(physicalAddress, bytes);
    }

    @Override
    public long read64(long physicalAddress) {
        now += 100;
        return memory.read64(physicalAddress);
    }

    @Override
    public void write64(long physicalAddress, long value) {
        memory.byProcessor(true);
        memory.write64(physicalAddress, value);
        written(physicalAddress, 8);
    }

    @Override
    public void flushWrites(boolean on) {
        flushes = on;
    }

    private void written(long physicalAddress, long bytes) {
        memory.byProcessor(false);
        if (flushes && !forgetsToFlush) {
            memory.flush(physicalAddress, bytes);
        }
    }

    @Override
    public void copy(long from, long to, int bytes) {
        memory.byProcessor(true);
        for (int i = 0; i < bytes; i += 8) {
            memory.write64(to + i, memory.read64(from + i));
        }
        written(to, bytes);
    }

    @Override
    public long allocatePages(int count) {
        long bytes = (long) Integer.highestOneBit(count * 2 - 1) * 4096;
        long at = nextPage + bytes - 1 & -bytes;
        if (at + bytes > endOfPages) {
            throw new IllegalStateException("no page left");
        }
        nextPage = at + bytes;
        memory.byProcessor(true);
        for (long i = 0; i < bytes; i += 8) {
            memory.write64(at + i, 0);
        }
        written(at, bytes);
        return at;
    }

    @Override
    public void freePages(long physicalAddress, int count) { }

    @Override
    public List<Integer> sourceIds(int requester) {
        return aliases.getOrDefault(requester, List.of(requester));
    }

    @Override
    public List<Integer> functions() {
        return functions;
    }

    @Override
    public List<Range> reservedRanges(int requester) {
        return reserved.getOrDefault(requester, List.of());
    }

    @Override
    public int extendedCapability(int requester, int id) {
        return id == 0x0f && ats.containsKey(requester) ? 0x140 : 0;
    }

    @Override
    public boolean allowsAts(int requester) {
        return allowsAts.contains(requester);
    }

    @Override
    public int readConfig(int requester, int offset, int bytes) {
        if (gone.contains(requester)) {
            return 0xffff;
        }
        return offset >= 0x140 ? ats.get(requester)[(offset - 0x144) / 2] : 0x8086;
    }

    @Override
    public void writeConfig(int requester, int offset, int bytes, int value) {
        configWrites.add(String.format("%04x %03x=%04x", requester, offset, value));
        if (!gone.contains(requester)) {
            ats.get(requester)[(offset - 0x144) / 2] = value;
        }
    }

    @Override
    public void pause(long nanos) {
        now += nanos;
        paused += nanos;
    }

    @Override
    public void print(String line) {
        console.add(line);
    }

    @Override
    public long nanos() {
        return now;
    }

    // ---- the listener ---------------------------------------------------------------------------

    @Override
    public void translation(boolean enabled) {
        switched.add(enabled);
    }

    @Override
    public void invalidated(String what) {
        invalidated.add(what);
        meanwhile.run();
    }

    @Override
    public void faultInterrupt() {
        interrupts++;
    }

    /** Returns where a read of a requester goes, or minus the reason if it is blocked. */
    public long address(int requester, long iova) {
        long t = unit.translate(requester, iova, Access.READ);
        return Translation.isBlocked(t) ? -Translation.reason(t) : Translation.address(t);
    }

    /** Returns where the context entry of a source lies under the root table in force. */
    public long contextEntry(int source) {
        long root = get(VtdRegisters.RTADDR);
        return new ContextTables(this, VtdRegisters.RTA.inPlace(root),
                VtdRegisters.TTM.of(root) == 1).entry(source, false);
    }

    public boolean translating() {
        return GlobalCommand.TE.isSet(get(VtdRegisters.GSTS));
    }
}
