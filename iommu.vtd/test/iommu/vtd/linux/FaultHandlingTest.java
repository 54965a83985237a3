// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.unit.StepRefusedException;
import iommu.vtd.Capability;
import iommu.vtd.VtdRegisters;
import iommu.vtd.linux.settings.ScalableMode;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The lines are those of the recorded consoles. */
class FaultHandlingTest {

    private static final int BRIDGE = 0x0600;
    private static final int NIC = 0x0100;

    private static BenchKernel bench(long cap, boolean scalable, Map<String, Long> settings) {
        return new BenchKernel(cap,
                scalable ? BenchKernel.SCALABLE_ECAP : BenchKernel.ECAP, settings);
    }

    private static LinuxVtdDriver booted(BenchKernel bench, ScalableMode mode) {
        LinuxVtdDriver driver = bench.firstKernel(mode);
        driver.map(BRIDGE, 0x1000, 0x10_0000, 0x1000, Access.READ);
        driver.map(NIC, 0x1000, 0x10_0000, 0x1000, Access.READ);
        bench.console.clear();
        bench.interrupts = 0;
        return driver;
    }

    @Test
    void aFaultIsAnnouncedPrintedAndCleared() {
        var bench = BenchKernel.legacy();
        LinuxVtdDriver driver = booted(bench, ScalableMode.OFF);
        bench.unit.translate(BRIDGE, 0xffff_e7f4L, Access.READ);
        assertThat(bench.interrupts).isEqualTo(1);
        driver.handleFaults();
        assertThat(bench.console).containsExactly(
                "DMAR: DRHD: handling fault status reg 2",
                "DMAR: [DMA Read NO_PASID] Request device [06:00.0] fault addr 0xffffe000 "
                        + "[fault reason 0x06] PTE Read access is not set");
        assertThat(bench.get(VtdRegisters.FSTS)).isZero();
        bench.unit.translate(NIC, 0x1004, Access.WRITE);
        assertThat(bench.interrupts).isEqualTo(2);
        driver.handleFaults();
        assertThat(bench.console).last().isEqualTo(
                "DMAR: [DMA Write NO_PASID] Request device [01:00.0] fault addr 0x1000 "
                        + "[fault reason 0x05] PTE Write access is not set");
    }

    @Test
    void withTheEmulatorsQuirksTheLinesAreThoseOfTheMixedHandOver() {
        var bench = bench(BenchKernel.CAP, true,
                Map.of("qemuRecordPasid", 1L, "scalableLegacyReasons", 1L));
        LinuxVtdDriver driver = booted(bench, ScalableMode.ON);
        bench.unit.translate(BRIDGE, 0xffff_e800L, Access.READ);
        bench.unit.translate(BRIDGE, 0xffff_e804L, Access.READ);
        driver.handleFaults();
        assertThat(bench.console).containsExactly(
                "DMAR: DRHD: handling fault status reg 3",
                "DMAR: [DMA Read PASID 0x0] Request device [06:00.0] fault addr 0xffffe000 "
                        + "[fault reason 0x06] PTE Read access is not set");
        assertThat(bench.get(VtdRegisters.FSTS)).isZero();
    }

    @Test
    void scalableReasonsHaveTheirOwnSentences() {
        var bench = bench(BenchKernel.CAP, true, Map.of());
        LinuxVtdDriver driver = booted(bench, ScalableMode.ON);
        bench.unit.translate(0x80a0, 0x0e_8175_9000L, Access.READ);
        driver.handleFaults();
        assertThat(bench.console).last().isEqualTo(
                "DMAR: [DMA Read NO_PASID] Request device [80:14.0] fault addr 0xe81759000 "
                        + "[fault reason 0x39] SM: Present bit in Root Entry is clear");
    }

    @Test
    void allPendingRecordsArePrintedFromTheFirstOn() {
        long cap = Capability.NFR.with(BenchKernel.CAP, 3);
        var bench = bench(cap, false, Map.of());
        LinuxVtdDriver driver = booted(bench, ScalableMode.OFF);
        bench.unit.translate(NIC, 0x7000, Access.READ);
        driver.handleFaults();
        bench.console.clear();
        for (int i = 0; i < 6; i++) {
            bench.unit.translate(NIC, 0x10_0000 + i * 0x1000L, Access.READ);
        }
        driver.handleFaults();
        assertThat(bench.console).hasSize(5);
        assertThat(bench.console.get(0)).endsWith("status reg 103");
        for (int i = 0; i < 4; i++) {
            assertThat(bench.console.get(i + 1)).contains("fault addr 0x10" + i + "000 ");
        }
        assertThat(bench.get(VtdRegisters.FSTS) & 3).isZero();
    }

