// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Control;
import iommu.amdvi.DeviceTableEntry;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.StepRefusedException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** One kernel after another on one unit: what the recorded hand-over shows. */
class HandOverTest {

    private static final int NIC = KernelFixture.NIC;
    private static final int DISK = KernelFixture.DISK;
    private static final int IDLE = 0x50;
    private static final long IOVA = KernelFixture.IOVA;
    private static final long FAULT = -2;
    private static final long UNTRANSLATED = -1000;

    private static LinuxAmdViDriver adopted(KernelFixture fixture) throws StepRefusedException {
        LinuxAmdViDriver second = fixture.driver();
        second.initialiseInterrupts();
        second.adoptTables(AdoptDepth.CONTEXTS);
        second.enableFaultInterrupt();
        return second;
    }

    @Test
    void theFirstKernelBlocksEveryDeviceWithoutMapping() {
        var fixture = new KernelFixture();
        fixture.firstKernel();
        assertThat(fixture.unit.translating()).isTrue();
        assertThat(fixture.go(IDLE, IOVA)).isEqualTo(FAULT);
        assertThat(fixture.get(AmdViRegisters.DEV_TAB) & 0x1ff).as("8 pages").isEqualTo(7);
        assertThat(fixture.console).contains(
                "AMD-Vi: Extended features (0x29d3, 0x0): PreF PPR GT IA GA HE");
    }

    /** Control values of the recording kdamd1, between 9.483 s and 10.714 s after its crash. */
    @Test
    void atT4ControlIsWrittenInTheRecordedOrder() {
        var words = new HashMap<Integer, Integer>(Map.of(0x18, 0x3f48f, 0x0, 0x11_0007,
                0x8, 0x12_0000, 0xc, 0x0900_0000, 0x10, 0x12_2000, 0x14, 0x0900_0000));
        var fixture = new KernelFixture(words, Map.of());
        for (long at = 0x11_0000; at < 0x11_8000; at += 8) {
            fixture.memory.write64(at, 0);
        }
        fixture.remapInterrupts(0x11_0000);
        fixture.captureKernelPages();
        fixture.driver().initialiseInterrupts();
        assertThat(fixture.controls).containsExactly(0x3e48fL, 0x3e48bL, 0x3e48bL, 0x3e48bL,
                0x3f48bL, 0x3f48fL, 0x3f48fL);
        assertThat(fixture.switched).as("IommuEn is never cleared").isEmpty();
    }

    @Test
    void atT4TheDeviceTableIsCopiedAndAtT6EverythingIsFlushedOnceMore()
            throws StepRefusedException {
        var fixture = KernelFixture.crashed();
        long old = fixture.get(AmdViRegisters.DEV_TAB);
        LinuxAmdViDriver second = fixture.driver();
        second.initialiseInterrupts();
        assertThat(fixture.get(AmdViRegisters.DEV_TAB)).isNotEqualTo(old)
                .isGreaterThan(0x200_0000L);
        assertThat(fixture.console).containsExactly("AMD-Vi: Translation is already enabled -"
                + " trying to copy translation structures",
                "AMD-Vi: Copied DEV table from previous kernel.");
        assertThat(fixture.invalidated).contains("device table entry, device 0x40",
                "pages, domain 0x1, all, directories").doesNotContain("everything");
        assertThat(fixture.go(NIC, IOVA + 0x1004)).as("old page tables").isEqualTo(0x10_1004);
        assertThat(fixture.go(IDLE, IOVA)).as("copied as it blocks").isEqualTo(FAULT);
        fixture.invalidated.clear();
        second.adoptTables(AdoptDepth.CONTEXTS);
        assertThat(fixture.invalidated).containsExactly("everything");
        assertThat(fixture.go(DISK, IOVA)).isEqualTo(0x11_0000);
        assertThat(fixture.switched).isEmpty();
    }

    @Test
    void aPolicyThatAsksAtT6AloneGetsBothHalvesThere() throws StepRefusedException {
        var fixture = KernelFixture.crashed();
        fixture.driver().adoptTables(AdoptDepth.CONTEXTS);
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(0x10_0000);
        assertThat(fixture.go(IDLE, IOVA)).isEqualTo(FAULT);
    }

    @Test
    void theFirstMappingGivesAnEmptyDomainAndFlushesTheCopiedOne() throws StepRefusedException {
        var fixture = KernelFixture.crashed();
        LinuxAmdViDriver second = adopted(fixture);
        fixture.go(NIC, IOVA);
        fixture.invalidated.clear();
        second.map(NIC, IOVA + 0x10_0000, 0x210_0000, 0x1000, KernelFixture.RW);
        assertThat(fixture.invalidated).containsExactly("pages, domain 0x1, all, directories",
                "device table entry, device 0x40");
        assertThat(fixture.go(NIC, IOVA + 0x10_0000)).isEqualTo(0x210_0000);
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(FAULT);
        assertThat(fixture.go(DISK, IOVA)).as("not attached yet").isEqualTo(0x11_0000);
        assertThat(domainOf(fixture, NIC)).as("3 follows the copied ids 1 and 2").isEqualTo(3);
        fixture.invalidated.clear();
        second.map(NIC, IOVA, 0x210_1000, 0x1000, KernelFixture.RW);
        assertThat(fixture.invalidated).as("the second one").isEmpty();
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(0x210_1000);
    }

    private static int domainOf(KernelFixture fixture, int device) {
        long base = AmdViRegisters.BASE.inPlace(fixture.get(AmdViRegisters.DEV_TAB));
        return (int) DeviceTableEntry.DOMAIN_ID.of(
                fixture.memory.read64(base + device * 32L + 8));
    }

