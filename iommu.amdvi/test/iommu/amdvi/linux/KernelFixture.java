// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.vendor.AmdViVendor;
import iommu.api.bits.Register;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import iommu.api.profile.UnitProfile;
import iommu.api.trace.ConsoleLine;
import iommu.api.unit.KernelPort;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.Translation;
import iommu.api.unit.UnitListener;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A machine of one unit and 64 MiB on which one kernel after the other runs; its clock ticks by
 * itself.
 */
final class KernelFixture implements KernelPort, UnitListener {

    static final long MEMORY_BYTES = 64L << 20;
    static final long TABLE_BYTES = 0x8000;
    static final int RW = Access.READ | Access.WRITE;
    static final int NIC = 0x40;
    static final int DISK = 0x48;
    static final int REMAPPED = 0x1f0;
    static final long IOVA = 0xffff_8000L;

    final PhysicalMemory memory =
            new PhysicalMemory(List.of(new AddressRange(0, MEMORY_BYTES)), 7);
    RemappingUnit unit;
    final List<String> console = new ArrayList<>();
    /** Of each line that is no notice the kind and the requester. */
    final List<String> told = new ArrayList<>();
    final List<Long> controls = new ArrayList<>();
    final List<String> invalidated = new ArrayList<>();
    final List<Boolean> switched = new ArrayList<>();
    final Map<Integer, List<Integer>> aliases = new HashMap<>();
    int interrupts;
    boolean deaf;
    /** What enumeration has found. */
    List<Integer> functions = List.of();
    /** What firmware reserved, by requester. */
    final Map<Integer, List<Range>> reserved = new HashMap<>();
    /** Happens after each write of a register. */
    Runnable afterWrite = () -> { };
    long now;
    private long nextPage;
    private long endOfPages;

    KernelFixture() {
        this(Map.of(), Map.of());
    }

    /** Makes a machine whose unit is in a captured state. */
    KernelFixture(Map<Integer, Integer> words, Map<String, Long> settings) {
        unit = new AmdViVendor().unit(
                new UnitProfile("amdvi", "fixture", 0xfed8_0000L, words, settings), memory);
        unit.listener(this);
        pagesFrom(0x20_0000, 0x100_0000);
    }

    /** Lets the next kernel allocate from another range, and forgets what was recorded. */
    void pagesFrom(long start, long end) {
        nextPage = start;
        endOfPages = end;
        console.clear();
        controls.clear();
        invalidated.clear();
        switched.clear();
    }

    LinuxAmdViDriver driver() {
        return new LinuxAmdViDriver(KernelProfile.linux61(), this, TABLE_BYTES);
    }

    LinuxAmdViDriver driver(KernelProfile kernel) {
        return new LinuxAmdViDriver(kernel, this, TABLE_BYTES);
    }

    LinuxAmdViDriver driver(String version) {
        return driver(KernelProfile.linux(KernelVersion.parse(version)));
    }

    LinuxAmdViDriver lazyDriver() {
        return new LinuxAmdViDriver(KernelProfile.linux61().withStrictInvalidation(false), this,
                TABLE_BYTES);
    }

    /** Gives a device an interrupt table in a device table: interrupts are remapped then. */
    void remapInterrupts(long deviceTable) {
        memory.write64(deviceTable + REMAPPED * 32L + 16, 0x2000_0000_0123_4013L);
    }

    /** A first kernel with two functions mapped and used, and interrupts of a third, crashed. */
    static KernelFixture crashed() {
        var fixture = new KernelFixture();
        LinuxAmdViDriver first = fixture.firstKernel();
        first.map(NIC, IOVA, 0x10_0000, 0x2000, RW);
        first.map(DISK, IOVA, 0x11_0000, 0x1000, RW);
        assertThat(fixture.go(NIC, IOVA + 0x1004)).isEqualTo(0x10_1004);
        assertThat(fixture.go(DISK, IOVA)).isEqualTo(0x11_0000);
        fixture.remapInterrupts(
                AmdViRegisters.BASE.inPlace(fixture.get(AmdViRegisters.DEV_TAB)));
        fixture.captureKernelPages();
        return fixture;
    }

