// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Where a machine without a crash reservation gets one. */
class ReservationRuleTest {

    private static final long MIB = 1 << 20;

    private static AddressRange mib(long from, long to) {
        return new AddressRange(from * MIB, to * MIB);
    }

    private static BitSet used(long... mib) {
        var set = new BitSet();
        for (long m : mib) {
            set.set((int) (m * MIB / 4096 + 17));
        }
        return set;
    }

    @Test
    void isTheLongestFreeStretch() {
        assertThat(ReservationRule.choose(List.of(mib(1, 192)), used(40, 100, 150)))
                .isEqualTo(mib(41, 100));
    }

    @Test
    void isAtMost256MibFromTheEndOfItsStretch() {
        assertThat(ReservationRule.choose(List.of(mib(16, 2048)), used()))
                .isEqualTo(mib(2048 - 256, 2048));
    }

    @Test
    void liesBelowFourGigabytesAndAbove16Mib() {
        assertThat(ReservationRule.choose(List.of(mib(0, 15), mib(4096, 9000)), used())).isNull();
        assertThat(ReservationRule.choose(List.of(mib(0, 64), mib(4096, 9000)), used()))
                .isEqualTo(mib(16, 64));
    }

    @Test
    void isNotThereIfNoStretchIsLongEnough() {
        assertThat(ReservationRule.choose(List.of(mib(16, 64)), used(30, 45, 55))).isNull();
    }

    @Test
    void neverCrossesAHole() {
        assertThat(ReservationRule.choose(List.of(mib(16, 40), mib(41, 60)), used()))
                .isEqualTo(mib(16, 40));
    }
}
