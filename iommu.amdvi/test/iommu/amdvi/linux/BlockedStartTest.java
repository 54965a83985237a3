// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.DeviceTableEntry;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.KernelPort;
import iommu.api.unit.StepRefusedException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Units that stay on and get other tables, one page for all, or go on with what was mapped. */
class BlockedStartTest {

    private static final int NIC = KernelFixture.NIC;
    private static final int DISK = KernelFixture.DISK;
    private static final long IOVA = KernelFixture.IOVA;
    private static final long FREE = 0xfff0_0000L;
    private static final int RW = KernelFixture.RW;
    private static final long FAULT = -2;

    private static KernelFixture crashed() {
        var fixture = KernelFixture.crashed();
        fixture.functions = List.of(NIC, DISK);
        return fixture;
    }

    @ParameterizedTest
    @ValueSource(strings = {"4.19", "6.1", "6.12"})
    void blockedDevicesNeverPassUntranslated(String version) throws StepRefusedException {
        var fixture = crashed();
        LinuxAmdViDriver second = fixture.driver(version);
        second.startBlocked();
        assertThat(fixture.switched).as("never off").isEmpty();
        assertThat(fixture.go(NIC, IOVA)).as("cached no more").isEqualTo(FAULT);
        assertThat(fixture.go(DISK, IOVA)).isEqualTo(FAULT);
        second.map(NIC, IOVA, 0x210_0000, 0x1000, RW);
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(0x210_0000);
        assertThat(fixture.go(DISK, IOVA)).isEqualTo(FAULT);
    }

    @Test
    void allAddressesOfAllFunctionsLeadToOnePage() throws StepRefusedException {
        var fixture = crashed();
        LinuxAmdViDriver second = fixture.driver();
        second.mapScratch();
        assertThat(fixture.switched).as("never off").isEmpty();
        long page = fixture.go(NIC, IOVA);
        assertThat(page).isBetween(0x200_0000L, 0x300_0000L);
        assertThat(fixture.go(NIC, 0)).isEqualTo(page);
        assertThat(fixture.go(NIC, 0x7654_3210_1238L)).isEqualTo(page + 0x238);
        assertThat(fixture.go(DISK, IOVA)).isEqualTo(page);
        assertThat(fixture.go(DISK + 1, IOVA)).as("no function").isEqualTo(FAULT);
        second.map(NIC, IOVA, 0x210_0000, 0x1000, RW);
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(0x210_0000);
        assertThat(fixture.go(NIC, 0)).isEqualTo(FAULT);
        assertThat(fixture.go(DISK, IOVA)).isEqualTo(page);
    }

    @Test
    void aUnitThatIsOffIsRefused() {
        var fixture = new KernelFixture();
        LinuxAmdViDriver driver = fixture.driver();
        for (var step : List.<org.assertj.core.api.ThrowableAssert.ThrowingCallable>of(
                driver::startBlocked, driver::mapScratch,
                () -> driver.adoptTables(AdoptDepth.KEEP_IN_PLACE))) {
            assertThatThrownBy(step).isInstanceOf(StepRefusedException.class)
                    .hasMessage("translation is not enabled");
        }
        assertThat(fixture.controls).isEmpty();
    }

    @Test
    void aUnitThatWasTakenOverWithItsInterruptsIsRefused() {
        var fixture = crashed();
        LinuxAmdViDriver second = fixture.driver();
        second.initialiseInterrupts();
        assertThatThrownBy(second::startBlocked).isInstanceOf(StepRefusedException.class)
                .hasMessage("the unit was taken over at T4 already");
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(0x10_0000);
    }

    @Test
    void underSnpTheTableCannotBeReplaced() {
        var fixture = crashed();
        fixture.replaceUnit(Map.of("snpLocked", 1L));
        assertThatThrownBy(() -> fixture.driver().startBlocked())
                .isInstanceOf(StepRefusedException.class)
                .hasMessage("the device table base register is locked");
    }