    /** Boots a first kernel. */
    LinuxAmdViDriver firstKernel() {
        LinuxAmdViDriver first = driver();
        boot(first);
        return first;
    }

    void boot(LinuxAmdViDriver driver) {
        driver.initialiseInterrupts();
        try {
            driver.startClean();
        } catch (StepRefusedException e) {
            throw new AssertionError(e);
        }
        driver.enableFaultInterrupt();
    }

    /** Puts a unit of the same registers and other settings in place, with empty caches. */
    void replaceUnit(Map<String, Long> settings) {
        replaceUnit(settings, Map.of());
    }

    /** Puts a unit with other values of some registers in place. */
    void replaceUnit(Map<String, Long> settings, Map<Integer, Integer> others) {
        var words = new HashMap<Integer, Integer>();
        for (int offset = 0; offset < AmdViRegisters.SPACE_BYTES; offset += 4) {
            words.put(offset, (int) unit.readRegister(offset, 4));
        }
        words.putAll(others);
        unit = new AmdViVendor().unit(
                new UnitProfile("amdvi", "fixture", 0xfed8_0000L, words, settings), memory);
        unit.listener(this);
    }

    void captureKernelPages() {
        pagesFrom(0x200_0000, 0x300_0000);
    }

    long get(Register r) {
        return unit.readRegister(r.offset(), r.bytes());
    }

    /** Returns where a read or write goes; minus the reason, or -1000 if untranslated. */
    long go(int requester, long iova, int access) {
        long t = unit.translate(requester, iova, access);
        return Translation.isBlocked(t) ? -Translation.reason(t)
                : Translation.isUntranslated(t) ? -1000 : Translation.address(t);
    }

    long go(int requester, long iova) {
        return go(requester, iova, Access.READ);
    }

    // ---- the port -------------------------------------------------------------------------------

    @Override
    public long readRegister(int offset, int bytes) {
        now += 1_000;
        return unit.readRegister(offset, bytes);
    }

    @Override
    public void writeRegister(int offset, int bytes, long value) {
        now += 1_000;
        if (offset == AmdViRegisters.CONTROL.offset()) {
            controls.add(value);
        }
        if (!deaf) {
            unit.writeRegister(offset, bytes, value);
        }
        afterWrite.run();
    }

    @Override
    public boolean waitRegister(int offset, int bytes, long mask, long value, long timeoutNanos) {
        now += timeoutNanos;
        return (unit.readRegister(offset, bytes) & mask) == value;
    }

    @Override
    public boolean isMemory(long physicalAddress, long bytes) {
        return memory.contains(physicalAddress, bytes);
    }

    @Override
    public long read64(long physicalAddress) {
        now += 1_000;
        return memory.read64(physicalAddress);
    }

    @Override
    public void write64(long physicalAddress, long value) {
        memory.write64(physicalAddress, value);
    }

    @Override
    public void copy(long from, long to, int bytes) {
        for (int i = 0; i < bytes; i += 8) {
            memory.write64(to + i, memory.read64(from + i));
        }
    }

    @Override
    public long allocatePages(int count) {
        long bytes = (long) Integer.highestOneBit(count * 2 - 1) * 4096;
        long at = nextPage + bytes - 1 & -bytes;
        if (at + bytes > endOfPages) {
            throw new IllegalStateException("no page left");
        }
        nextPage = at + bytes;
        for (long i = 0; i < bytes; i += 8) {
            memory.write64(at + i, 0);
        }
        return at;
    }

    @Override
    public void freePages(long physicalAddress, int count) { }

    @Override
    public List<Integer> sourceIds(int requester) {
        return aliases.getOrDefault(requester, List.of(requester));
    }

    @Override
    public List<Range> reservedRanges(int requester) {
        return reserved.getOrDefault(requester, List.of());
    }

    @Override
    public List<Integer> functions() {
        return functions;
    }

    @Override
    public void print(ConsoleLine kind, int requester, String line) {
        told.add(kind + " " + requester);
        print(line);
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
    }

    @Override
    public void faultInterrupt() {
        interrupts++;
    }
}
