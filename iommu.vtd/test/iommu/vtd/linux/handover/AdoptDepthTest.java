// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.memory.ChangedLine;
import iommu.api.pcie.Access;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.StepRefusedException;
import iommu.vtd.ContextEntry;
import iommu.vtd.VtdRegisters;
import iommu.vtd.linux.BenchKernel;
import iommu.vtd.linux.LinuxVtdDriver;
import iommu.vtd.linux.settings.ScalableMode;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** How deep the copy goes, and what that shields from. */
class AdoptDepthTest {

    private static final int NIC = 0x0100;
    private static final int DISK = 0x0408;
    private static final int UPPER = 0x8080;
    private static final long IOVA = 0xffff_8000L;
    private static final int RW = Access.READ | Access.WRITE;
    private static final long OLD_PAGES_END = 0x100_0000;

    private static BenchKernel crashed(ScalableMode mode) {
        var bench = BenchKernel.scalable();
        LinuxVtdDriver first = bench.firstKernel(mode);
        first.map(NIC, IOVA, 0x10_0000, 0x2000, RW);
        first.map(NIC, 0x20_0000, 0x40_0000, 0x20_0000, RW);
        first.map(DISK, IOVA, 0x11_0000, 0x1000, RW);
        first.map(UPPER, IOVA, 0x12_0000, 0x1000, RW);
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

    /** Overwrites what the first kernel allocated with zeros, but for some tables. */
    private static void scribbleOverPageTables(BenchKernel bench, long... kept) {
        for (long page = 0x20_0000; page < OLD_PAGES_END; page += 4096) {
            boolean keep = page == 0x10_0000;
            for (long k : kept) {
                keep |= page == (k & -4096);
            }
            for (long i = 0; !keep && i < 4096; i += 8) {
                bench.memory.write64(page + i, 0);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"CONTEXTS, OFF", "PAGE_TABLES, OFF", "REUSE_ROOT, OFF", "IN_PLACE, OFF",
            "PAGE_TABLES, ON", "REUSE_ROOT, ON", "IN_PLACE, ON"})
    void translationsGoOnAtEveryDepthAndAreNeverOff(AdoptDepth depth, ScalableMode mode)
            throws StepRefusedException {
        var bench = crashed(mode);
        adopted(bench, depth);
        assertThat(bench.switched).isEmpty();
        assertThat(bench.address(NIC, IOVA + 0x1004)).isEqualTo(0x10_1004);
        assertThat(bench.address(NIC, 0x25_4321)).as("large page").isEqualTo(0x45_4321);
        assertThat(bench.address(DISK, IOVA)).isEqualTo(0x11_0000);
        assertThat(bench.address(UPPER, IOVA)).isEqualTo(0x12_0000);
    }

    @ParameterizedTest
    @CsvSource({"CONTEXTS, OFF, false", "PAGE_TABLES, OFF, true", "REUSE_ROOT, OFF, false",
            "CONTEXTS, ON, false", "PAGE_TABLES, ON, true", "REUSE_ROOT, ON, false"})
    void onlyAFullCopyOutlivesTheOldPageTables(AdoptDepth depth, ScalableMode mode,
            boolean outlives) throws StepRefusedException {
        var bench = crashed(mode);
        long oldRoot = bench.get(VtdRegisters.RTADDR);
        adopted(bench, depth);
        scribbleOverPageTables(bench, oldRoot);
        if (outlives) {
            assertThat(bench.address(NIC, IOVA)).isEqualTo(0x10_0000);
            assertThat(bench.address(NIC, 0x25_4321)).isEqualTo(0x45_4321);
            assertThat(bench.address(DISK, IOVA)).isEqualTo(0x11_0000);
        } else {
            assertThat(bench.address(NIC, IOVA)).isNegative();
            assertThat(bench.address(DISK, IOVA)).isNegative();
        }
    }

    @ParameterizedTest
    @EnumSource(AdoptDepth.class)
    void theDepthDecidesWhatOfTheOldMemoryChanges(AdoptDepth depth) throws StepRefusedException {
        var bench = crashed(ScalableMode.OFF);
        long oldRoot = VtdRegisters.RTA.inPlace(bench.get(VtdRegisters.RTADDR));
        long oldContext = bench.contextEntry(NIC);
        int mark = bench.memory.mark();
        LinuxVtdDriver second = adopted(bench, depth);
        var adopting = changedOldPages(bench, mark);
        second.map(NIC, IOVA + 0x10_0000, 0x210_0000, 0x1000, RW);
        var attaching = changedOldPages(bench, mark);
        switch (depth) {
            case REUSE_ROOT -> {
                assertThat(adopting).containsExactly(oldRoot);
                assertThat(attaching).containsExactly(oldRoot);
            }
            case IN_PLACE -> {
                assertThat(adopting).isEmpty();
                assertThat(attaching).containsExactly(oldContext & -4096);
            }
            case KEEP_IN_PLACE -> {
                assertThat(adopting).isEmpty();
                assertThat(attaching).as("a page table of the old kernel")
                        .isNotEmpty().doesNotContain(oldRoot, oldContext & -4096);
            }
            default -> assertThat(attaching).isEmpty();
        }
    }

    private static TreeSet<Long> changedOldPages(BenchKernel bench, int mark) {
        var pages = new TreeSet<Long>();
        ChangedLine into = (address, before, offset) -> {
            if (address >= 0x20_0000 && address < OLD_PAGES_END) {
                pages.add(address & -4096);
            }
        };
        bench.memory.changedLines(mark, into);
        return pages;
    }

    @ParameterizedTest
    @CsvSource({"PAGE_TABLES, OFF", "REUSE_ROOT, OFF", "IN_PLACE, OFF", "PAGE_TABLES, ON",
            "REUSE_ROOT, ON", "IN_PLACE, ON"})
    void atEveryDepthTheFirstMappingGivesAnEmptyDomainWithAFreshId(AdoptDepth depth,
            ScalableMode mode) throws StepRefusedException {
        var bench = crashed(mode);
        LinuxVtdDriver second = adopted(bench, depth);
        assertThat(bench.address(NIC, IOVA)).isEqualTo(0x10_0000);
        second.map(NIC, IOVA + 0x10_0000, 0x210_0000, 0x1000, RW);
        assertThat(bench.address(NIC, IOVA + 0x10_0000)).isEqualTo(0x210_0000);
        second.map(DISK, IOVA, 0x211_0000, 0x1000, RW);
        assertThat(bench.address(DISK, IOVA)).isEqualTo(0x211_0000);
        assertThat(bench.address(UPPER, IOVA)).isEqualTo(0x12_0000);
        if (mode == ScalableMode.OFF) {
            assertThat(bench.address(NIC, IOVA)).isEqualTo(-0x06);
            long upper = bench.memory.read64(bench.contextEntry(NIC) + 8);
            assertThat(ContextEntry.DID.of(upper)).as("2 to 4 are the old ones").isEqualTo(5);
        }
    }

    @Test
    void tablesThatPointToThemselvesAreCopiedOnceALevel() throws StepRefusedException {
        var bench = crashed(ScalableMode.OFF);
        long context = bench.contextEntry(NIC);
        long table = ContextEntry.SSPTPTR.inPlace(bench.memory.read64(context));
        for (int i = 0; i < 512; i++) {
            bench.memory.write64(table + 8 * i, table | RW);
        }
        long before = bench.freePages();
        adopted(bench, AdoptDepth.PAGE_TABLES);
        assertThat(before - bench.freePages()).isLessThan(600);
        assertThat(bench.address(NIC, 0x1234_5678L)).as("the walk ends in the old table")
                .isPositive();
    }

    @Test
    void aTableSharedByTwoDevicesStaysShared() throws StepRefusedException {
        var bench = crashed(ScalableMode.OFF);
        long nic = bench.contextEntry(NIC);
        bench.memory.write64(bench.contextEntry(DISK), bench.memory.read64(nic));
        adopted(bench, AdoptDepth.PAGE_TABLES);
        assertThat(bench.memory.read64(bench.contextEntry(DISK)))
                .isEqualTo(bench.memory.read64(bench.contextEntry(NIC)))
                .isNotEqualTo(bench.memory.read64(nic));
    }

    @Test
    void aTableOutsideMemoryKeepsItsPointer() throws StepRefusedException {
        var bench = crashed(ScalableMode.OFF);
        long nic = bench.contextEntry(NIC);
        bench.memory.write64(nic, 1L << 40 | 1);
        adopted(bench, AdoptDepth.PAGE_TABLES);
        assertThat(bench.memory.read64(bench.contextEntry(NIC))).isEqualTo(1L << 40 | 1);
        assertThat(bench.address(DISK, IOVA)).isEqualTo(0x11_0000);
    }

    @Test
    void withoutPagesForTheCopyItIsRefusedAndTheOldTablesStay() throws StepRefusedException {
        var bench = crashed(ScalableMode.OFF);
        LinuxVtdDriver second = bench.driver();
        second.initialiseInterrupts();
        long root = bench.get(VtdRegisters.RTADDR);
        bench.pagesFrom(0x300_0000, 0x300_6000);
        assertThatThrownBy(() -> second.adoptTables(AdoptDepth.PAGE_TABLES))
                .isInstanceOf(StepRefusedException.class).hasMessageEndingWith(": no page left");
        assertThat(bench.console).contains(
                "DMAR: Failed to copy translation tables from previous kernel for dmar0");
        assertThat(bench.get(VtdRegisters.RTADDR)).isEqualTo(root);
        assertThat(bench.address(NIC, IOVA)).isEqualTo(0x10_0000);
    }

    @Test
    void proposalsDoNotDependOnTheVersion() throws StepRefusedException {
        var bench = crashed(ScalableMode.OFF);
        LinuxVtdDriver old = bench.driver("4.1");
        old.initialiseInterrupts();
        old.adoptTables(AdoptDepth.PAGE_TABLES);
        assertThat(bench.address(NIC, IOVA)).isEqualTo(0x10_0000);
    }
}
