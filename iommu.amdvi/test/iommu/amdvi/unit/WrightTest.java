// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.EventCode;
import iommu.api.pcie.Access;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What C. Wright said of AMD-Vi and kdump on the kexec list in April 2010, as experiments on a
 * unit: the window, what caches give after it, and the order of enabling and attaching.
 */
class WrightTest {

    private static final long FAULT = -EventCode.IO_PAGE_FAULT.number();
    private static final long IOVA = 0x7000;
    private static final long OLD = 0x20_0000;
    private static final long OVERWRITTEN = 0x30_0000;

    /** "Window while disabled": in-flight DMA goes to the address on the bus. */
    @Test
    void s53BetweenDisableAndEnableRequestsGoOutUntranslated() {
        var bench = Bench.on();
        bench.map(bench.domain(Bench.DEVICE, 5, 3), IOVA, OLD, Bench.RW);
        assertThat(bench.write(IOVA)).isEqualTo(OLD);
        bench.control(0);
        bench.write(AmdViRegisters.DEV_TAB, blockingTable(bench));
        assertThat(bench.write(IOVA)).isEqualTo(Long.MIN_VALUE);
        bench.control(Bench.RUNNING);
        bench.invalidateAll();
        assertThat(bench.write(IOVA)).isEqualTo(FAULT);
    }

    private static long blockingTable(Bench bench) {
        long table = bench.page();
        for (int i = 0; i < 4096; i += 32) {
            bench.memory.write64(table + i, 3);
        }
        return table;
    }

    /**
     * "Cached DTE only gets you domainID and pt root, so results depend upon other caches too":
     * which of the caches still hold what, and whether the old page table is intact. The new device
     * table blocks everything. Where no cache decides, the walk reads the old tables as they are
     * now: overwritten, they lead elsewhere.
     */
    @ParameterizedTest
    @CsvSource({
        "true,  true,  true,  true,  old", "true,  true,  true,  false, old",
        "true,  true,  false, true,  old", "true,  true,  false, false, elsewhere",
        "true,  false, true,  true,  old", "true,  false, true,  false, old",
        "true,  false, false, true,  old", "true,  false, false, false, fault",
        "false, true,  true,  true,  fault", "false, true,  true,  false, fault",
        "false, true,  false, true,  fault", "false, true,  false, false, fault",
        "false, false, true,  true,  fault", "false, false, true,  false, fault",
        "false, false, false, true,  fault", "false, false, false, false, fault"})
    void s54AfterEnableTheOutcomeDependsOnAllCaches(boolean entryCached, boolean directoryCached,
            boolean pageCached, boolean intact, String outcome) {
        var bench = Bench.on();
        long root = bench.domain(Bench.DEVICE, 5, 3);
        bench.map(root, IOVA, OLD, Bench.RW);
        bench.read(IOVA);
        keep(bench, entryCached, directoryCached, pageCached);
        bench.control(0);
        if (!intact) {
            bench.map(root, IOVA, OVERWRITTEN, Bench.RW);
            bench.memory.write64(root, 0);
        }
        bench.write(AmdViRegisters.DEV_TAB, blockingTable(bench));
        bench.control(Bench.RUNNING);
        assertThat(bench.read(IOVA)).isEqualTo(switch (outcome) {
            case "old" -> OLD;
            case "elsewhere" -> OVERWRITTEN;
            default -> FAULT;
        });
    }

    /** Leaves exactly these caches warm: drops all by commands, then reads back what is wanted. */
    private static void keep(Bench bench, boolean entry, boolean directory, boolean page) {
        bench.invalidateAll();
        if (page || directory) {
            bench.read(IOVA);
        }
        if (directory && !page) {
            bench.invalidatePages(5, IOVA);
        }
        if (page && !directory) {
            pageWithoutDirectories(bench);
        }
        if (!entry) {
            bench.invalidateEntry(Bench.DEVICE);
        } else {
            bench.unit.translate(Bench.DEVICE, 1L << 60, Access.READ);
        }
    }

    /** Brings the page into the cache by way of a table of one level, which has no directories. */
    private static void pageWithoutDirectories(Bench bench) {
        long table = bench.memory.read64(bench.entryOf(Bench.DEVICE));
        long single = bench.page();
        bench.memory.write64(single + 7 * 8, Bench.leaf(OLD, 3));
        bench.invalidateAll();
        bench.entry(Bench.DEVICE, 5, 1, single, Bench.RW);
        bench.read(IOVA);
        bench.memory.write64(bench.entryOf(Bench.DEVICE), table);
        bench.invalidateEntry(Bench.DEVICE);
    }