    @Test
    void tenLinesInFiveSecondsAreLetThroughEachSilentLookCounting() {
        var bench = BenchKernel.legacy();
        LinuxVtdDriver driver = booted(bench, ScalableMode.OFF);
        for (int i = 0; i < 20; i++) {
            bench.unit.translate(BRIDGE, 0xffff_e000L, Access.READ);
            driver.handleFaults();
        }
        assertThat(bench.console).filteredOn(l -> l.contains("handling fault")).hasSize(4);
        assertThat(bench.console).filteredOn(l -> l.contains("fault addr")).hasSize(3);
        assertThat(bench.console).last().asString().contains("handling fault status reg 2");
        bench.now += 6_000_000_000L;
        bench.unit.translate(BRIDGE, 0xffff_e000L, Access.READ);
        driver.handleFaults();
        assertThat(bench.console.get(7)).isEqualTo("dmar_fault: 50 callbacks suppressed");
        assertThat(bench.console).hasSize(10);
    }

    @Test
    void heldBackFaultsAreClearedAllTheSame() {
        var bench = BenchKernel.legacy();
        LinuxVtdDriver driver = booted(bench, ScalableMode.OFF);
        for (int i = 0; i < 20; i++) {
            bench.unit.translate(BRIDGE, 0xffff_e000L, Access.READ);
            driver.handleFaults();
            assertThat(bench.get(VtdRegisters.FSTS)).isZero();
        }
        assertThat(bench.interrupts).isEqualTo(20);
    }

    @Test
    void faultsLeftOverByTheCrashedKernelArePrintedAtT4() {
        var bench = BenchKernel.legacy();
        booted(bench, ScalableMode.OFF);
        bench.unit.translate(BRIDGE, 0xffff_e000L, Access.READ);
        bench.captureKernelPages();
        bench.driver().initialiseInterrupts();
        assertThat(bench.console.get(0)).isEqualTo("DMAR: DRHD: handling fault status reg 2");
        assertThat(bench.get(VtdRegisters.FSTS)).isZero();
    }

    @Test
    void interruptRemappingFaultsNameTheIndex() {
        var bench = new BenchKernel(Map.of(0x220, 0, 0x224, 0x003b_0000, 0x228, 0x0088,
                0x22c, 0x8000_0026), Map.of());
        bench.driver().handleFaults();
        assertThat(bench.console).last().isEqualTo("DMAR: [INTR-REMAP] Request device [00:11.0] "
                + "fault index 0x3b [fault reason 0x26] Blocked an interrupt request due to "
                + "source-id verification failure");
    }

    @Test
    void aReasonWithoutSentenceIsUnknown() {
        var bench = new BenchKernel(Map.of(0x228, 0x0088, 0x22c, 0x8000_00f0), Map.of());
        bench.driver().handleFaults();
        assertThat(bench.console).last().asString().endsWith("[fault reason 0xf0] Unknown");
    }

    @Test
    void withNothingPendingNothingIsDone() {
        var bench = BenchKernel.legacy();
        LinuxVtdDriver driver = booted(bench, ScalableMode.OFF);
        bench.written.clear();
        driver.handleFaults();
        assertThat(bench.console).isEmpty();
        assertThat(bench.written).isEmpty();
    }

    @Test
    void faultsAreAnnouncedFromT4OnAndNotUnmaskedAgainAtT6() throws StepRefusedException {
        var bench = BenchKernel.legacy();
        LinuxVtdDriver driver = bench.driver();
        assertThat(driver.faultInterruptEnabled()).isFalse();
        driver.initialiseInterrupts();
        assertThat(driver.faultInterruptEnabled()).isTrue();
        assertThat(bench.get(VtdRegisters.FECTL)).isZero();
        driver.startClean();
        bench.written.clear();
        driver.enableFaultInterrupt();
        assertThat(bench.written).isEmpty();
    }

    @Test
    void withoutInterruptRemappingT6Unmasks() {
        var bench = new BenchKernel(BenchKernel.CAP, BenchKernel.ECAP & ~(1L << 3), Map.of());
        LinuxVtdDriver driver = bench.driver();
        driver.initialiseInterrupts();
        assertThat(driver.faultInterruptEnabled()).isFalse();
        driver.enableFaultInterrupt();
        assertThat(bench.get(VtdRegisters.FECTL)).isZero();
    }

    @Test
    void theFaultMessageIsSetBeforeItIsUnmasked() {
        var bench = BenchKernel.legacy();
        LinuxVtdDriver driver = bench.driver();
        driver.enableFaultInterrupt();
        assertThat(bench.written).containsExactly(0x3c, 0x40, 0x44, 0x38);
        assertThat(bench.get(VtdRegisters.FECTL)).isZero();
        assertThat(bench.get(VtdRegisters.FEADDR)).isEqualTo(0xfee0_1004L);
    }
}
