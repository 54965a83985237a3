// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.Access;
import iommu.api.unit.StepRefusedException;
import iommu.vtd.VtdRegisters;
import iommu.vtd.linux.BenchKernel;
import iommu.vtd.linux.LinuxVtdDriver;
import iommu.vtd.linux.settings.ScalableMode;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Units that go on without a window and without their old tables: blocked, or with one page. */
class BlockedStartTest {

    private static final int NIC = 0x0100;
    private static final int DISK = 0x0408;
    private static final long IOVA = 0xffff_8000L;
    private static final int RW = Access.READ | Access.WRITE;

    private static BenchKernel crashed(ScalableMode mode) {
        var bench = BenchKernel.scalable();
        bench.functions = List.of(NIC, DISK);
        LinuxVtdDriver first = bench.firstKernel(mode);
        first.map(NIC, IOVA, 0x10_0000, 0x2000, RW);
        first.map(DISK, IOVA, 0x11_0000, 0x1000, RW);
        assertThat(bench.address(NIC, IOVA)).as("cached").isEqualTo(0x10_0000);
        bench.captureKernelPages();
        return bench;
    }

    @ParameterizedTest
    @CsvSource({"4.2, OFF", "6.1, OFF", "6.1, ON", "7.1, ON"})
    void blockedDevicesNeverPassUntranslated(String version, ScalableMode mode)
            throws StepRefusedException {
        var bench = crashed(mode);
        LinuxVtdDriver second =
                bench.driver(BenchKernel.with(BenchKernel.profile(version), mode));
        second.initialiseInterrupts();
        second.startBlocked();
        assertThat(bench.switched).as("never off").isEmpty();
        assertThat(bench.address(NIC, IOVA)).isNegative();
        assertThat(bench.address(DISK, IOVA)).isNegative();
        second.map(NIC, IOVA, 0x210_0000, 0x1000, RW);
        assertThat(bench.address(NIC, IOVA)).isEqualTo(0x210_0000);
        assertThat(bench.address(DISK, IOVA)).isNegative();
    }

    @ParameterizedTest
    @EnumSource(value = ScalableMode.class, names = {"OFF", "ON"})
    void allAddressesOfAllFunctionsLeadToOnePage(ScalableMode mode) throws StepRefusedException {
        var bench = crashed(mode);
        LinuxVtdDriver second = bench.driver(mode);
        second.initialiseInterrupts();
        second.mapScratch();
        assertThat(bench.switched).as("never off").isEmpty();
        long page = bench.address(NIC, IOVA);
        assertThat(page).isBetween(0x200_0000L, 0x300_0000L);
        assertThat(bench.address(NIC, 0)).isEqualTo(page);
        assertThat(bench.address(NIC, 0x12_3456_7890L)).isEqualTo(page + 0x890);
        assertThat(bench.address(DISK, IOVA + 8)).isEqualTo(page + 8);
        assertThat(bench.address(0x0500, IOVA)).as("no function").isNegative();
        assertThat(bench.memory.read64(page)).isZero();
        second.map(NIC, IOVA, 0x210_0000, 0x1000, RW);
        assertThat(bench.address(NIC, IOVA)).as("of its own").isEqualTo(0x210_0000);
        assertThat(bench.address(NIC, 0)).isNegative();
        assertThat(bench.address(DISK, IOVA)).isEqualTo(page);
    }

    @Test
    void aUnitThatIsOffIsRefusedAndLeftAsItWas() {
        var bench = BenchKernel.legacy();
        LinuxVtdDriver driver = bench.driver();
        assertThatThrownBy(driver::startBlocked).isInstanceOf(StepRefusedException.class)
                .hasMessage("translation is not enabled");
        assertThatThrownBy(driver::mapScratch).isInstanceOf(StepRefusedException.class)
                .hasMessage("translation is not enabled");
        assertThat(bench.get(VtdRegisters.RTADDR)).isZero();
    }

    @Test
    void theModeOfTablesCannotChangeWhileTheUnitIsOn() {
        var bench = crashed(ScalableMode.ON);
        LinuxVtdDriver second = bench.driver(ScalableMode.OFF);
        assertThatThrownBy(second::startBlocked).isInstanceOf(StepRefusedException.class)
                .hasMessageContaining("translation table mode");
        assertThat(bench.address(NIC, IOVA)).as("nothing was changed").isEqualTo(0x10_0000);
    }

    @ParameterizedTest
    @EnumSource(value = ScalableMode.class, names = {"OFF", "ON"})
    void onePanickedKernelBlocksOneFunctionAndTheUnitStaysOn(ScalableMode mode)
            throws StepRefusedException {
        var bench = BenchKernel.scalable();
        bench.functions = List.of(NIC, DISK);
        LinuxVtdDriver first = bench.firstKernel(mode);
        first.map(NIC, IOVA, 0x10_0000, 0x2000, RW);
        first.map(DISK, IOVA, 0x11_0000, 0x1000, RW);
        bench.address(NIC, IOVA);
        bench.switched.clear();
        first.block(NIC);
        assertThat(bench.address(NIC, IOVA)).as("cached no more").isNegative();
        assertThat(bench.address(DISK, IOVA)).isEqualTo(0x11_0000);
        assertThat(bench.switched).isEmpty();
    }

    @Test
    void whatSharesTheRequesterIdIsBlockedWithIt() throws StepRefusedException {
        var bench = BenchKernel.legacy();
        bench.aliases.put(NIC, List.of(NIC, DISK));
        bench.aliases.put(NIC + 1, List.of(NIC + 1, DISK));
        LinuxVtdDriver first = bench.firstKernel(ScalableMode.OFF);
        first.map(NIC, IOVA, 0x10_0000, 0x1000, RW);
        first.block(NIC + 1);
        assertThat(bench.address(DISK, IOVA)).as("the bridge's id").isNegative();
        assertThat(bench.address(NIC, IOVA)).isEqualTo(0x10_0000);
    }

    @Test
    void aBlockedFunctionGetsAnEmptyDomainWhenItsDriverMaps() throws StepRefusedException {
        var bench = crashed(ScalableMode.OFF);
        LinuxVtdDriver second = bench.driver();
        second.initialiseInterrupts();
        second.adoptTables(iommu.api.unit.AdoptDepth.CONTEXTS);
        second.block(NIC);
        assertThat(bench.address(NIC, IOVA)).isNegative();
        second.map(NIC, IOVA + 0x1000, 0x210_0000, 0x1000, RW);
        assertThat(bench.address(NIC, IOVA + 0x1000)).isEqualTo(0x210_0000);
        assertThat(bench.address(NIC, IOVA)).isNegative();
        second.block(NIC);
        assertThat(bench.address(NIC, IOVA + 0x1000)).as("a domain of its own").isNegative();
        second.map(NIC, IOVA, 0x211_0000, 0x1000, RW);
        assertThat(bench.address(NIC, IOVA)).isEqualTo(0x211_0000);
    }

    @Test
    void aKernelWithoutTablesBlocksNobody() {
        LinuxVtdDriver driver = BenchKernel.legacy().driver();
        assertThatThrownBy(() -> driver.block(NIC)).isInstanceOf(StepRefusedException.class)
                .hasMessage("the unit has no tables of this kernel");
    }
}
