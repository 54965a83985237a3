// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AddressRangeTest {

    private static final AddressRange TOP = new AddressRange(0xffff_ffff_ffff_f000L, 0);

    @Test
    void theEndIsTheAddressAfterTheLast() {
        AddressRange range = AddressRange.of(0x1000, 0x20);
        assertThat(range.end()).isEqualTo(0x1020);
        assertThat(range.bytes()).isEqualTo(0x20);
        assertThat(range.contains(0x1000)).isTrue();
        assertThat(range.contains(0x101f)).isTrue();
        assertThat(range.contains(0x1020)).isFalse();
        assertThat(range.contains(0xfff)).isFalse();
    }

    @Test
    void aRangeMayReachTheTopOfTheAddressSpace() {
        assertThat(TOP.bytes()).isEqualTo(0x1000);
        assertThat(TOP.contains(-1)).isTrue();
        assertThat(TOP.contains(0)).isFalse();
        assertThat(TOP.contains(-8, 8)).isTrue();
        assertThat(TOP.contains(-8, 9)).isFalse();
        assertThat(TOP).hasToString("fffffffffffff000-ffffffffffffffff");
    }

    @ParameterizedTest
    @CsvSource({"0x1000, 0x20, true", "0x1010, 0x10, true", "0x1010, 0x11, false",
        "0xfff, 1, false", "0x1000, -1, false", "0x1000, 0, true"})
    void aPieceMustLieWithinWhole(String start, long bytes, boolean within) {
        AddressRange range = AddressRange.of(0x1000, 0x20);
        assertThat(range.contains(Long.decode(start), bytes)).isEqualTo(within);
    }

    @ParameterizedTest
    @CsvSource({"0, 0x1000, false", "0, 0x1001, true", "0x101f, 0x1020, true",
        "0x1020, 0x1030, false", "0x1008, 0x1010, true", "0, 0x2000, true"})
    void rangesOverlapIfTheyShareAnAddress(String start, String end, boolean overlap) {
        AddressRange range = AddressRange.of(0x1000, 0x20);
        AddressRange other = new AddressRange(Long.decode(start), Long.decode(end));
        assertThat(range.overlaps(other)).isEqualTo(overlap);
        assertThat(other.overlaps(range)).isEqualTo(overlap);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "5, 5", "6, 5", "-1, 5"})
    void anEmptyRangeIsAMistake(long start, long end) {
        assertThatIllegalArgumentException().isThrownBy(() -> new AddressRange(start, end));
    }

    private static MemoryMap.Region region(long start, long end, MemoryKind kind) {
        return new MemoryMap.Region(new AddressRange(start, end), kind, kind.name());
    }

    @Test
    void aMapSortsItsRegionsAndLeavesHolesToDevices() {
        MemoryMap map = new MemoryMap(List.of(region(0x3000, 0x4000, MemoryKind.ROM),
                region(0x1000, 0x2000, MemoryKind.SYSTEM_RAM),
                region(0, 0x1000, MemoryKind.SYSTEM_RAM)));
        assertThat(map.regions()).extracting(r -> r.range().start())
                .containsExactly(0L, 0x1000L, 0x3000L);
        assertThat(map.ranges(MemoryKind.SYSTEM_RAM)).hasSize(2);
        assertThat(map.ranges(MemoryKind.FIRMWARE_RAM)).isEmpty();
        assertThat(map.kindAt(0x3fff)).isEqualTo(MemoryKind.ROM);
        assertThat(map.kindAt(0x2000)).isEqualTo(MemoryKind.MMIO);
        assertThat(map.kindAt(-1)).isEqualTo(MemoryKind.MMIO);
    }

    @Test
    void regionsThatOverlapAreAMistake() {
        assertThatIllegalArgumentException().isThrownBy(() -> new MemoryMap(List.of(
                region(0x1000, 0x2001, MemoryKind.ROM), region(0x2000, 0x3000, MemoryKind.MMIO))));
    }

    @Test
    void memoryOfAMapBacksAllThatAnswers() {
        PhysicalMemory memory = new MemoryMap(List.of(region(0, 0x1000, MemoryKind.SYSTEM_RAM),
                region(0x1000, 0x2000, MemoryKind.MMIO),
                region(0x2000, 0x3000, MemoryKind.FIRMWARE_RAM),
                region(0x3000, 0x4000, MemoryKind.ROM))).memory(1);
        assertThat(memory.contains(0, 0x1000)).isTrue();
        assertThat(memory.contains(0x1000, 1)).isFalse();
        assertThat(memory.contains(0x2000, 8)).isTrue();
        assertThat(memory.contains(0x3ff8, 8)).isTrue();
        assertThat(memory.contains(0x3ff8, 9)).isFalse();
    }
}
