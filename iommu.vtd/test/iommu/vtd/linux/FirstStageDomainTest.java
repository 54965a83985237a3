// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.Access;
import iommu.api.profile.KernelProfile;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.Translation;
import iommu.vtd.Capability;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.PasidDirectoryEntry;
import iommu.vtd.PasidEntry;
import iommu.vtd.ScalableContextEntry;
import iommu.vtd.linux.settings.ScalableMode;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** In scalable mode kernels from 5.6 on use the first stage for DMA where the unit has it. */
class FirstStageDomainTest {

    private static final int NIC = 0x0100;
    private static final int DISK = 0x0480;
    private static final long IOVA = 0xffff_8000L;
    private static final int RW = Access.READ | Access.WRITE;
    private static final long ECAP =
            BenchKernel.SCALABLE_ECAP | ExtendedCapability.FLTS.mask();

    private final BenchKernel bench = new BenchKernel(BenchKernel.CAP, ECAP, Map.of());

    private LinuxVtdDriver booted(KernelProfile kernel) throws StepRefusedException {
        LinuxVtdDriver driver = bench.driver(BenchKernel.with(kernel, ScalableMode.ON));
        driver.initialiseInterrupts();
        driver.startClean();
        return driver;
    }

    private LinuxVtdDriver booted(String kernel) throws StepRefusedException {
        return booted(BenchKernel.profile(kernel));
    }

    /** Returns where the PASID entry of a source's requests without PASID lies. */
    private long pasidEntry(int source) {
        long directory = ScalableContextEntry.PASIDDIRPTR.inPlace(
                bench.memory.read64(bench.contextEntry(source)));
        return PasidDirectoryEntry.SMPTBLPTR.inPlace(bench.memory.read64(directory));
    }

    @ParameterizedTest
    @CsvSource({"5.5, 2", "5.6, 1", "6.1, 1", "7.3, 1"})
    void theVersionDecidesOnTheStage(String kernel, int type) throws StepRefusedException {
        booted(kernel).map(NIC, IOVA, 0x10_0000, 0x2000, RW);
        assertThat(PasidEntry.PGTT.of(bench.memory.read64(pasidEntry(NIC)))).isEqualTo(type);
        assertThat(bench.address(NIC, IOVA + 0x1004)).isEqualTo(0x10_1004);
    }

    @Test
    void aUnitWithoutTheFirstStageGetsTheSecond() {
        var without = BenchKernel.scalable();
        without.firstKernel(ScalableMode.ON).map(NIC, IOVA, 0x10_0000, 0x1000, RW);
        assertThat(without.address(NIC, IOVA)).isEqualTo(0x10_0000);
    }

    @Test
    void aUnitWithTheFirstStageAloneServesKernelsThatKnowIt() throws StepRefusedException {
        var only = new BenchKernel(BenchKernel.CAP,
                ECAP & ~ExtendedCapability.SLTS.mask(), Map.of());
        only.firstKernel(ScalableMode.ON).map(NIC, IOVA, 0x10_0000, 0x1000, RW);
        assertThat(only.address(NIC, IOVA)).isEqualTo(0x10_0000);
        LinuxVtdDriver old = only.driver(
                BenchKernel.with(BenchKernel.profile("5.5"), ScalableMode.ON));
        assertThatThrownBy(old::startClean).isInstanceOf(StepRefusedException.class)
                .hasMessageStartingWith("scalable mode without a stage");
    }

    @Test
    void rightsAreThoseOfTheMappingAndReadingIsAlwaysOne() throws StepRefusedException {
        LinuxVtdDriver driver = booted("6.1");
        driver.map(NIC, IOVA, 0x10_0000, 0x1000, Access.READ);
        driver.map(NIC, IOVA + 0x1000, 0x10_1000, 0x1000, Access.WRITE);
        assertThat(Translation.isBlocked(bench.unit.translate(NIC, IOVA, Access.WRITE))).isTrue();
        assertThat(bench.address(NIC, IOVA)).isEqualTo(0x10_0000);
        assertThat(Translation.address(bench.unit.translate(NIC, IOVA + 0x1000, Access.WRITE)))
                .isEqualTo(0x10_1000);
        assertThat(bench.address(NIC, IOVA + 0x1000)).isEqualTo(0x10_1000);
    }

    @Test
    void alignedRangesGetLargePages() throws StepRefusedException {
        LinuxVtdDriver driver = booted("6.1");
        driver.map(NIC, 0x20_0000, 0x40_0000, 0x40_0000, RW);
        long before = bench.freePages();
        driver.map(NIC, 0x80_0000, 0x80_0000, 0x20_0000, RW);
        assertThat(before - bench.freePages()).as("no table for it").isZero();
        assertThat(bench.address(NIC, 0x3f_f123L)).isEqualTo(0x5f_f123);
    }

