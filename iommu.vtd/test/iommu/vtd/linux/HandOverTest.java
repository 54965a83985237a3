// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.Access;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.Translation;
import iommu.vtd.GlobalCommand;
import iommu.vtd.VtdRegisters;
import iommu.vtd.linux.settings.ScalableMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** One kernel after another on one unit: what the recorded hand-overs show. */
class HandOverTest {

    private static final int NIC = 0x0100;
    private static final int DISK = 0x0400;
    private static final int BEHIND_BRIDGE = 0x0608;
    private static final int BRIDGE = 0x0600;
    private static final long IOVA = 0xffff_8000L;
    private static final int RW = Access.READ | Access.WRITE;

    private static long address(BenchKernel bench, int requester, long iova) {
        long t = bench.unit.translate(requester, iova, Access.READ);
        return Translation.isBlocked(t) ? -Translation.reason(t) : Translation.address(t);
    }

    /** A first kernel with two functions mapped, crashed. */
    private static BenchKernel crashed(BenchKernel bench, ScalableMode mode) {
        LinuxVtdDriver first = bench.firstKernel(mode);
        first.map(NIC, IOVA, 0x10_0000, 0x2000, RW);
        first.map(DISK, IOVA, 0x11_0000, 0x1000, RW);
        assertThat(address(bench, NIC, IOVA + 0x1004)).isEqualTo(0x10_1004);
        assertThat(address(bench, DISK, IOVA)).isEqualTo(0x11_0000);
        bench.captureKernelPages();
        return bench;
    }

    @Test
    void theFirstKernelEnablesQueueInterruptsRootAndTranslationOneByOne() {
        var bench = BenchKernel.legacy();
        bench.firstKernel(ScalableMode.OFF);
        assertThat(bench.commandValues()).containsExactly("0x04000000", "0x05000000",
                "0x06000000", "0x46000000", "0x86000000");
        assertThat(bench.get(VtdRegisters.GSTS)).isEqualTo(0xc700_0000L);
        assertThat(bench.get(VtdRegisters.IRTA) & 0xf).isEqualTo(0xf);
    }

    @Test
    void theCaptureKernelsCommandsAreThoseOfTheRecording() throws StepRefusedException {
        var bench = crashed(BenchKernel.legacy(), ScalableMode.OFF);
        LinuxVtdDriver second = bench.driver();
        second.initialiseInterrupts();
        second.adoptTables(AdoptDepth.CONTEXTS);
        second.enableFaultInterrupt();
        assertThat(bench.commands).hasToString("[0xc7000000 0x82000000, 0xc3000000 0x86000000, "
                + "0xc7000000 0x87000000, 0xc7000000 0xc6000000]");
        assertThat(bench.switched).as("translation is never dropped").isEmpty();
        assertThat(bench.invalidated).containsExactly("interrupt-entry-cache, global",
                "context-cache, global", "IOTLB, global");
        assertThat(bench.console).containsExactly(
                "DMAR-IR: Copied IR table for dmar0 from previous kernel",
                "DMAR-IR: Enabled IRQ remapping in xapic mode",
                "DMAR: dmar0: Using Queued invalidation",
                "DMAR: Translation already enabled - trying to copy translation structures",
                "DMAR: Copied translation tables from previous kernel for dmar0");
        assertThat(bench.get(VtdRegisters.FECTL)).isZero();
    }

    @ParameterizedTest
    @EnumSource(value = ScalableMode.class, names = {"OFF", "ON"})
    void adoptedTablesTranslateAsBefore(ScalableMode mode) throws StepRefusedException {
        var bench = crashed(BenchKernel.scalable(), mode);
        LinuxVtdDriver second = bench.driver();
        second.initialiseInterrupts();
        long oldRoot = bench.get(VtdRegisters.RTADDR);
        second.adoptTables(AdoptDepth.CONTEXTS);
        assertThat(bench.get(VtdRegisters.RTADDR)).isNotEqualTo(oldRoot);
        assertThat(bench.translating()).isTrue();
        assertThat(address(bench, NIC, IOVA + 0x1004)).isEqualTo(0x10_1004);
        assertThat(address(bench, DISK, IOVA)).isEqualTo(0x11_0000);
    }

