// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What a kernel's code for a unit does that implements the least. */
class DriverDefaultsTest {

    private final UnitDriver least = new UnitDriver() {
        @Override
        public void resume() { }

        @Override
        public void initialiseInterrupts() { }

        @Override
        public void disableTranslation() { }

        @Override
        public void startClean() { }

        @Override
        public void adoptTables(AdoptDepth depth) { }

        @Override
        public void enableFaultInterrupt() { }

        @Override
        public void handleFaults() { }

        @Override
        public void map(int requester, long iova, long physicalAddress, long bytes,
                int access) { }

        @Override
        public void unmap(int requester, long iova, long bytes) { }

        @Override
        public void flush() { }
    };

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
