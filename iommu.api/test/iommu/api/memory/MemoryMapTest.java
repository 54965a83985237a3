// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.memory.MemoryMap.Region;
import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Kinds of memory by address, beside a table of all pages. */
class MemoryMapTest {

    private static final MemoryKind[] KINDS = MemoryKind.values();
    private static final int PAGE = 4096;

    private static Region region(long start, long end, MemoryKind kind) {
        return new Region(new AddressRange(start, end), kind, kind.name());
    }

    private static long hex(String text) {
        return Long.parseUnsignedLong(text.substring(2), 16);
    }

    @Seeds(count = 20)
    void everyPageIsOfItsRegionsKind(long seed) {
        var random = new RandomStream(seed, "regions");
        var table = new MemoryKind[200];
        Arrays.fill(table, MemoryKind.MMIO);
        var regions = new ArrayList<Region>();
        for (int at = random.nextInt(5); at < 190;) {
            int end = at + 1 + random.nextInt(10);
            MemoryKind kind = KINDS[random.nextInt(KINDS.length)];
            regions.add(random.nextInt(regions.size() + 1),
                    region((long) at * PAGE, (long) end * PAGE, kind));
            Arrays.fill(table, at, end, kind);
            at = end + random.nextInt(6);
        }
        var map = new MemoryMap(regions);
        assertThat(map.regions()).hasSameElementsAs(regions)
                .isSortedAccordingTo((a, b) -> Long.compare(a.range().start(), b.range().start()));
        for (int i = 0; i < 1000; i++) {
            int page = random.nextInt(table.length);
            long address = (long) page * PAGE + random.nextInt(PAGE);
            assertThat(map.kindAt(address)).as("0x%x", address).isEqualTo(table[page]);
        }
        for (MemoryKind kind : KINDS) {
            assertThat(map.ranges(kind)).isEqualTo(map.regions().stream()
                    .filter(r -> r.kind() == kind).map(Region::range).toList());
        }
        PhysicalMemory memory = map.memory(seed);
        for (int page = 0; page < table.length; page++) {
            assertThat(memory.contains((long) page * PAGE, PAGE))
                    .isEqualTo(table[page] != MemoryKind.MMIO);
        }
    }

    @ParameterizedTest
    @CsvSource({"0x7fffffffffffffff, MMIO", "0x8000000000000000, ROM",
        "0x8000000000000fff, ROM", "0x8000000000001000, MMIO", "0xffffffffffffefff, MMIO",
        "0xfffffffffffff000, FIRMWARE_RAM", "0xffffffffffffffff, FIRMWARE_RAM", "0x0, SYSTEM_RAM",
        "0xfff, SYSTEM_RAM", "0x1000, MMIO"})
    void addressesHaveNoSign(String address, MemoryKind kind) {
        var map = new MemoryMap(List.of(
                region(-4096, 0, MemoryKind.FIRMWARE_RAM),
                region(Long.MIN_VALUE, Long.MIN_VALUE + 4096, MemoryKind.ROM),
                region(0, 4096, MemoryKind.SYSTEM_RAM)));
        assertThat(map.regions()).extracting(Region::kind).containsExactly(MemoryKind.SYSTEM_RAM,
                MemoryKind.ROM, MemoryKind.FIRMWARE_RAM);
        assertThat(map.kindAt(hex(address))).isEqualTo(kind);
    }

    @ParameterizedTest(name = "{0} to {1} beside 2000h to 3fffh")
    @CsvSource({"0x0, 0x2000, true", "0x0, 0x2001, false", "0x4000, 0x5000, true",
        "0x3fff, 0x5000, false", "0x2000, 0x4000, false", "0x2800, 0x2801, false",
        "0x0, 0x8000, false"})
    void regionsMayTouchButNotOverlap(String start, String end, boolean fits) {
        Region here = region(0x2000, 0x4000, MemoryKind.ROM);
        Region other = region(hex(start), hex(end), MemoryKind.SYSTEM_RAM);
        for (List<Region> both : List.of(List.of(here, other), List.of(other, here))) {
            if (fits) {
                assertThat(new MemoryMap(both).regions()).hasSize(2);
            } else {
                assertThatIllegalArgumentException().isThrownBy(() -> new MemoryMap(both))
                        .withMessageMatching("[0-9a-f-]+ overlaps [0-9a-f-]+")
                        .withMessageContaining(here.range() + "")
                        .withMessageContaining(other.range() + "");
            }
        }
    }

    @Test
    void anEmptyMapIsAllDevices() {
        var map = new MemoryMap(List.of());
        assertThat(map.kindAt(0)).isEqualTo(MemoryKind.MMIO);
        assertThat(map.kindAt(-1)).isEqualTo(MemoryKind.MMIO);
        assertThat(map.memory(1).contains(0, 1)).isFalse();
    }

    @Test
    void aMapDoesNotChangeWithItsList() {
        var regions = new ArrayList<>(List.of(region(0, 4096, MemoryKind.ROM)));
        var map = new MemoryMap(regions);
        regions.clear();
        assertThat(map.kindAt(0)).isEqualTo(MemoryKind.ROM);
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> map.regions().clear());
    }
}
