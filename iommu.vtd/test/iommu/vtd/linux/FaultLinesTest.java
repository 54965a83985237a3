// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.vtd.linux.settings.ScalableMode;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Lines as consoles of the versions show them. */
class FaultLinesTest {

    private static final int NIC = 0x0210;

    /** What a kernel prints about one blocked write. */
    private static List<String> console(String kernel, long iova) {
        var bench = BenchKernel.legacy();
        bench.firstKernel(ScalableMode.OFF).map(NIC, 0x1000, 0x10_0000, 0x1000, Access.READ);
        bench.console.clear();
        bench.unit.translate(NIC, iova, Access.WRITE);
        bench.driver(kernel).handleFaults();
        return bench.console;
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "3.5 |DRHD: handling fault status reg 2",
        "3.6 |dmar: DRHD: handling fault status reg 2",
        "4.1 |dmar: DRHD: handling fault status reg 2",
        "4.2 |DMAR: DRHD: handling fault status reg 2",
        "6.1 |DMAR: DRHD: handling fault status reg 2"})
    void theStatusLine(String kernel, String line) {
        assertThat(console(kernel, 0xffff_e123L)).first().isEqualTo(line);
    }

    @ParameterizedTest
    @CsvSource({"2.6.34, ''", "3.5, ''", "3.6, 'dmar: '", "4.1, 'dmar: '", "4.2, 'DMAR: '",
            "4.5, 'DMAR: '"})
    void aFaultTookTwoLines(String kernel, String prefix) {
        assertThat(console(kernel, 0xffff_e123L).subList(1, 3)).containsExactly(
                prefix + "DMAR:[DMA Write] Request device [02:02.0] fault addr ffffe000 ",
                "DMAR:[fault reason 05] PTE Write access is not set");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "4.6 |[DMA Write] Request device [02:02.0] fault addr ffffe000 [fault reason 05]",
        "5.3 |[DMA Write] Request device [02:02.0] fault addr ffffe000 [fault reason 05]",
        "5.4 |[DMA Write] Request device [02:02.0] PASID ffffffff fault addr ffffe000"
                + " [fault reason 05]",
        "5.13|[DMA Write] Request device [02:02.0] PASID ffffffff fault addr ffffe000"
                + " [fault reason 05]",
        "5.14|[DMA Write NO_PASID] Request device [0x02:0x02.0] fault addr 0xffffe000"
                + " [fault reason 0x05]",
        "5.15|[DMA Write NO_PASID] Request device [02:02.0] fault addr 0xffffe000"
                + " [fault reason 0x05]",
        "6.12|[DMA Write NO_PASID] Request device [02:02.0] fault addr 0xffffe000"
                + " [fault reason 0x05]"})
    void thenOne(String kernel, String line) {
        assertThat(console(kernel, 0xffff_e123L)).hasSize(2).last()
                .isEqualTo("DMAR: " + line + " PTE Write access is not set");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "3.6 |INTR-REMAP:[fault reason 38]",
        "4.6 |DMAR: [INTR-REMAP] Request device [00:11.0] fault index 3b [fault reason 38]",
        "5.14|DMAR: [INTR-REMAP] Request device [0x00:0x11.0] fault index 0x3b"
                + " [fault reason 0x26]",
        "6.1 |DMAR: [INTR-REMAP] Request device [00:11.0] fault index 0x3b [fault reason 0x26]"})
    void interruptFaults(String kernel, String line) {
        var bench = new BenchKernel(Map.of(0x220, 0, 0x224, 0x003b_0000, 0x228, 0x0088,
                0x22c, 0x8000_0026), Map.of());
        bench.driver(kernel).handleFaults();
        assertThat(bench.console).last().isEqualTo(line
                + " Blocked an interrupt request due to source-id verification failure");
    }

    @Test
    void theOldInterruptLineHadABracketTooMany() {
        var bench = new BenchKernel(Map.of(0x220, 0, 0x224, 0x003b_0000, 0x228, 0x0088,
                0x22c, 0x8000_0026), Map.of());
        bench.driver("3.6").handleFaults();
        assertThat(bench.console.get(1))
                .isEqualTo("dmar: INTR-REMAP: Request device [[00:11.0] fault index 3b");
    }

    @ParameterizedTest
    @CsvSource({"5.3, '[fault reason 57] Unknown'",
            "5.4, '[fault reason 57] SM: Present bit in Root Entry is clear'",
            "5.14, '[fault reason 0x39] SM: Present bit in Root Entry is clear'"})
    void reasonsOfScalableModeWereUnknownAtFirst(String kernel, String tail) {
        var bench = new BenchKernel(Map.of(0x228, 0x0088, 0x22c, 0x8000_0039), Map.of());
        bench.driver(kernel).handleFaults();
        assertThat(bench.console).last().asString().endsWith(tail);
    }

    @ParameterizedTest
    @CsvSource({"4.5, 60", "4.6, 7"})
    void linesAreHeldBackFrom46On(String kernel, int lines) {
        var bench = BenchKernel.legacy();
        bench.firstKernel(ScalableMode.OFF);
        bench.console.clear();
        LinuxVtdDriver driver = bench.driver(kernel);
        for (int i = 0; i < 20; i++) {
            bench.unit.translate(NIC, 0xffff_e000L, Access.READ);
            driver.handleFaults();
        }
        assertThat(bench.console).hasSize(lines);
    }
}