    @Test
    void fiveLevelsAreUsedIfBothKernelAndUnitWantThem() throws StepRefusedException {
        var five = new BenchKernel(BenchKernel.CAP | Capability.FL5LP.mask(), ECAP, Map.of());
        LinuxVtdDriver driver = five.driver(BenchKernel.profile("6.1").withDomainWidthBits(57)
                .with(ScalableMode.SETTING, ScalableMode.ON.ordinal()));
        driver.startClean();
        driver.map(NIC, IOVA, 0x10_0000, 0x1000, RW);
        assertThat(five.address(NIC, IOVA)).isEqualTo(0x10_0000);
    }

    @Test
    void anUnmappedRangeIsFlushedByPasid() throws StepRefusedException {
        LinuxVtdDriver driver = booted("6.1");
        driver.map(NIC, IOVA, 0x10_0000, 0x2000, RW);
        assertThat(bench.address(NIC, IOVA)).isEqualTo(0x10_0000);
        bench.invalidated.clear();
        driver.unmap(NIC, IOVA, 0x2000);
        assertThat(bench.invalidated).singleElement().asString().startsWith("PASID-");
        assertThat(bench.address(NIC, IOVA)).isNegative();
        assertThat(bench.address(NIC, IOVA + 0x1000)).isNegative();
    }

    @Test
    void aLazyKernelLeavesItUntilItFlushes() throws StepRefusedException {
        LinuxVtdDriver driver =
                booted(BenchKernel.profile("6.1").withStrictInvalidation(false));
        driver.map(NIC, IOVA, 0x10_0000, 0x1000, RW);
        assertThat(bench.address(NIC, IOVA)).isEqualTo(0x10_0000);
        driver.unmap(NIC, IOVA, 0x1000);
        assertThat(bench.address(NIC, IOVA)).as("stale").isEqualTo(0x10_0000);
        driver.flush();
        assertThat(bench.address(NIC, IOVA)).isNegative();
    }

    @Test
    void theRunningKernelGoesOnWithItsOwnTablesWhenItIsImported() throws StepRefusedException {
        booted("6.1").map(NIC, IOVA, 0x10_0000, 0x1000, RW);
        LinuxVtdDriver same = bench.driver(ScalableMode.AS_FOUND);
        same.resume();
        same.map(NIC, IOVA + 0x1000, 0x10_1000, 0x1000, RW);
        assertThat(bench.address(NIC, IOVA + 0x1000)).isEqualTo(0x10_1000);
        same.map(DISK, IOVA, 0x11_0000, 0x1000, RW);
        assertThat(PasidEntry.DID.of(bench.memory.read64(pasidEntry(DISK) + 8)))
                .as("an id that is not taken").isEqualTo(3);
    }

    @ParameterizedTest
    @EnumSource(AdoptDepth.class)
    void tablesOfTheFirstStageAreTakenOverAtEveryDepth(AdoptDepth depth)
            throws StepRefusedException {
        LinuxVtdDriver first = booted("6.1");
        first.map(NIC, IOVA, 0x10_0000, 0x1000, RW);
        first.map(NIC, 0x20_0000, 0x40_0000, 0x20_0000, RW);
        long oldTable = PasidEntry.FSPTPTR.inPlace(bench.memory.read64(pasidEntry(NIC) + 16));
        bench.captureKernelPages();
        LinuxVtdDriver second = bench.driver(BenchKernel.profile("6.12"));
        second.initialiseInterrupts();
        second.adoptTables(depth);
        assertThat(bench.address(NIC, IOVA)).isEqualTo(0x10_0000);
        assertThat(bench.address(NIC, 0x21_2345L)).isEqualTo(0x41_2345);
        boolean copied = PasidEntry.FSPTPTR.inPlace(
                bench.memory.read64(pasidEntry(NIC) + 16)) != oldTable;
        assertThat(copied).isEqualTo(depth.copiesPageTables());
        if (depth.keepsDomains()) {
            second.map(NIC, 0x1000, 0x210_0000, 0x1000, RW);
            assertThat(bench.address(NIC, 0x1000)).isEqualTo(0x210_0000);
            assertThat(bench.address(NIC, 0x21_2345L)).isEqualTo(0x41_2345);
            return;
        }
        second.map(NIC, IOVA, 0x210_0000, 0x1000, RW);
        assertThat(bench.address(NIC, IOVA)).isEqualTo(0x210_0000);
        assertThat(bench.address(NIC, 0x21_2345L)).isNegative();
    }
}