    @Test
    void theFirstMappingTearsDownTheCopiedEntryAndGivesAnEmptyDomain()
            throws StepRefusedException {
        var bench = crashed(BenchKernel.legacy(), ScalableMode.OFF);
        LinuxVtdDriver second = bench.driver();
        second.initialiseInterrupts();
        second.adoptTables(AdoptDepth.CONTEXTS);
        address(bench, NIC, IOVA);
        bench.invalidated.clear();
        second.map(NIC, IOVA + 0x10_0000, 0x210_0000, 0x1000, RW);
        assertThat(bench.invalidated).containsExactly(
                "context-cache, domain 0x2, source 0x100, function mask 0", "IOTLB, domain 0x2");
        assertThat(address(bench, NIC, IOVA + 0x10_0000)).isEqualTo(0x210_0000);
        assertThat(address(bench, NIC, IOVA)).isEqualTo(-0x06);
        assertThat(address(bench, DISK, IOVA)).as("not attached yet").isEqualTo(0x11_0000);
        var domains = new ArrayList<Integer>();
        visit(bench, (requester, domain, iova) -> domains.add(domain));
        assertThat(domains).as("4 follows the copied ids 2 and 3").containsExactly(4, 3);
    }

    @Test
    void theSecondMappingOfAFunctionInvalidatesNothing() throws StepRefusedException {
        var bench = crashed(BenchKernel.legacy(), ScalableMode.OFF);
        LinuxVtdDriver second = bench.driver();
        second.initialiseInterrupts();
        second.adoptTables(AdoptDepth.CONTEXTS);
        second.map(NIC, IOVA, 0x210_0000, 0x1000, RW);
        bench.invalidated.clear();
        second.map(NIC, IOVA + 0x1000, 0x210_1000, 0x1000, Access.READ);
        assertThat(bench.invalidated).isEmpty();
        assertThat(address(bench, NIC, IOVA + 0x1000)).isEqualTo(0x210_1000);
    }

    @Test
    void inScalableModeTheTearDownFlushesDomain0AndOldIdsAreTakenAgain()
            throws StepRefusedException {
        var bench = crashed(BenchKernel.scalable(), ScalableMode.ON);
        LinuxVtdDriver second = bench.driver();
        second.initialiseInterrupts();
        second.adoptTables(AdoptDepth.CONTEXTS);
        assertThat(address(bench, NIC, IOVA)).isEqualTo(0x10_0000);
        bench.invalidated.clear();
        second.map(NIC, IOVA + 0x10_0000, 0x210_0000, 0x1000, RW);
        assertThat(bench.invalidated).containsExactly(
                "context-cache, domain 0x0, source 0x100, function mask 0", "IOTLB, domain 0x0");
        assertThat(address(bench, NIC, IOVA)).as("id 2 again: stale").isEqualTo(0x10_0000);
    }

    @Test
    void allIdsOfAFunctionBehindABridgeGetOneDomain() throws StepRefusedException {
        var bench = BenchKernel.legacy();
        bench.aliases.put(BEHIND_BRIDGE, List.of(BEHIND_BRIDGE, BRIDGE));
        bench.aliases.put(BEHIND_BRIDGE + 8, List.of(BEHIND_BRIDGE + 8, BRIDGE));
        LinuxVtdDriver first = bench.firstKernel(ScalableMode.OFF);
        first.map(BEHIND_BRIDGE, IOVA, 0x10_0000, 0x1000, RW);
        bench.captureKernelPages();
        LinuxVtdDriver second = bench.driver();
        second.initialiseInterrupts();
        second.adoptTables(AdoptDepth.CONTEXTS);
        bench.invalidated.clear();
        second.map(BEHIND_BRIDGE, IOVA, 0x210_0000, 0x1000, RW);
        assertThat(bench.invalidated).hasSize(4).filteredOn(w -> w.equals("IOTLB, domain 0x2"))
                .as("once for each id").hasSize(2);
        assertThat(address(bench, BRIDGE, IOVA)).isEqualTo(0x210_0000);
        second.map(BEHIND_BRIDGE + 8, IOVA + 0x1000, 0x210_1000, 0x1000, RW);
        assertThat(address(bench, BRIDGE, IOVA + 0x1000)).isEqualTo(0x210_1000);
        assertThat(address(bench, BEHIND_BRIDGE, IOVA + 0x1000)).isEqualTo(0x210_1000);
    }