    /** Wright, April 2010: the entry is changed, the unit told, and left on. */
    @Test
    void aPanickedKernelBlocksOneFunction() throws StepRefusedException {
        var fixture = new KernelFixture();
        LinuxAmdViDriver first = fixture.firstKernel();
        first.map(NIC, IOVA, 0x10_0000, 0x1000, RW);
        first.map(DISK, IOVA, 0x11_0000, 0x1000, RW);
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(0x10_0000);
        long table = AmdViRegisters.BASE.inPlace(fixture.get(AmdViRegisters.DEV_TAB));
        fixture.memory.write64(table + NIC * 32L + 16, 0x77);
        fixture.switched.clear();
        first.block(NIC);
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(FAULT);
        assertThat(fixture.go(DISK, IOVA)).isEqualTo(0x11_0000);
        assertThat(fixture.switched).isEmpty();
        long q0 = fixture.memory.read64(table + NIC * 32L);
        assertThat(DeviceTableEntry.V.isSet(q0) && DeviceTableEntry.TV.isSet(q0)).isTrue();
        assertThat(DeviceTableEntry.MODE.of(q0) | DeviceTableEntry.IR.of(q0)
                | DeviceTableEntry.IW.of(q0)).isZero();
        assertThat(fixture.memory.read64(table + NIC * 32L + 16)).as("interrupts")
                .isEqualTo(0x77);
        first.map(NIC, IOVA, 0x12_0000, 0x1000, RW);
        assertThat(fixture.go(NIC, IOVA)).as("mapped again").isEqualTo(0x12_0000);
    }

    @Test
    void aKernelWithoutTableBlocksNobody() {
        assertThatThrownBy(() -> new KernelFixture().driver().block(NIC))
                .isInstanceOf(StepRefusedException.class)
                .hasMessage("the unit has no table of this kernel");
    }

    @ParameterizedTest
    @CsvSource({"4.13, KEEP_COPIED", "4.19, KEEP_COPIED", "6.1, KEEP_COPIED", "6.18, KEEP_COPIED",
        "4.19, KEEP_IN_PLACE", "6.1, KEEP_IN_PLACE", "6.18, KEEP_IN_PLACE"})
    void keptDomainsHaveOldAndNewMappings(String version, AdoptDepth depth)
            throws StepRefusedException {
        var fixture = crashed();
        long table = fixture.get(AmdViRegisters.DEV_TAB);
        long entry = AmdViRegisters.BASE.inPlace(table) + NIC * 32L;
        int id = (int) DeviceTableEntry.DOMAIN_ID.of(fixture.memory.read64(entry + 8));
        LinuxAmdViDriver second = fixture.driver(version);
        second.adoptTables(depth);
        assertThat(fixture.get(AmdViRegisters.DEV_TAB) == table)
                .isEqualTo(depth == AdoptDepth.KEEP_IN_PLACE);
        if (depth == AdoptDepth.KEEP_COPIED) {
            overwrite(fixture, entry, fixture.memory.read64(entry));
        }
        assertThat(second.domain(NIC)).as("its own id").isEqualTo(id);
        assertThat(second.keptRanges(NIC)).containsExactly(new KernelPort.Range(IOVA, 0x2000));
        second.map(NIC, FREE, 0x210_0000, 0x1000, RW);
        assertThat(fixture.go(NIC, FREE)).isEqualTo(0x210_0000);
        assertThat(fixture.go(NIC, IOVA + 0x1004)).isEqualTo(0x10_1004);
        second.map(DISK + 1, FREE, 0x211_0000, 0x1000, RW);
        assertThat(second.domain(DISK + 1)).as("a new one")
                .isNotIn(second.domain(NIC), second.domain(DISK));
        assertThat(second.keptRanges(DISK + 1)).isEmpty();
        assertThat(fixture.switched).isEmpty();
    }

    /** What is copied serves until a driver maps; then its function has an empty domain. */
    @ParameterizedTest
    @ValueSource(strings = {"4.13", "6.1", "6.18"})
    void copiedPageTablesServeUntilADriverMaps(String version) throws StepRefusedException {
        var fixture = crashed();
        long entry = AmdViRegisters.BASE.inPlace(fixture.get(AmdViRegisters.DEV_TAB)) + NIC * 32L;
        LinuxAmdViDriver second = fixture.driver(version);
        second.adoptTables(AdoptDepth.PAGE_TABLES);
        overwrite(fixture, entry, fixture.memory.read64(entry));
        assertThat(fixture.go(NIC, IOVA + 0x1004)).isEqualTo(0x10_1004);
        second.map(NIC, FREE, 0x210_0000, 0x1000, RW);
        assertThat(fixture.go(NIC, FREE)).isEqualTo(0x210_0000);
        assertThat(fixture.go(NIC, IOVA + 0x1004)).isEqualTo(FAULT);
        assertThat(fixture.go(DISK, IOVA)).as("its driver has not mapped").isEqualTo(0x11_0000);
        assertThat(second.keptRanges(NIC)).isEmpty();
        assertThat(fixture.switched).isEmpty();
    }

