// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import kdump.scenarios.trial.Rate;
import org.junit.jupiter.api.Test;

/** Wilson's intervals, against numbers that anybody can look up. */
class RateTest {

    @Test
    void theIntervalIsWilsons() {
        var rate = new Rate(15, 50); // Brown, Cai and DasGupta's formula, by hand
        assertThat(rate.low()).isCloseTo(0.1910, within(1e-4));
        assertThat(rate.high()).isCloseTo(0.4375, within(1e-4));
        assertThat(new Rate(0, 30).low()).isZero();
        assertThat(new Rate(0, 30).high()).isCloseTo(0.1135, within(1e-4));
    }

    @Test
    void belowMeansBeyondChance() {
        assertThat(new Rate(5, 30).isBelow(new Rate(30, 30))).isTrue();
        assertThat(new Rate(12, 30).isBelow(new Rate(18, 30))).isFalse();
        assertThat(new Rate(30, 30).isBelow(new Rate(5, 30))).isFalse();
    }
}