    @Test
    void copyingIsRefusedIfTheModeWouldChangeAndNothingIsChanged() {
        var bench = crashed(BenchKernel.scalable(), ScalableMode.OFF);
        LinuxVtdDriver second = bench.driver(ScalableMode.ON);
        second.initialiseInterrupts();
        long root = bench.get(VtdRegisters.RTADDR);
        bench.commands.clear();
        assertThatThrownBy(() -> second.adoptTables(AdoptDepth.CONTEXTS))
                .isInstanceOf(StepRefusedException.class)
                .hasMessageStartingWith("Failed to copy translation tables from previous kernel"
                        + " for dmar0");
        assertThat(bench.commands).isEmpty();
        assertThat(bench.get(VtdRegisters.RTADDR)).isEqualTo(root);
        assertThat(bench.translating()).isTrue();
        assertThat(bench.console).endsWith(
                "DMAR: Translation already enabled - trying to copy translation structures",
                "DMAR: Failed to copy translation tables from previous kernel for dmar0");
    }

    @Test
    void afterARefusedCopyACleanStartGivesTheCommandsOfTheRecording()
            throws StepRefusedException {
        var bench = crashed(BenchKernel.scalable(), ScalableMode.OFF);
        LinuxVtdDriver second = bench.driver(ScalableMode.ON);
        second.initialiseInterrupts();
        second.startClean();
        assertThat(bench.commands).hasToString("[0xc7000000 0x82000000, 0xc3000000 0x86000000, "
                + "0xc7000000 0x87000000, 0xc7000000 0x06000000, 0x47000000 0x46000000, "
                + "0x47000000 0x86000000]");
        assertThat(bench.switched).containsExactly(false, true);
        assertThat(bench.get(VtdRegisters.RTADDR) & 0xc00).isEqualTo(0x400);
        assertThat(address(bench, NIC, IOVA)).isEqualTo(-0x39);
        second.map(NIC, IOVA, 0x210_0000, 0x1000, RW);
        assertThat(address(bench, NIC, IOVA)).isEqualTo(0x210_0000);
    }

    @Test
    void withoutTablesToReadOrTranslationThereIsNothingToAdopt() {
        var bench = BenchKernel.legacy();
        LinuxVtdDriver driver = bench.driver();
        assertThatThrownBy(() -> driver.adoptTables(AdoptDepth.CONTEXTS))
                .isInstanceOf(StepRefusedException.class)
                .hasMessage("translation is not enabled");
        var lost = crashed(BenchKernel.legacy(), ScalableMode.OFF);
        lost.unit.writeRegister(VtdRegisters.RTADDR.offset(), 8, 1L << 40);
        assertThatThrownBy(() -> lost.driver().adoptTables(AdoptDepth.CONTEXTS))
                .isInstanceOf(StepRefusedException.class)
                .hasMessageEndingWith("the old root table cannot be read");
    }

    @Test
    void disablingTranslationLeavesTheRestEnabled() throws StepRefusedException {
        var bench = crashed(BenchKernel.legacy(), ScalableMode.OFF);
        LinuxVtdDriver second = bench.driver();
        second.initialiseInterrupts();
        bench.commands.clear();
        second.disableTranslation();
        assertThat(bench.commandValues()).containsExactly("0x06000000");
        assertThat(bench.get(VtdRegisters.GSTS)).isEqualTo(0x4700_0000L);
        assertThat(bench.unit.translate(NIC, 0x1234, Access.READ))
                .isEqualTo(Translation.untranslated());
    }

    @Test
    void aContextTableThatCannotBeReadIsSkipped() throws StepRefusedException {
        var bench = crashed(BenchKernel.legacy(), ScalableMode.OFF);
        long root = bench.get(VtdRegisters.RTADDR);
        bench.memory.write64(root + 16, 1L << 40 | 1);
        LinuxVtdDriver second = bench.driver();
        second.adoptTables(AdoptDepth.CONTEXTS);
        assertThat(bench.console).contains("DMAR: dmar0: Failed to copy context table for bus 1");
        assertThat(address(bench, NIC, IOVA)).isEqualTo(-0x01);
        assertThat(address(bench, DISK, IOVA)).isEqualTo(0x11_0000);
    }

