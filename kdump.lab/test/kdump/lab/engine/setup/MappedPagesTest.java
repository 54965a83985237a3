// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.MachineDescription;
import iommu.api.machine.UnitDescription;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.MemoryMap;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.profile.UnitProfile;
import iommu.api.sim.RandomStream;
import iommu.api.unit.MappingVisitor;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What captured tables say of pages: whose they are, what may be done with them, what is used. */
class MappedPagesTest {

    private static final long MIB = 1L << 20;
    private static final int DISK = 0x100;
    private static final long RAM_END = 64 * MIB;
    private static final int RW = Access.READ | Access.WRITE;

    /** A dump of one range. */
    private record Dump(List<AddressRange> ranges) implements MemoryImage {

        @Override
        public void read(long address, byte[] to, int offset, int bytes) {
            throw new AssertionError("no byte is looked at");
        }
    }

    private static UnitDescription unit(int segment) {
        return new UnitDescription(new UnitProfile("x", "p", 0, Map.of(), Map.of()), segment,
                true, List.of());
    }

    private static MachineDescription machine(AddressRange... captured) {
        var map = new MemoryMap(List.of(
                new MemoryMap.Region(new AddressRange(0, RAM_END), MemoryKind.SYSTEM_RAM, "RAM"),
                new MemoryMap.Region(new AddressRange(RAM_END, RAM_END + MIB), MemoryKind.ROM,
                        "ROM")));
        return new MachineDescription("m", "a test", map, null, List.of(unit(0), unit(3)),
                List.of(), new Dump(List.of(captured)), "", "", "", List.of());
    }

    private final MachineDescription machine = machine();
    private final MappedPages pages = new MappedPages(machine, machine.memoryMap().memory(1));
    private final MappingVisitor tables = pages.of(0);

    private void map(int requester, long iova, long physicalAddress, int access) {
        tables.mapping(requester, 5, iova, physicalAddress, 4096, access);
    }

    private static DmaBuffer page(long iova, long physicalAddress) {
        return new DmaBuffer(iova, physicalAddress, 4096);
    }

    // ---- kinds of pages -------------------------------------------------------------------------

