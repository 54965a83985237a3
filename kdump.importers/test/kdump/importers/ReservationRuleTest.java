// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.sim.RandomStream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReservationRuleTest {

    private static final long MIB = 1 << 20;
    private static final long FOUR_GIB = 1L << 32;

    private static AddressRange mib(long start, long end) {
        return new AddressRange(start * MIB, end * MIB);
    }

    private static AddressRange page(long address) {
        return AddressRange.of(address, 0x1000);
    }

    private static AddressRange choose(List<AddressRange> ram, AddressRange... captured) {
        return new ReservationRule(ram, List.of(captured)).choose().range();
    }

    @ParameterizedTest
    @CsvSource({"64, 32", "128, 32", "191, 32", "192, 48", "256, 64", "300, 64", "1024, 256",
        "3000, 256"})
    void theSizeIsAQuarterWithinBounds(long ramMib, long sizeMib) {
        AddressRange chosen = choose(List.of(mib(0, ramMib)));
        assertThat(chosen.bytes()).isEqualTo(sizeMib * MIB);
    }

    @Test
    void thePlaceIsTheHighestMultipleThatFits() {
        assertThat(choose(List.of(mib(1, 191)))).isEqualTo(mib(144, 176));
        assertThat(choose(List.of(mib(1, 192)))).isEqualTo(mib(160, 192));
    }

    @Test
    void memoryAboveFourGibCountsButIsNotUsed() {
        assertThat(choose(List.of(mib(0, 64), mib(4096, 8192)))).isEqualTo(mib(0, 64));
        assertThat(choose(List.of(mib(3800, 8192)))).isEqualTo(mib(3840, 4096));
        assertThat(choose(List.of(mib(4096, 8192)))).isNull();
    }

    @Test
    void aCapturedPageMovesThePlaceDown() {
        List<AddressRange> ram = List.of(mib(0, 128));
        assertThat(choose(ram, page(127 * MIB))).isEqualTo(mib(80, 112));
        assertThat(choose(ram, page(96 * MIB - 0x1000))).isEqualTo(mib(96, 128));
        assertThat(choose(ram, page(96 * MIB))).isEqualTo(mib(64, 96));
    }

    @Test
    void aSmallerReservationIsTakenWhereTheWantedOneDoesNotFit() {
        assertThat(choose(List.of(mib(0, 128)), page(20 * MIB), page(50 * MIB), page(70 * MIB),
                page(100 * MIB))).isEqualTo(mib(112, 128));
    }

    @Test
    void withoutRoomThereIsNone() {
        var choice = new ReservationRule(List.of(mib(1, 16)), List.of()).choose();
        assertThat(choice.range()).isNull();
        assertThat(choice.remark()).contains("no 16 MiB");
        assertThat(choose(List.of())).isNull();
        assertThat(choose(List.of(mib(0, 32)), page(0), page(31 * MIB))).isNull();
    }

    @Test
    void theRangeMustHoldAllOfIt() {
        assertThat(choose(List.of(mib(0, 40), mib(50, 70), mib(72, 82)))).isEqualTo(mib(0, 32));
    }

    @Test
    void theRemarkSaysWhatWasChosen() {
        assertThat(new ReservationRule(List.of(mib(0, 128)), List.of()).choose().remark())
                .contains("chosen by rule: 32 MiB at 06000000-07ffffff");
    }

    @Test
    void theChoiceAgreesWithTryingEveryPlace() {
        RandomStream random = new RandomStream(Long.getLong("lab.seed", 1), "reservation");
        for (int round = 0; round < 500; round++) {
            List<AddressRange> ram = List.of(mib(1, 2 + random.nextInt(300)),
                    mib(400, 401 + random.nextInt(200)), mib(4000, 4200));
            List<AddressRange> captured = new ArrayList<>();
            for (int i = random.nextInt(30); i > 0; i--) {
                captured.add(page(random.nextInt(600 * 256) * 4096L));
            }
            assertThat(new ReservationRule(ram, captured).choose().range())
                    .as("round " + round).isEqualTo(byTrying(ram, captured));
        }
    }

    private static AddressRange byTrying(List<AddressRange> ram, List<AddressRange> captured) {
        long total = ram.stream().mapToLong(AddressRange::bytes).sum();
        long wanted = Math.max(32 * MIB, Math.min(256 * MIB, total / 4)) / (16 * MIB) * 16 * MIB;
        for (long bytes = wanted; bytes > 0; bytes -= 16 * MIB) {
            for (long start = FOUR_GIB - bytes; start >= 0; start -= 16 * MIB) {
                AddressRange place = AddressRange.of(start, bytes);
                if (ram.stream().anyMatch(r -> r.contains(place.start(), place.bytes()))
                        && captured.stream().noneMatch(place::overlaps)) {
                    return place;
                }
            }
        }
        return null;
    }
}