    @Test
    void scalableEntriesAreCopiedIn16Of32BytesAndABusOfUpperHalfAloneGoesAstray()
            throws StepRefusedException {
        var bench = BenchKernel.scalable();
        LinuxVtdDriver first = bench.firstKernel(ScalableMode.ON);
        int upper = 0x80a0;
        int lower = 0x8108;
        first.map(upper, IOVA, 0x10_0000, 0x1000, RW);
        first.map(lower, IOVA, 0x11_0000, 0x1000, RW);
        first.map(lower | 0x80, IOVA, 0x12_0000, 0x1000, RW);
        bench.captureKernelPages();
        LinuxVtdDriver second = bench.driver();
        second.adoptTables(AdoptDepth.CONTEXTS);
        assertThat(address(bench, lower, IOVA)).isEqualTo(0x11_0000);
        assertThat(address(bench, lower | 0x80, IOVA)).isEqualTo(0x12_0000);
        assertThat(address(bench, upper, IOVA)).as("fault 39h, as reported").isEqualTo(-0x39);
        assertThat(address(bench, upper & ~0x80, IOVA)).isEqualTo(0x10_0000);
    }

    @Test
    void aQueueThatNeverEmptiesIsGivenUpAfterItsTimeOut() {
        var bench = crashed(BenchKernel.legacy(), ScalableMode.OFF);
        long queue = VtdRegisters.IQA_BASE.inPlace(bench.get(VtdRegisters.IQA));
        long tail = bench.get(VtdRegisters.IQT);
        bench.memory.write64(queue + tail, 0xf);
        bench.unit.writeRegister(VtdRegisters.IQT.offset(), 8, tail + 16);
        long before = bench.now;
        bench.driver().initialiseInterrupts();
        assertThat(bench.now - before).isGreaterThan(UnitRegisters.TIMEOUT_NANOS);
        assertThat(GlobalCommand.QIE.isSet(bench.get(VtdRegisters.GSTS))).isTrue();
    }

    @Test
    void anInterruptTableOfAnotherSizeIsNotCopied() {
        var bench = crashed(BenchKernel.legacy(), ScalableMode.OFF);
        long old = bench.get(VtdRegisters.IRTA);
        bench.unit.writeRegister(VtdRegisters.IRTA.offset(), 8, old & ~0xfL | 7);
        bench.driver().initialiseInterrupts();
        assertThat(bench.console)
                .contains("DMAR-IR: Failed to copy IR table for dmar0 from previous kernel");
    }

    @Test
    void interruptEntriesAreCopied() {
        var bench = crashed(BenchKernel.legacy(), ScalableMode.OFF);
        long old = VtdRegisters.IRTA_BASE.inPlace(bench.get(VtdRegisters.IRTA));
        bench.memory.write64(old + 0xffff0, 0x20_0002_5000dL);
        bench.driver().initialiseInterrupts();
        long table = VtdRegisters.IRTA_BASE.inPlace(bench.get(VtdRegisters.IRTA));
        assertThat(table).isNotEqualTo(old);
        assertThat(bench.memory.read64(table + 0xffff0)).isEqualTo(0x20_0002_5000dL);
    }

    @Test
    void aUnitThatDoesNotAnswerIsAPanic() {
        var bench = crashed(BenchKernel.legacy(), ScalableMode.OFF);
        LinuxVtdDriver second = bench.driver();
        bench.deaf = true;
        assertThatThrownBy(second::disableTranslation)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("DMAR hardware is malfunctioning");
        assertThatThrownBy(second::initialiseInterrupts)
                .hasMessage("DMAR hardware is malfunctioning");
    }

    @Test
    void withEnhancedSetRootPointerNothingIsInvalidatedBySoftware() throws StepRefusedException {
        var bench = new BenchKernel(BenchKernel.CAP | 1L << 63, BenchKernel.ECAP, Map.of());
        crashed(bench, ScalableMode.OFF);
        bench.driver().adoptTables(AdoptDepth.CONTEXTS);
        assertThat(bench.invalidated)
                .containsExactly("context-cache and IOTLB, by Set Root Table Pointer");
    }

    private interface Visit {
        void at(int requester, int domain, long iova);
    }

    private static void visit(BenchKernel bench, Visit visit) {
        bench.unit.mappings(new iommu.api.unit.MappingVisitor() {
            @Override
            public void mapping(int requester, int domainId, long iova, long physicalAddress,
                    long bytes, int access) {
                visit.at(requester, domainId, iova);
            }

            @Override
            public void passThrough(int requester, int domainId) { }
        });
    }
}
