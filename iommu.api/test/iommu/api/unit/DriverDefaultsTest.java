// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What a kernel's code for a unit does that implements the least. */
class DriverDefaultsTest {

    private final UnitDriver least = new LeastDriver();

    @Test
    void everyFunctionHasADomainOfItsOwn() {
        assertThat(least.domain(8)).isEqualTo(least.domain(8)).isNotEqualTo(least.domain(16));
    }

    @Test
    void nothingIsDoneAtTheCrashAndFaultsAreAnnouncedLate() {
        least.crash();
        assertThat(least.hasTables()).isTrue();
        assertThat(least.faultInterruptEnabled()).isFalse();
    }
}
