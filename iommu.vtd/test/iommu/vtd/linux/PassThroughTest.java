// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.profile.KernelProfile;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.StepRefusedException;
import iommu.vtd.linux.settings.ScalableMode;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Kernels that have requests pass unchanged (iommu=pt). */
class PassThroughTest {

    private static final int NIC = 0x0100;
    private static final int DISK = 0x0200;
    private static final long IOVA = 0xffff_8000L;

    private static KernelProfile passing(String kernel) {
        return BenchKernel.profile(kernel).with(KernelProfile.PASS_THROUGH, 1);
    }

    /** Kernels before 5.3 attach nothing else before translation is on. */
    @ParameterizedTest
    @ValueSource(strings = {"4.9", "6.1"})
    void requestsPassFromTheStartOfACleanTable(String kernel) throws StepRefusedException {
        var bench = BenchKernel.legacy();
        bench.functions = List.of(NIC, DISK);
        LinuxVtdDriver driver = bench.driver(passing(kernel));
        driver.initialiseInterrupts();
        driver.allocateTables();
        driver.setTables();
        if (kernel.equals("6.1")) {
            driver.probeFunctions();
        }
        driver.enableTranslation();
        assertThat(driver.passesThrough()).isTrue();
        assertThat(bench.address(NIC, 0x123_4000)).isEqualTo(0x123_4000);
        assertThat(bench.address(DISK, 0x123_4000)).isEqualTo(0x123_4000);
        assertThat(driver.domain(NIC)).isEqualTo(driver.domain(DISK));
    }

    @ParameterizedTest
    @CsvSource({"4.10, true", "5.10, true", "5.11, false", "6.1, false"})
    void copiedEntriesStayUntilTheDriverOfTheirFunctionMapsOrForEver(String kernel,
            boolean attaches) throws StepRefusedException {
        var bench = BenchKernel.legacy();
        bench.functions = List.of(NIC, DISK);
        bench.firstKernel(ScalableMode.OFF).map(NIC, IOVA, 0x10_0000, 0x1000, Access.READ);
        bench.captureKernelPages();
        LinuxVtdDriver second = bench.driver(passing(kernel));
        second.initialiseInterrupts();
        second.adoptTables(AdoptDepth.CONTEXTS);
        assertThat(bench.address(NIC, IOVA)).as("through the old table").isEqualTo(0x10_0000);
        assertThat(second.domain(NIC)).isEqualTo(second.domain(DISK));
        assertThat(bench.address(NIC, IOVA)).isEqualTo(attaches ? IOVA : 0x10_0000);
        assertThat(bench.address(NIC, 0x123_4000)).isEqualTo(attaches ? 0x123_4000 : -0x06);
        assertThat(bench.address(DISK, 0x123_4000)).as("mapped nothing under the first kernel")
                .isEqualTo(attaches ? 0x123_4000 : -0x06);
    }

    @Test
    void unitsThatCannotLetThemPassMapThem() {
        var bench = new BenchKernel(BenchKernel.CAP, BenchKernel.ECAP & ~0x40L, Map.of());
        assertThat(bench.driver(passing("6.1")).passesThrough()).isFalse();
        assertThat(bench.driver("6.1").passesThrough()).isFalse();
    }
}
