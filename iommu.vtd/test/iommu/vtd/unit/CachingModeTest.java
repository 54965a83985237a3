// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.unit.Translation;
import iommu.vtd.Capability;
import iommu.vtd.PasidEntry;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CachingModeTest {

    private static final long IOVA = 0x7000L;
    private static final long PAGE = 0x45_6000L;

    private Bench bench;

    private void use(boolean cachingMode) {
        bench = Bench.legacy(Bench.cap(Capability.CM, cachingMode ? 1 : 0), Bench.ECAP, Map.of());
    }

    @ParameterizedTest(name = "CM {0}")
    @ValueSource(booleans = {false, true})
    void anAbsentContextIsCachedUnderDomainZeroInCachingModeOnly(boolean cachingMode) {
        use(cachingMode);
        assertThat(Translation.reason(bench.read(IOVA))).isEqualTo(0x01);
        bench.map(bench.context(Bench.DEVICE, Bench.DOMAIN, 4), IOVA, PAGE, 3);
        assertThat(Translation.isBlocked(bench.read(IOVA))).isEqualTo(cachingMode);
        bench.submit(0x70021, 0);
        assertThat(Translation.isBlocked(bench.read(IOVA)))
                .as("after another domain's").isEqualTo(cachingMode);
        bench.submit(0x21, 0);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(PAGE);
    }

    @ParameterizedTest(name = "CM {0}")
    @ValueSource(booleans = {false, true})
    void anAbsentPageIsCachedUnderItsDomainInCachingModeOnly(boolean cachingMode) {
        use(cachingMode);
        long table = bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        assertThat(Translation.reason(bench.read(IOVA))).isEqualTo(0x06);
        bench.map(table, IOVA, PAGE, 3);
        for (int i = 0; i < 2; i++) {
            assertThat(Translation.isBlocked(bench.read(IOVA))).isEqualTo(cachingMode);
        }
        bench.submit(0x32, IOVA);
        assertThat(Translation.isBlocked(bench.read(IOVA)))
                .as("after domain 0's").isEqualTo(cachingMode);
        bench.submit(0x70032, IOVA);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(PAGE);
    }

    @ParameterizedTest(name = "CM {0}")
    @ValueSource(booleans = {false, true})
    void anErroneousPageIsCachedLikeAnAbsentOne(boolean cachingMode) {
        use(cachingMode);
        long table = bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        bench.map(table, IOVA, PAGE, 3 | 1 << 11);
        assertThat(Translation.reason(bench.read(IOVA))).isEqualTo(0x0c);
        bench.map(table, IOVA, PAGE, 3);
        assertThat(Translation.isBlocked(bench.read(IOVA))).isEqualTo(cachingMode);
        bench.invalidateIotlb();
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(PAGE);
    }

    @Test
    void aRightThatIsLackingIsNotCached() {
        use(true);
        long table = bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        bench.map(table, IOVA, PAGE, Access.READ);
        assertThat(Translation.reason(bench.write(IOVA))).isEqualTo(0x05);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(PAGE);
        bench.map(table, IOVA, PAGE, 3);
        assertThat(Translation.address(bench.write(IOVA))).isEqualTo(PAGE);
    }

    @ParameterizedTest(name = "CM {0}")
    @CsvSource({"0", "1"})
    void anAbsentPasidEntryIsCachedUnderDomainZeroInCachingModeOnly(int cachingMode) {
        var pasid = new PasidBench(Capability.CM.with(PasidBench.CAP, cachingMode),
                PasidBench.ECAP, Map.of());
        assertThat(Translation.reason(pasid.read())).isEqualTo(0x59);
        pasid.write(1, PasidBench.DOMAIN);
        pasid.write(0, Bench.pasidWord(0, PasidEntry.PGTT_PASS_THROUGH, 0));
        assertThat(Translation.isBlocked(pasid.translate(0x5000, Access.READ)))
                .isEqualTo(cachingMode == 1);
        pasid.bench.submit(0x4500210017L, 0);
        assertThat(Translation.isBlocked(pasid.translate(0x5000, Access.READ)))
                .as("after its new domain's").isEqualTo(cachingMode == 1);
        pasid.bench.submit(0x4500000017L, 0);
        assertThat(Translation.address(pasid.translate(0x5000, Access.READ))).isEqualTo(0x5000);
    }

    @Test
    void aCachedFaultKeepsToFaultProcessingDisable() {
        use(true);
        bench.memory.write64(bench.contextEntry(Bench.DEVICE), 2);
        bench.read(IOVA);
        bench.read(IOVA);
        assertThat(bench.recorded).containsExactly(false, false);
    }
}