    /** Nothing of the old tables is needed any more. */
    private static void overwrite(KernelFixture fixture, long entry, long q0) {
        long root = DeviceTableEntry.PT_ROOT.inPlace(q0);
        for (int i = 0; i < 512; i++) {
            fixture.memory.write64(root + 8 * i, 0);
        }
        fixture.memory.write64(entry, 0);
    }

    @Test
    void tablesOfTwoDevicesStayOneAndThoseThatAreNoMemoryStayWhereTheyAre()
            throws StepRefusedException {
        var fixture = crashed();
        long table = AmdViRegisters.BASE.inPlace(fixture.get(AmdViRegisters.DEV_TAB));
        for (int q = 0; q < 16; q += 8) {
            fixture.memory.write64(table + (DISK + 1) * 32L + q,
                    fixture.memory.read64(table + NIC * 32L + q));
        }
        long nowhere = 0x7f_0000_0000L;
        fixture.memory.write64(table + DISK * 32L, DeviceTableEntry.PT_ROOT.mask()
                & nowhere | fixture.memory.read64(table + DISK * 32L)
                & ~DeviceTableEntry.PT_ROOT.mask());
        LinuxAmdViDriver second = fixture.driver();
        second.adoptTables(AdoptDepth.KEEP_COPIED);
        long copy = AmdViRegisters.BASE.inPlace(fixture.get(AmdViRegisters.DEV_TAB));
        long root = DeviceTableEntry.PT_ROOT.inPlace(fixture.memory.read64(copy + NIC * 32L));
        assertThat(root).isBetween(0x200_0000L, 0x300_0000L);
        assertThat(DeviceTableEntry.PT_ROOT.inPlace(
                fixture.memory.read64(copy + (DISK + 1) * 32L))).isEqualTo(root);
        assertThat(DeviceTableEntry.PT_ROOT.inPlace(fixture.memory.read64(copy + DISK * 32L)))
                .isEqualTo(nowhere);
        second.map(DISK, FREE, 0x210_0000, 0x1000, RW);
        assertThat(fixture.go(DISK, FREE)).as("a domain of its own").isEqualTo(0x210_0000);
        assertThat(second.domain(DISK + 1)).isEqualTo(second.domain(NIC));
    }

    /** Neither pages nor registers are kept of a copy that is too large. */
    @Test
    void aCopyThatDoesNotFitIsRefusedAndNothingWasChanged() {
        var fixture = crashed();
        long table = fixture.get(AmdViRegisters.DEV_TAB);
        fixture.pagesFrom(0x200_0000, 0x200_0000 + KernelFixture.TABLE_BYTES + 0x2000);
        assertThatThrownBy(() -> fixture.driver().adoptTables(AdoptDepth.KEEP_COPIED))
                .isInstanceOf(StepRefusedException.class);
        assertThat(fixture.get(AmdViRegisters.DEV_TAB)).isEqualTo(table);
        assertThat(fixture.controls).isEmpty();
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(0x10_0000);
    }

    @Test
    void tablesThatPointToThemselvesAreRefused() {
        var fixture = crashed();
        long entry = AmdViRegisters.BASE.inPlace(fixture.get(AmdViRegisters.DEV_TAB)) + NIC * 32L;
        long q0 = fixture.memory.read64(entry);
        long root = DeviceTableEntry.PT_ROOT.inPlace(q0);
        fixture.memory.write64(entry, DeviceTableEntry.MODE.with(q0, 6));
        for (int i = 0; i < 512; i++) {
            // each level leads to the same table, one level down
            fixture.memory.write64(root + 8 * i, root | 0x6000_0000_0000_0001L
                    | (long) (i % 5 + 1) << 9);
        }
        for (AdoptDepth depth : List.of(AdoptDepth.KEEP_IN_PLACE, AdoptDepth.KEEP_COPIED)) {
            assertThatThrownBy(() -> fixture.driver().adoptTables(depth))
                    .isInstanceOf(StepRefusedException.class)
                    .hasMessageEndingWith("more is mapped than could be kept");
        }
        assertThat(fixture.controls).as("nothing was changed").isEmpty();
    }
}
