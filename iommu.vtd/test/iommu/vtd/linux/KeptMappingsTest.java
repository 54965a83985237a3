// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.Access;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.KernelPort;
import iommu.api.unit.StepRefusedException;
import iommu.vtd.ContextEntry;
import iommu.vtd.linux.settings.ScalableMode;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Depths at which functions keep their domains: old mappings stay beside new ones. */
class KeptMappingsTest {

    private static final int NIC = 0x0100;
    private static final int DISK = 0x0408;
    private static final int HOT_ADDED = 0x0500;
    private static final long IOVA = 0xffff_8000L;
    private static final long FREE = 0xfff0_0000L;
    private static final int RW = Access.READ | Access.WRITE;

    private static BenchKernel crashed(ScalableMode mode) {
        var bench = BenchKernel.scalable();
        LinuxVtdDriver first = bench.firstKernel(mode);
        first.map(NIC, IOVA, 0x10_0000, 0x2000, RW);
        first.map(NIC, 0x20_0000, 0x40_0000, 0x20_0000, RW);
        first.map(DISK, IOVA, 0x11_0000, 0x1000, RW);
        bench.captureKernelPages();
        return bench;
    }

    private static LinuxVtdDriver adopted(BenchKernel bench, AdoptDepth depth)
            throws StepRefusedException {
        LinuxVtdDriver second = bench.driver();
        second.initialiseInterrupts();
        second.adoptTables(depth);
        return second;
    }

    @ParameterizedTest
    @CsvSource({"KEEP_COPIED, OFF", "KEEP_IN_PLACE, OFF", "KEEP_COPIED, ON",
        "KEEP_IN_PLACE, ON"})
    void oldMappingsOutliveTheDriversFirst(AdoptDepth depth, ScalableMode mode)
            throws StepRefusedException {
        var bench = crashed(mode);
        LinuxVtdDriver second = adopted(bench, depth);
        second.map(NIC, FREE, 0x210_0000, 0x1000, RW);
        assertThat(bench.address(NIC, FREE)).isEqualTo(0x210_0000);
        assertThat(bench.address(NIC, IOVA + 0x1004)).isEqualTo(0x10_1004);
        assertThat(bench.address(NIC, 0x25_4321)).isEqualTo(0x45_4321);
        assertThat(bench.address(DISK, IOVA)).isEqualTo(0x11_0000);
        assertThat(bench.switched).as("never off").isEmpty();
        second.unmap(NIC, FREE, 0x1000);
        assertThat(bench.address(NIC, FREE)).isNegative();
        assertThat(bench.address(NIC, IOVA)).isEqualTo(0x10_0000);
    }

    @ParameterizedTest
    @EnumSource(value = AdoptDepth.class, names = {"KEEP_COPIED", "KEEP_IN_PLACE"})
    void whatIsInUseIsToldAndNothingElse(AdoptDepth depth) throws StepRefusedException {
        LinuxVtdDriver second = adopted(crashed(ScalableMode.OFF), depth);
        assertThat(second.keptRanges(NIC)).containsExactly(
                new KernelPort.Range(0x20_0000, 0x20_0000), new KernelPort.Range(IOVA, 0x2000));
        assertThat(second.keptRanges(DISK))
                .containsExactly(new KernelPort.Range(IOVA, 0x1000));
        assertThat(second.keptRanges(HOT_ADDED)).as("new, and empty").isEmpty();
    }

    @ParameterizedTest
    @EnumSource(value = AdoptDepth.class, names = {"KEEP_COPIED", "KEEP_IN_PLACE"})
    void aKnownDeviceKeepsItsIdAndANewOneGetsOneThatNobodyHad(AdoptDepth depth)
            throws StepRefusedException {
        var bench = crashed(ScalableMode.OFF);
        int before = id(bench, NIC);
        LinuxVtdDriver second = adopted(bench, depth);
        second.map(NIC, FREE, 0x210_0000, 0x1000, RW);
        second.map(HOT_ADDED, FREE, 0x211_0000, 0x1000, RW);
        assertThat(id(bench, NIC)).isEqualTo(before);
        assertThat(id(bench, HOT_ADDED)).isNotIn(before, id(bench, DISK));
    }

    private static int id(BenchKernel bench, int source) {
        return (int) ContextEntry.DID.of(bench.memory.read64(bench.contextEntry(source) + 8));
    }

    /** What was collected first is not read again. */
    @Test
    void whatBecomesOfTheOldTablesAfterwardsDoesNotMatter() throws StepRefusedException {
        var bench = crashed(ScalableMode.OFF);
        LinuxVtdDriver second = adopted(bench, AdoptDepth.KEEP_COPIED);
        for (long at = 0x20_0000; at < 0x100_0000; at += 8) {
            bench.memory.write64(at, -1);
        }
        second.map(NIC, FREE, 0x210_0000, 0x1000, RW);
        assertThat(second.keptRanges(NIC)).hasSize(2);
        assertThat(bench.address(NIC, FREE)).isEqualTo(0x210_0000);
        assertThat(bench.address(NIC, IOVA)).isEqualTo(0x10_0000);
    }

    @Test
    void aDomainThatPassedIsNotKept() throws StepRefusedException {
        var bench = crashed(ScalableMode.OFF);
        long entry = bench.contextEntry(NIC);
        bench.memory.write64(entry, ContextEntry.TT.with(bench.memory.read64(entry),
                ContextEntry.TT_PASS_THROUGH));
        LinuxVtdDriver second = adopted(bench, AdoptDepth.KEEP_COPIED);
        assertThat(bench.address(NIC, 0x1234)).as("still passes").isEqualTo(0x1234);
        second.map(NIC, FREE, 0x210_0000, 0x1000, RW);
        assertThat(bench.address(NIC, FREE)).isEqualTo(0x210_0000);
        assertThat(bench.address(NIC, 0x1234)).as("empty domain").isNegative();
    }

    @Test
    void aTableThatIsNotInMemoryIsNotKept() throws StepRefusedException {
        var bench = crashed(ScalableMode.OFF);
        bench.memory.write64(bench.contextEntry(NIC), 1L << 40 | 1);
        LinuxVtdDriver second = adopted(bench, AdoptDepth.KEEP_IN_PLACE);
        second.map(NIC, IOVA, 0x210_0000, 0x1000, RW);
        assertThat(bench.address(NIC, IOVA)).isEqualTo(0x210_0000);
        assertThat(second.keptRanges(NIC)).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(value = AdoptDepth.class, names = {"KEEP_COPIED", "KEEP_IN_PLACE"})
    void tablesThatPointToThemselvesAreRefused(AdoptDepth depth) {
        var bench = crashed(ScalableMode.OFF);
        long table = ContextEntry.SSPTPTR.inPlace(bench.memory.read64(bench.contextEntry(NIC)));
        for (int i = 0; i < 512; i++) {
            bench.memory.write64(table + 8 * i, table | RW);
        }
        assertThatThrownBy(() -> adopted(bench, depth)).isInstanceOf(StepRefusedException.class)
                .hasMessageContaining("more is mapped than could be kept");
        assertThat(bench.switched).isEmpty();
    }

    @Test
    void otherDepthsKeepNothing() throws StepRefusedException {
        for (AdoptDepth depth : List.of(AdoptDepth.CONTEXTS, AdoptDepth.PAGE_TABLES,
                AdoptDepth.REUSE_ROOT, AdoptDepth.IN_PLACE)) {
            assertThat(adopted(crashed(ScalableMode.OFF), depth).keptRanges(NIC)).isEmpty();
        }
    }
}