    @ParameterizedTest(name = "access {0}")
    @CsvSource({"0, 0, 0, 0", "1, 1, 0, 0", "2, 0, 0, 1", "3, 0, 1, 0"})
    void aPageIsOfTheKindOfItsRights(int access, int readable, int writable, int writeOnly) {
        map(DISK, 0x5000, 32 * MIB, access);
        assertThat(pages.readable(DISK)).hasSize(readable);
        assertThat(pages.writable(DISK)).hasSize(writable);
        assertThat(pages.writeOnly(DISK)).hasSize(writeOnly);
        var all = new ArrayList<>(pages.readable(DISK));
        all.addAll(pages.writable(DISK));
        all.addAll(pages.writeOnly(DISK));
        assertThat(all).allMatch(page(0x5000, 32 * MIB)::equals);
        assertThat(pages.writable(DISK + 1)).as("somebody else's").isEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"0, false", "0x1000, false", "0xfff000, false", "0x1000000, true",
        "0x3fff000, true", "0x4000000, false", "0x40ff000, false", "0x8000000, false",
        "0x7ffffffffffff000, false"})
    void onlyRamAbove16MibIsUsed(String address, boolean usable) {
        map(DISK, 0x5000, Long.decode(address), RW);
        assertThat(pages.writable(DISK)).hasSize(usable ? 1 : 0);
    }

    @Test
    void whatIsMappedToItselfIsUsedWhereThereIsNothingElse() {
        map(DISK, 20 * MIB, 20 * MIB, RW);
        assertThat(pages.writable(DISK)).containsExactly(page(20 * MIB, 20 * MIB));
        map(DISK, 0x5000, 32 * MIB, RW);
        assertThat(pages.writable(DISK)).containsExactly(page(0x5000, 32 * MIB));
        assertThat(pages.readable(DISK)).isEmpty();
    }

    @ParameterizedTest(name = "access {0}")
    @CsvSource({"1, 0", "2, 0", "3, 1"})
    void whatIsMappedToItselfMustBeReadAndWritten(int access, int writable) {
        map(DISK, 20 * MIB, 20 * MIB, access);
        assertThat(pages.writable(DISK)).hasSize(writable);
        assertThat(pages.readable(DISK)).isEmpty();
        assertThat(pages.writeOnly(DISK)).isEmpty();
    }

    @Test
    void tablesAreNoBuffersHoweverLateTheyAreMet() {
        map(DISK, 0x5000, 32 * MIB, RW);
        map(DISK, 0x6000, 33 * MIB, Access.READ);
        map(DISK, 0x7000, 34 * MIB, Access.WRITE);
        tables.structure(32 * MIB, 4096);
        tables.structure(33 * MIB, 4096);
        tables.structure(34 * MIB, 4096);
        assertThat(pages.writable(DISK)).isEmpty();
        assertThat(pages.readable(DISK)).isEmpty();
        assertThat(pages.writeOnly(DISK)).isEmpty();
    }

    @Test
    void requestersAreOfTheirUnitsSegment() {
        pages.of(1).mapping(DISK, 5, 0x5000, 32 * MIB, 4096, RW);
        assertThat(pages.writable(DISK)).isEmpty();
        assertThat(pages.writable(0x30000 | DISK)).containsExactly(page(0x5000, 32 * MIB));
    }

    // ---- frames ---------------------------------------------------------------------------------

    private static BitSet frames(int from, int to) {
        var frames = new BitSet();
        frames.set(from, to);
        return frames;
    }

    @ParameterizedTest(name = "{1} bytes at {0}")
    @CsvSource({"0x2000000, 4096, 0x2000, 0x2001", "0x2000000, 1, 0x2000, 0x2001",
        "0x2000000, 4097, 0x2000, 0x2002", "0x2000800, 4096, 0x2000, 0x2002",
        "0x2000000, 0x200000, 0x2000, 0x2200", "0, 4096, 0, 1"})
    void everyFrameThatIsTouchedIsReached(String address, String bytes, String from, String to) {
        tables.structure(Long.decode(address), Long.decode(bytes));
        assertThat(pages.reachedFrames()).isEqualTo(
                frames(Integer.decode(from), Integer.decode(to)));
        assertThat(pages.usedFrames()).isEqualTo(pages.reachedFrames());
    }

    @Test
    void pagesLargerThanAnyMemoryEndWithIt() {
        tables.structure(-4096, 4096);
        assertThat(pages.reachedFrames().isEmpty()).as("beyond all memory").isTrue();
        tables.mapping(DISK, 5, 0x5000, 0, Long.MIN_VALUE, 0);
        BitSet reached = pages.reachedFrames();
        assertThat(reached.nextClearBit(0)).isEqualTo(reached.length())
                .isEqualTo((int) (PhysicalMemory.MAX_BYTES >>> 12));
    }

    @Test
    void whatIsMappedToItselfIsNotUsedForThat() {
        map(DISK, 20 * MIB, 20 * MIB, RW);
        assertThat(pages.reachedFrames().isEmpty()).isTrue();
        map(DISK, 0x5000, 20 * MIB, 0);
        assertThat(pages.reachedFrames()).isEqualTo(frames(20 << 8, (20 << 8) + 1));
    }

    @Test
    void whatWasCapturedIsUsedToo() {
        MachineDescription other = machine(AddressRange.of(MIB, 4096));
        var captured = new MappedPages(other, other.memoryMap().memory(1));
        assertThat(captured.usedFrames()).isEqualTo(frames(1 << 8, (1 << 8) + 1));
        assertThat(captured.reachedFrames().isEmpty()).isTrue();
        assertThat(captured.systemRam()).containsExactly(new AddressRange(0, RAM_END));
    }

    // ---- who is not mapped ----------------------------------------------------------------------

    @ParameterizedTest(name = "{0} bytes to themselves, others mapped: {1}")
    @CsvSource({"0x4000000, false, true", "0x3fff000, false, false", "0x4000000, true, false",
        "0x8000000, false, true", "0, false, false"})
    void whoHasAllOfMemoryToItselfIsNotMapped(String bytes, boolean others, boolean unmapped) {
        tables.mapping(DISK, 5, 0, 0, Long.decode(bytes) + (bytes.equals("0") ? 4096 : 0), RW);
        if (others) {
            map(DISK, 0x1_0000_0000L, 32 * MIB, RW);
        }
        assertThat(pages.unmapped()).isEqualTo(unmapped ? Set.of(DISK) : Set.of());
    }

    @Test
    void identityAddsUpAndPassThroughIsToldByItsSegment() {
        tables.mapping(DISK, 5, 0, 0, 32 * MIB, RW);
        assertThat(pages.unmapped()).isEmpty();
        tables.mapping(DISK, 5, 32 * MIB, 32 * MIB, 32 * MIB, Access.READ);
        pages.of(1).passThrough(8, 5);
        assertThat(pages.unmapped()).containsExactlyInAnyOrder(DISK, 0x30008);
        assertThat(pages.isDirect(0x30008)).isTrue();
        assertThat(pages.isDirect(8)).isFalse();
        assertThat(pages.isDirect(0x10008)).as("no unit serves the segment").isTrue();
    }

    // ---- beside a model -------------------------------------------------------------------------

    @Seeds(count = 20)
    void pagesAndFramesAreThoseOfTheModel(long seed) {
        var random = new RandomStream(seed, "mapped");
        Map<String, List<DmaBuffer>> model = new HashMap<>();
        var structures = new BitSet();
        var reached = new BitSet();
        for (int i = 0; i < 300; i++) {
            long physical = (long) random.nextInt(17 << 10) << 12;
            int requester = DISK + random.nextInt(3);
            if (random.oneIn(6)) {
                tables.structure(physical, 4096);
                structures.set((int) (physical >>> 12));
            } else {
                int access = random.nextInt(4);
                long iova = 1L << 40 | (long) i << 12;
                map(requester, iova, physical, access);
                reached.set((int) (physical >>> 12));
                if (access != 0 && physical >= 16 * MIB && physical < RAM_END) {
                    model.computeIfAbsent(requester + " " + access, k -> new ArrayList<>())
                            .add(page(iova, physical));
                }
            }
        }
        model.values().forEach(list -> list.removeIf(
                p -> structures.get((int) (p.physicalAddress() >>> 12))));
        for (int requester = DISK; requester < DISK + 3; requester++) {
            assertThat(pages.readable(requester))
                    .isEqualTo(model.getOrDefault(requester + " 1", List.of()));
            assertThat(pages.writeOnly(requester))
                    .isEqualTo(model.getOrDefault(requester + " 2", List.of()));
            assertThat(pages.writable(requester))
                    .isEqualTo(model.getOrDefault(requester + " 3", List.of()));
        }
        reached.or(structures);
        assertThat(pages.reachedFrames()).isEqualTo(reached);
        assertThat(pages.unmapped()).isEmpty();
    }
}
