// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux.handover;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.unit.StepRefusedException;
import iommu.vtd.linux.BenchKernel;
import iommu.vtd.linux.LinuxVtdDriver;
import iommu.vtd.linux.Recordings;
import iommu.vtd.linux.settings.ScalableMode;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What a kernel prints of a unit that it finds after reset, beside recorded boots; skipped where
 * these are absent. Lines about tables, command line and the end of it all are not the driver's.
 */
class RecordedBootTest {

    private static final List<String> NOT_THE_DRIVERS = List.of("IOMMU enabled",
            "scalable mode if", "Host address width", "DRHD base", "reg_base_addr", "No RMRR",
            "No ATSR", "No SATC", "IOAPIC id", "Intel(R) Virtualization");

    @ParameterizedTest
    @CsvSource({"vtd1, 6.1, OFF, ECAP", "vtdsm1, 6.1, ON, SCALABLE", "vtd_pt, 6.1, OFF, ECAP",
        "vtd39_612_lazy, 6.12, OFF, ECAP"})
    void theLinesAreThoseOfTheRecordedBoot(String capture, String kernel, ScalableMode mode,
            String ecap) throws IOException, StepRefusedException {
        var bench = ecap.equals("ECAP") ? BenchKernel.legacy() : BenchKernel.scalable();
        LinuxVtdDriver driver =
                bench.driver(BenchKernel.with(BenchKernel.profile(kernel), mode));
        driver.initialiseInterrupts();
        driver.startClean();

        assertThat(bench.console).isNotEmpty().isEqualTo(Recordings.console(capture)
                .stream().filter(line -> NOT_THE_DRIVERS.stream().noneMatch(line::contains))
                .toList());
    }
}