    /** "We can't send the invalidate commands until the iommu is enabled." */
    @Test
    void s55CommandsSentBeforeEnableAreNotConsumedAndNeverComplete() {
        var bench = Bench.off(Map.of());
        assertThat(bench.complete(1)).isZero();
        assertThat(bench.read(AmdViRegisters.CMD_HEAD)).isZero();
        assertThat(bench.read(AmdViRegisters.CMD_TAIL)).isEqualTo(16);
        assertThat(bench.invalidated).isEmpty();
    }

    /**
     * The bug that was fixed by enabling first: devices attached before the unit knows the new
     * command buffer. The flush is queued in the new buffer, but while that is not the unit's the
     * cached entry stays, and the driver's DMA uses the old page table.
     */
    @Test
    void s56AttachingBeforeEnablingLosesTheFlush() {
        var bench = warmAndDisabled();
        long fresh = bench.page();
        attach(bench, fresh);
        bench.memory.write64(bench.commands, Bench.opcode(2, Bench.DEVICE));
        enableWithNewBuffer(bench);
        assertThat(bench.read(IOVA)).as("the old domain's page").isEqualTo(OLD);
        assertThat(bench.read(0x9000)).as("the driver's own address is unknown").isEqualTo(FAULT);
    }

    @Test
    void s56EnablingBeforeAttachingFlushesAndTheDeviceWorks() {
        var bench = warmAndDisabled();
        enableWithNewBuffer(bench);
        long fresh = bench.page();
        attach(bench, fresh);
        bench.invalidateEntry(Bench.DEVICE);
        bench.invalidateDomain(6);
        assertThat(bench.complete(1)).isEqualTo(1);
        assertThat(bench.read(0x9000)).isEqualTo(0x40_0000);
        assertThat(bench.read(IOVA)).isEqualTo(FAULT);
    }

    private static Bench warmAndDisabled() {
        var bench = Bench.on();
        bench.map(bench.domain(Bench.DEVICE, 5, 3), IOVA, OLD, Bench.RW);
        bench.read(IOVA);
        bench.control(0);
        return bench;
    }

    private static void attach(Bench bench, long root) {
        bench.map(root, 0x9000, 0x40_0000, Bench.RW);
        bench.entry(Bench.DEVICE, 6, 3, root, Bench.RW);
    }

    /** What enable_iommus does: a command buffer that is empty, whatever was queued before. */
    private static void enableWithNewBuffer(Bench bench) {
        bench.write(AmdViRegisters.CMD_HEAD, 0);
        bench.write(AmdViRegisters.CMD_TAIL, 0);
        bench.control(Bench.RUNNING);
    }

    /**
     * S5-9: "about the only thing": the crashing kernel blocks each entry, invalidates it and
     * leaves the unit on. Requests are blocked from then on; but an error more, here a command
     * buffer that has stopped, and the invalidation never comes.
     */
    @ParameterizedTest
    @CsvSource({"false", "true"})
    void s59ADyingKernelMayBlockItsDevicesUnlessSomethingElseGoesWrong(boolean broken) {
        var bench = Bench.on();
        bench.map(bench.domain(Bench.DEVICE, 5, 3), IOVA, OLD, Bench.RW);
        bench.read(IOVA);
        if (broken) {
            bench.command(0, 0);
        }
        bench.entry(Bench.DEVICE, 5, 0, 0, 0);
        bench.invalidateEntry(Bench.DEVICE);
        long done = bench.complete(1);
        assertThat(done).isEqualTo(broken ? 0 : 1);
        assertThat(bench.read(IOVA)).isEqualTo(broken ? OLD : FAULT);
        assertThat(bench.unit.translating()).isTrue();
    }

    /** S5-7 by register: what the exclusion range holds passes, the rest faults. */
    @Test
    void s57TheExclusionRangePassesTheRestFaults() {
        var bench = Bench.on();
        bench.domain(Bench.DEVICE, 5, 3);
        bench.write(AmdViRegisters.EXCLUSION_BASE, 0x9_0000 | 3);
        bench.write(AmdViRegisters.EXCLUSION_LIMIT, 0x9_1000);
        assertThat(bench.read(0x9_1ff8)).isEqualTo(Long.MIN_VALUE);
        assertThat(bench.read(0x9_2000)).isEqualTo(FAULT);
        assertThat(bench.read(0x8_fff8)).isEqualTo(FAULT);
    }
}