    @Test
    void allIdsOfAFunctionBehindABridgeGetOneDomain() throws StepRefusedException {
        var fixture = KernelFixture.crashed();
        fixture.aliases.put(0x108, List.of(0x108, 0x100));
        fixture.aliases.put(0x110, List.of(0x110, 0x100));
        LinuxAmdViDriver second = adopted(fixture);
        second.map(0x108, IOVA, 0x210_0000, 0x1000, KernelFixture.RW);
        second.map(0x110, IOVA + 0x1000, 0x210_1000, 0x1000, KernelFixture.RW);
        assertThat(fixture.go(0x100, IOVA)).isEqualTo(0x210_0000);
        assertThat(fixture.go(0x100, IOVA + 0x1000)).isEqualTo(0x210_1000);
        assertThat(domainOf(fixture, 0x110)).isEqualTo(domainOf(fixture, 0x108));
    }

    @Test
    void guestTablesAreMaskedOutOfTheCopy() throws StepRefusedException {
        var fixture = KernelFixture.crashed();
        long entry = AmdViRegisters.BASE.inPlace(fixture.get(AmdViRegisters.DEV_TAB)) + NIC * 32;
        fixture.memory.write64(entry, DeviceTableEntry.withGcr3Low(
                fixture.memory.read64(entry), 0x1_2345_7000L) | DeviceTableEntry.GV.mask());
        fixture.memory.write64(entry + 8, DeviceTableEntry.withGcr3High(
                fixture.memory.read64(entry + 8), 0x1_2345_7000L));
        adopted(fixture);
        long copy = AmdViRegisters.BASE.inPlace(fixture.get(AmdViRegisters.DEV_TAB)) + NIC * 32;
        long q0 = fixture.memory.read64(copy);
        assertThat(DeviceTableEntry.GV.isSet(q0)).isFalse();
        assertThat(DeviceTableEntry.gcr3Root(q0, fixture.memory.read64(copy + 8))).isZero();
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(0x10_0000);
    }

    // ---- before a restart -----------------------------------------------------------------------

    @Test
    void theUnitIsSwitchedOffBeforeTheMachineRestarts() throws StepRefusedException {
        var fixture = KernelFixture.crashed();
        fixture.driver().shutdown();
        assertThat(fixture.switched).as("without tables of its own").isEmpty();
        LinuxAmdViDriver second = adopted(fixture);
        second.shutdown();
        assertThat(fixture.switched).containsExactly(false);
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(UNTRANSLATED);
        assertThat(Control.CMD_BUF_EN.isSet(fixture.get(AmdViRegisters.CONTROL))).isFalse();
        assertThat(Control.EVENT_LOG_EN.isSet(fixture.get(AmdViRegisters.CONTROL))).isFalse();
    }

    // ---- starting clean -------------------------------------------------------------------------

    @Test
    void disablingOpensTheWindowAndStartingCleanClosesIt() throws StepRefusedException {
        var fixture = KernelFixture.crashed();
        LinuxAmdViDriver second = fixture.driver();
        second.disableTranslation();
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(UNTRANSLATED);
        second.startClean();
        second.enableFaultInterrupt();
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(FAULT);
        assertThat(fixture.switched).containsExactly(false, true);
        second.map(NIC, IOVA, 0x210_0000, 0x1000, KernelFixture.RW);
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(0x210_0000);
    }

    @Test
    void anEarlierKernelsStateIsResumed() {
        var fixture = KernelFixture.crashed();
        LinuxAmdViDriver same = fixture.driver();
        same.resume();
        same.map(NIC, IOVA + 0x10_0000, 0x12_0000, 0x1000, KernelFixture.RW);
        assertThat(fixture.go(NIC, IOVA + 0x10_0000)).isEqualTo(0x12_0000);
        assertThat(fixture.go(NIC, IOVA)).as("in the domain it had").isEqualTo(0x10_0000);
        same.unmap(NIC, IOVA, 0x1000);
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(FAULT);
        same.map(IDLE, IOVA, 0x13_0000, 0x1000, KernelFixture.RW);
        assertThat(domainOf(fixture, IDLE)).isEqualTo(3);
    }

    @Test
    void mappingBeforeAnyTableIsAnError() {
        var fixture = new KernelFixture();
        assertThatThrownBy(() -> fixture.driver().map(NIC, IOVA, 0, 0x1000, 3))
                .isInstanceOf(IllegalStateException.class).hasMessageContaining("before the unit");
    }

    /** As of a dump without registers: the table was found, where the buffers were nobody knows. */
    @Test
    void aKernelThatIsResumedWithoutBuffersGetsSome() {
        var fixture = KernelFixture.crashed();
        fixture.replaceUnit(Map.of(), Map.of(0x18, 1, 0x8, 0, 0xc, 0, 0x10, 0, 0x14, 0, 0x2000, 0,
                0x2008, 0, 0x2020, 0));
        LinuxAmdViDriver first = fixture.driver();
        first.resume();
        first.map(NIC, 0x5000_0000L, 0x15_0000, 0x1000, KernelFixture.RW);
        assertThat(fixture.go(NIC, 0x5000_0000L)).isEqualTo(0x15_0000);
        first.unmap(NIC, 0x5000_0000L, 0x1000);
        assertThat(fixture.go(NIC, 0x5000_0000L)).isEqualTo(FAULT);
        assertThat(fixture.get(AmdViRegisters.STATUS) & 0x18).as("both run").isEqualTo(0x18);
    }
}
