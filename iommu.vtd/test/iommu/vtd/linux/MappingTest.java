// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.Access;
import iommu.api.profile.KernelProfile;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.Translation;
import iommu.vtd.Capability;
import iommu.vtd.ContextEntry;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.InvalidationDescriptor;
import iommu.vtd.RootEntry;
import iommu.vtd.VtdRegisters;
import iommu.vtd.linux.settings.ScalableMode;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class MappingTest {

    private static final int NIC = 0x0100;
    private static final long IOVA = 0xffff_8000L;
    private static final long TO = 0x10_0000;
    private static final int RW = Access.READ | Access.WRITE;

    private BenchKernel bench;
    private LinuxVtdDriver driver;

    @BeforeEach
    void aKernelWithEmptyTables() {
        use(BenchKernel.legacy());
    }

    private void use(BenchKernel newBench) {
        bench = newBench;
        driver = bench.firstKernel(ScalableMode.OFF);
        bench.invalidated.clear();
    }

    private long read(long iova) {
        long t = bench.unit.translate(NIC, iova, Access.READ);
        return Translation.isBlocked(t) ? -Translation.reason(t) : Translation.address(t);
    }

    private long contextEntry() {
        long root = VtdRegisters.RTA.inPlace(bench.get(VtdRegisters.RTADDR));
        long table = RootEntry.CTP.inPlace(bench.memory.read64(root + 16));
        return table;
    }

    @ParameterizedTest
    @EnumSource(value = ScalableMode.class, names = {"OFF", "ON"})
    void whatIsMappedIsTranslated(ScalableMode mode) {
        bench = BenchKernel.scalable();
        driver = bench.firstKernel(mode);
        driver.map(NIC, IOVA, TO, 0x3000, RW);
        assertThat(read(IOVA)).isEqualTo(TO);
        assertThat(read(IOVA + 0x2ffc)).isEqualTo(TO + 0x2ffc);
        assertThat(Translation.isBlocked(bench.unit.translate(NIC, IOVA + 0x3000, 1))).isTrue();
        assertThat(bench.console).noneMatch(l -> l.contains("malfunction"));
    }

    @Test
    void functionsBehindOneAliasHaveOneDomainAndOthersAnother() {
        bench.aliases.put(0x201, List.of(0x201, 0x200));
        bench.aliases.put(0x202, List.of(0x202, 0x200));

        assertThat(driver.domain(0x201)).isEqualTo(driver.domain(0x202))
                .isEqualTo(driver.domain(0x200)).isNotEqualTo(driver.domain(NIC));
    }

    @Test
    void theFirstDomainHasId2AndTheWidthOfTheKernel() {
        driver.map(NIC, IOVA, TO, 0x1000, RW);
        long q1 = bench.memory.read64(contextEntry() + 8);
        assertThat(ContextEntry.DID.of(q1)).isEqualTo(2);
        assertThat(ContextEntry.AW.of(q1)).isEqualTo(2);
        assertThat(bench.invalidated).as("caching mode is off").isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"39, 1", "48, 2", "57, 2"})
    void theWidthIsTheWidestThatKernelAndUnitShare(int bits, int code)
            throws StepRefusedException {
        driver = new LinuxVtdDriver(KernelProfile.linux61().withDomainWidthBits(bits), bench);
        driver.startClean();
        driver.map(NIC, IOVA, TO, 0x1000, RW);
        assertThat(ContextEntry.AW.of(bench.memory.read64(contextEntry() + 8))).isEqualTo(code);
        assertThat(read(IOVA)).isEqualTo(TO);
    }

    @ParameterizedTest
    @CsvSource({"1, true, false", "2, false, true", "3, true, true"})
    void theLeafGrantsWhatWasAskedFor(int access, boolean read, boolean write) {
        driver.map(NIC, IOVA, TO, 0x1000, access);
        assertThat(Translation.isBlocked(bench.unit.translate(NIC, IOVA, Access.READ)))
                .isEqualTo(!read);
        assertThat(Translation.isBlocked(bench.unit.translate(NIC, IOVA, Access.WRITE)))
                .isEqualTo(!write);
    }

    @Test
    void alignedRangesAreMappedByLargePages() {
        long pages = bench.freePages();
        driver.map(NIC, 1L << 30, 0x20_0000, 4 << 20, RW);
        assertThat(pages - bench.freePages()).as("context table, 3 levels").isEqualTo(4);
        assertThat(read((1L << 30) + 0x2f_fff8)).isEqualTo(0x4f_fff8);
        assertThat(Translation.pageShift(bench.unit.translate(NIC, 1L << 30, 1))).isEqualTo(21);
        driver.unmap(NIC, 1L << 30, 4 << 20);
        assertThat(read(1L << 30)).isEqualTo(-0x06);
    }

    @Test
    void whereTheUnitHasNoLargePagesSmallOnesAreUsed() {
        use(new BenchKernel(Capability.SLLPS.with(BenchKernel.CAP, 0), BenchKernel.ECAP,
                Map.of()));
        driver.map(NIC, 1L << 30, 0x20_0000, 2 << 20, RW);
        assertThat(read((1L << 30) + 0x1f_fff8)).isEqualTo(0x3f_fff8);
        assertThat(Translation.pageShift(bench.unit.translate(NIC, 1L << 30, 1))).isEqualTo(12);
    }

    @Test
    void mappingWhatIsMappedIsAComplaintAndChangesNothing() {
        driver.map(NIC, IOVA, TO, 0x1000, RW);
        bench.console.clear();
        driver.map(NIC, IOVA, TO + 0x1000, 0x1000, RW);
        assertThat(bench.console).containsExactly(
                "DMAR: ERROR: DMA PTE for vPFN 0xffff8 already set (to 100003 not 101003)");
        assertThat(read(IOVA)).isEqualTo(TO);
    }

    @ParameterizedTest
    @CsvSource({"0x1001, 0x1000", "0x1000, 0x800", "0x1000, 0", "0x1000000000000, 0x1000",
        "0xfffffffff000, 0x2000"})
    void aRangeThatIsNoPagesOrTooWideIsTheCallersMistake(String iova, String bytes) {
        assertThatThrownBy(() -> driver.map(NIC, Long.decode(iova), TO, Long.decode(bytes), RW))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("48 bits");
    }

    @Test
    void mappingBeforeThereAreTablesIsTheCallersMistake() {
        assertThatThrownBy(() -> bench.driver().map(NIC, IOVA, TO, 0x1000, RW))
                .isInstanceOf(IllegalStateException.class).hasMessageContaining("0000:01:00.0");
    }

    @Test
    void withoutPagesForTablesMappingFails() {
        bench.pagesFrom(0x300_0000, 0x300_1000);
        assertThatThrownBy(() -> driver.map(NIC, IOVA, TO, 0x1000, RW))
                .isInstanceOf(IllegalStateException.class).hasMessage("no page left");
    }

    // ---- unmapping ------------------------------------------------------------------------------

    @ParameterizedTest(name = "{0} pages at {1}")
    @CsvSource({
        "1,  0xffff8000, 0xffff8000, 0",
        "2,  0xffff8000, 0xffff8000, 1",
        "2,  0xffff9000, 0xffff8000, 2",
        "3,  0xffff8000, 0xffff8000, 2",
        "4,  0xfffe0000, 0xfffe0000, 2",
        "16, 0xfffe0000, 0xfffe0000, 4"})
    void aStrictUnmapInvalidatesTheSmallestRangeThatCoversIt(int pages, String iova,
            String address, int mask) {
        long at = Long.decode(iova);
        driver.map(NIC, at, TO, pages * 0x1000L, RW);
        for (int i = 0; i < pages; i++) {
            read(at + i * 0x1000L);
        }
        driver.unmap(NIC, at, pages * 0x1000L);
        assertThat(bench.invalidated).containsExactly(
                "IOTLB, domain 0x2, address " + address + ", mask " + mask);
        for (int i = 0; i < pages; i++) {
            assertThat(read(at + i * 0x1000L)).isEqualTo(-0x06);
        }
    }

    @Test
    void aRangeBeyondTheAddressMaskInvalidatesTheDomain() {
        long cap = Capability.MAMV.with(BenchKernel.CAP, 3);
        use(new BenchKernel(cap, BenchKernel.ECAP, Map.of()));
        driver.map(NIC, 0x10_0000, TO, 0x1_0000, RW);
        driver.unmap(NIC, 0x10_0000, 0x1_0000);
        assertThat(bench.invalidated).containsExactly("IOTLB, domain 0x2");
    }

    @Test
    void withoutPageSelectiveInvalidationTheDomainIsInvalidated() {
        use(new BenchKernel(Capability.PSI.with(BenchKernel.CAP, 0), BenchKernel.ECAP, Map.of()));
        driver.map(NIC, IOVA, TO, 0x1000, RW);
        driver.unmap(NIC, IOVA, 0x1000);
        assertThat(bench.invalidated).containsExactly("IOTLB, domain 0x2");
    }

    @Test
    void aLazyUnmapLeavesTheIotlbStaleUntilTheFlush() throws StepRefusedException {
        driver = bench.lazyDriver();
        driver.startClean();
        driver.map(NIC, IOVA, TO, 0x1000, RW);
        read(IOVA);
        bench.invalidated.clear();
        driver.unmap(NIC, IOVA, 0x1000);
        assertThat(bench.invalidated).isEmpty();
        assertThat(read(IOVA)).isEqualTo(TO);
        driver.flush();
        assertThat(bench.invalidated).containsExactly("IOTLB, domain 0x2");
        assertThat(read(IOVA)).isEqualTo(-0x06);
        driver.flush();
        assertThat(bench.invalidated).hasSize(1);
    }

    @Test
    void unmappingWhatIsNotMappedIsHarmless() {
        driver.map(NIC, IOVA, TO, 0x1000, RW);
        driver.unmap(NIC, 0x1000, 0x2000);
        assertThat(read(IOVA)).isEqualTo(TO);
    }

    @Test
    void underCachingModeAnInstalledContextIsInvalidatedInDomain0() {
        use(new BenchKernel(Capability.CM.with(BenchKernel.CAP, 1), BenchKernel.ECAP, Map.of()));
        driver.map(NIC, IOVA, TO, 0x1000, RW);
        assertThat(bench.invalidated).containsExactly(
                "context-cache, domain 0x0, source 0x100, function mask 0", "IOTLB, domain 0x2");
    }

    @Test
    void aUnitThatNeedsItGetsItsWriteBufferFlushed() {
        use(new BenchKernel(Capability.RWBF.with(BenchKernel.CAP, 1), BenchKernel.ECAP, Map.of()));
        bench.commands.clear();
        driver.map(NIC, IOVA, TO, 0x1000, RW);
        assertThat(bench.commandValues()).containsExactly("0x8e000000", "0x8e000000");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void withoutAQueueTheRegistersDoTheSame(boolean strict) throws StepRefusedException {
        long ecap = ExtendedCapability.QI.with(BenchKernel.ECAP, 0);
        use(new BenchKernel(BenchKernel.CAP, ExtendedCapability.IR.with(ecap, 0), Map.of()));
        assertThat(bench.console).contains("DMAR: dmar0: Using Register based invalidation");
        driver = strict ? bench.driver() : bench.lazyDriver();
        driver.startClean();
        driver.map(NIC, IOVA, TO, 0x1000, RW);
        read(IOVA);
        bench.invalidated.clear();
        driver.unmap(NIC, IOVA, 0x1000);
        driver.flush();
        assertThat(bench.invalidated).containsExactly(strict
                ? "IOTLB, domain 0x2, address 0xffff8000, mask 0" : "IOTLB, domain 0x2");
        assertThat(read(IOVA)).isEqualTo(-0x06);
    }

    // ---- an imported kernel ---------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource(value = ScalableMode.class, names = {"OFF", "ON"})
    void aResumedKernelGoesOnWithItsTablesAndItsQueue(ScalableMode mode) {
        bench = BenchKernel.scalable();
        driver = bench.firstKernel(mode);
        driver.map(NIC, IOVA, TO, 0x1000, RW);
        driver.map(NIC + 8, IOVA, TO, 0x1000, RW);
        long tail = bench.get(VtdRegisters.IQT);
        bench.commands.clear();
        LinuxVtdDriver resumed = bench.driver();
        resumed.resume();
        assertThat(bench.commands).isEmpty();
        resumed.map(NIC, IOVA + 0x1000, TO + 0x5000, 0x1000, RW);
        assertThat(read(IOVA + 0x1000)).isEqualTo(TO + 0x5000);
        assertThat(read(IOVA)).isEqualTo(TO);
        resumed.unmap(NIC, IOVA, 0x1000);
        assertThat(read(IOVA)).isNotEqualTo(TO);
        assertThat(bench.get(VtdRegisters.IQT))
                .isEqualTo(tail + 2 * InvalidationDescriptor.WIDE_BYTES);
        bench.invalidated.clear();
        resumed.map(0x0700, IOVA, TO, 0x1000, RW);
        resumed.unmap(0x0700, IOVA, 0x1000);
        assertThat(bench.invalidated).as("ids 2 and 3 are taken").allMatch(w ->
            w.startsWith("IOTLB, domain 0x4"));
    }

    @Test
    void aResumedKernelMapsNothingForAFunctionThatPassesThrough() {
        driver.map(NIC, IOVA, TO, 0x1000, RW);
        long at = contextEntry();
        bench.memory.write64(at, 1 | ContextEntry.TT_PASS_THROUGH << 2);
        LinuxVtdDriver resumed = bench.driver();
        resumed.resume();
        long pages = bench.freePages();
        resumed.map(NIC, 0x5000, 0x5000, 0x1000, RW);
        resumed.unmap(NIC, 0x5000, 0x1000);
        assertThat(bench.freePages()).isEqualTo(pages);
        assertThat(bench.invalidated).isEmpty();
    }

    @Test
    void aResumedKernelWithoutAQueueUsesTheRegisters() {
        long ecap = ExtendedCapability.QI.with(BenchKernel.ECAP, 0);
        use(new BenchKernel(BenchKernel.CAP, ExtendedCapability.IR.with(ecap, 0), Map.of()));
        driver.map(NIC, IOVA, TO, 0x1000, RW);
        LinuxVtdDriver resumed = bench.driver();
        resumed.resume();
        resumed.unmap(NIC, IOVA, 0x1000);
        assertThat(bench.invalidated)
                .containsExactly("IOTLB, domain 0x2, address 0xffff8000, mask 0");
    }

    @Test
    void aResumedKernelWhoseTablesAreNotInMemoryHasNone() {
        driver.map(NIC, IOVA, TO, 0x1000, RW);
        bench.unit.writeRegister(VtdRegisters.RTADDR.offset(), 8, 1L << 40);
        LinuxVtdDriver resumed = bench.driver();
        resumed.resume();
        assertThatThrownBy(() -> resumed.map(NIC, IOVA, TO, 0x1000, RW))
                .isInstanceOf(IllegalStateException.class).hasMessageContaining("before the unit");
    }

    @Test
    void aResumedKernelSaysWhichPageTableIsNotInMemory() {
        driver.map(NIC, IOVA, TO, 0x1000, RW);
        bench.memory.write64(contextEntry(), 1L << 40 | 1);
        LinuxVtdDriver resumed = bench.driver();
        resumed.resume();
        assertThatThrownBy(() -> resumed.map(NIC, IOVA, TO, 0x1000, RW))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("page table at 0x10000000000 of domain 2 is not in memory");
    }

    @Test
    void aContextTableOutsideMemoryIsPassedOverOnResume() {
        driver.map(NIC, IOVA, TO, 0x1000, RW);
        driver.map(0x0400, IOVA, TO, 0x1000, RW);
        long root = VtdRegisters.RTA.inPlace(bench.get(VtdRegisters.RTADDR));
        bench.memory.write64(root + 16, 1L << 40 | 1);
        LinuxVtdDriver resumed = bench.driver();
        resumed.resume();
        resumed.map(0x0400, IOVA + 0x1000, TO, 0x1000, RW);
        long t = bench.unit.translate(0x0400, IOVA + 0x1000, Access.READ);
        assertThat(Translation.address(t)).isEqualTo(TO);
    }
}
