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
public class WrightTest {

    private static final long FAULT = -EventCode.IO_PAGE_FAULT.number();
    private static final long IOVA = 0x7000;
    private static final long OLD = 0x20_0000;
    private static final long OVERWRITTEN = 0x30_0000;

    /** "Window while disabled": in-flight DMA goes to the address on the bus. */
    @Test
    void s53BetweenDisableAndEnableRequestsGoOutUntranslated() {
        var fixture = Fixture.on();
        fixture.map(fixture.domain(Fixture.DEVICE, 5, 3), IOVA, OLD, Fixture.RW);
        assertThat(fixture.write(IOVA)).isEqualTo(OLD);
        fixture.control(0);
        fixture.write(AmdViRegisters.DEV_TAB, blockingTable(fixture));
        assertThat(fixture.write(IOVA)).isEqualTo(Long.MIN_VALUE);
        fixture.control(Fixture.RUNNING);
        fixture.invalidateAll();
        assertThat(fixture.write(IOVA)).isEqualTo(FAULT);
    }

    private static long blockingTable(Fixture fixture) {
        long table = fixture.page();
        for (int i = 0; i < 4096; i += 32) {
            fixture.memory.write64(table + i, 3);
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
        var fixture = Fixture.on();
        long root = fixture.domain(Fixture.DEVICE, 5, 3);
        fixture.map(root, IOVA, OLD, Fixture.RW);
        fixture.read(IOVA);
        keep(fixture, entryCached, directoryCached, pageCached);
        fixture.control(0);
        if (!intact) {
            fixture.map(root, IOVA, OVERWRITTEN, Fixture.RW);
            fixture.memory.write64(root, 0);
        }
        fixture.write(AmdViRegisters.DEV_TAB, blockingTable(fixture));
        fixture.control(Fixture.RUNNING);
        assertThat(fixture.read(IOVA)).isEqualTo(switch (outcome) {
            case "old" -> OLD;
            case "elsewhere" -> OVERWRITTEN;
            default -> FAULT;
        });
    }

    /** Leaves exactly these caches warm: drops all by commands, then reads back what is wanted. */
    private static void keep(Fixture fixture, boolean entry, boolean directory, boolean page) {
        fixture.invalidateAll();
        if (page || directory) {
            fixture.read(IOVA);
        }
        if (directory && !page) {
            fixture.invalidatePages(5, IOVA);
        }
        if (page && !directory) {
            pageWithoutDirectories(fixture);
        }
        if (!entry) {
            fixture.invalidateEntry(Fixture.DEVICE);
        } else {
            fixture.unit.translate(Fixture.DEVICE, 1L << 60, Access.READ);
        }
    }

    /** Brings the page into the cache by way of a table of one level, which has no directories. */
    private static void pageWithoutDirectories(Fixture fixture) {
        long table = fixture.memory.read64(fixture.entryOf(Fixture.DEVICE));
        long single = fixture.page();
        fixture.memory.write64(single + 7 * 8, Fixture.leaf(OLD, 3));
        fixture.invalidateAll();
        fixture.entry(Fixture.DEVICE, 5, 1, single, Fixture.RW);
        fixture.read(IOVA);
        fixture.memory.write64(fixture.entryOf(Fixture.DEVICE), table);
        fixture.invalidateEntry(Fixture.DEVICE);
    }

    /** "We can't send the invalidate commands until the iommu is enabled." */
    @Test
    void s55CommandsSentBeforeEnableAreNotConsumedAndNeverComplete() {
        var fixture = Fixture.off(Map.of());
        assertThat(fixture.complete(1)).isZero();
        assertThat(fixture.read(AmdViRegisters.CMD_HEAD)).isZero();
        assertThat(fixture.read(AmdViRegisters.CMD_TAIL)).isEqualTo(16);
        assertThat(fixture.invalidated).isEmpty();
    }

    /**
     * The bug that was fixed by enabling first: devices attached before the unit knows the new
     * command buffer. The flush is queued in the new buffer, but while that is not the unit's the
     * cached entry stays, and the driver's DMA uses the old page table.
     */
    @Test
    public void s56AttachingBeforeEnablingLosesTheFlush() {
        var fixture = warmAndDisabled();
        long fresh = fixture.page();
        attach(fixture, fresh);
        fixture.memory.write64(fixture.commands, Fixture.opcode(2, Fixture.DEVICE));
        enableWithNewBuffer(fixture);
        assertThat(fixture.read(IOVA)).as("the old domain's page").isEqualTo(OLD);
        assertThat(fixture.read(0x9000)).as("the driver's own address is unknown").isEqualTo(FAULT);
    }

    @Test
    void s56EnablingBeforeAttachingFlushesAndTheDeviceWorks() {
        var fixture = warmAndDisabled();
        enableWithNewBuffer(fixture);
        long fresh = fixture.page();
        attach(fixture, fresh);
        fixture.invalidateEntry(Fixture.DEVICE);
        fixture.invalidateDomain(6);
        assertThat(fixture.complete(1)).isEqualTo(1);
        assertThat(fixture.read(0x9000)).isEqualTo(0x40_0000);
        assertThat(fixture.read(IOVA)).isEqualTo(FAULT);
    }

    private static Fixture warmAndDisabled() {
        var fixture = Fixture.on();
        fixture.map(fixture.domain(Fixture.DEVICE, 5, 3), IOVA, OLD, Fixture.RW);
        fixture.read(IOVA);
        fixture.control(0);
        return fixture;
    }

    private static void attach(Fixture fixture, long root) {
        fixture.map(root, 0x9000, 0x40_0000, Fixture.RW);
        fixture.entry(Fixture.DEVICE, 6, 3, root, Fixture.RW);
    }

    /** What enable_iommus does: a command buffer that is empty, whatever was queued before. */
    private static void enableWithNewBuffer(Fixture fixture) {
        fixture.write(AmdViRegisters.CMD_HEAD, 0);
        fixture.write(AmdViRegisters.CMD_TAIL, 0);
        fixture.control(Fixture.RUNNING);
    }

    /**
     * S5-9: "about the only thing": the crashing kernel blocks each entry, invalidates it and
     * leaves the unit on. Requests are blocked from then on; but an error more, here a command
     * buffer that has stopped, and the invalidation never comes.
     */
    @ParameterizedTest
    @CsvSource({"false", "true"})
    void s59ADyingKernelMayBlockItsDevicesUnlessSomethingElseGoesWrong(boolean broken) {
        var fixture = Fixture.on();
        fixture.map(fixture.domain(Fixture.DEVICE, 5, 3), IOVA, OLD, Fixture.RW);
        fixture.read(IOVA);
        if (broken) {
            fixture.command(0, 0);
        }
        fixture.entry(Fixture.DEVICE, 5, 0, 0, 0);
        fixture.invalidateEntry(Fixture.DEVICE);
        long done = fixture.complete(1);
        assertThat(done).isEqualTo(broken ? 0 : 1);
        assertThat(fixture.read(IOVA)).isEqualTo(broken ? OLD : FAULT);
        assertThat(fixture.unit.translating()).isTrue();
    }

    /** S5-7 by register: what the exclusion range holds passes, the rest faults. */
    @Test
    void s57TheExclusionRangePassesTheRestFaults() {
        var fixture = Fixture.on();
        fixture.domain(Fixture.DEVICE, 5, 3);
        fixture.write(AmdViRegisters.EXCLUSION_BASE, 0x9_0000 | 3);
        fixture.write(AmdViRegisters.EXCLUSION_LIMIT, 0x9_1000);
        assertThat(fixture.read(0x9_1ff8)).isEqualTo(Long.MIN_VALUE);
        assertThat(fixture.read(0x9_2000)).isEqualTo(FAULT);
        assertThat(fixture.read(0x8_fff8)).isEqualTo(FAULT);
    }
}
