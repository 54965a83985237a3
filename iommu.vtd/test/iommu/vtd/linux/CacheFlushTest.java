// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.unit.Translation;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.linux.settings.ScalableMode;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A kernel that forgets to write its caches back is found out by a unit that does not snoop. */
class CacheFlushTest {

    @ParameterizedTest(name = "snoops {0}, forgets {1}: works {2}")
    @CsvSource({"false, false, true", "false, true, false", "true, true, true"})
    void tablesAreSeenOnceTheyAreFlushed(boolean snoops, boolean forgets, boolean works) {
        long ecap = ExtendedCapability.C.with(BenchKernel.ECAP, snoops ? 1 : 0);
        var bench = new BenchKernel(BenchKernel.CAP, ecap, Map.of());
        bench.forgetsToFlush = forgets;
        var driver = bench.firstKernel(ScalableMode.OFF);
        driver.map(0x100, 0xffff_8000L, 0x10_0000, 0x1000, Access.READ);
        long t = bench.unit.translate(0x100, 0xffff_8000L, Access.READ);
        assertThat(!Translation.isBlocked(t)).isEqualTo(works);
    }
}
