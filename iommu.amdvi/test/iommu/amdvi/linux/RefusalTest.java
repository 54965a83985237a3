// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.DeviceTableEntry;
import iommu.api.profile.KernelProfile;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.StepRefusedException;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Hand-overs that the kernel refuses, and hardware that does not obey. */
class RefusalTest {

    private static final int NIC = KernelFixture.NIC;
    private static final long IOVA = KernelFixture.IOVA;
    private static final long FAULT = -2;
    private static final long UNTRANSLATED = -1000;

    private static void refused(KernelFixture fixture, LinuxAmdViDriver second, String why) {
        assertThat(fixture.switched).as("so far").isEmpty();
        second.initialiseInterrupts();
        assertThatThrownBy(() -> second.adoptTables(AdoptDepth.CONTEXTS))
                .isInstanceOf(StepRefusedException.class).hasMessageContaining(why);
        assertThat(fixture.console).contains(
                "AMD-Vi: Failed to copy DEV table from previous kernel.", "AMD-Vi: " + why);
        assertThat(fixture.switched).as("started clean at once").containsExactly(false, true);
    }

    @Test
    void aTableOfAnotherSizeIsNotCopiedAndDevicesPassFromT4ToT6() throws StepRefusedException {
        var fixture = KernelFixture.crashed();
        var second = new LinuxAmdViDriver(KernelProfile.linux61(), fixture, 0x1000);
        long old = fixture.get(AmdViRegisters.DEV_TAB);
        refused(fixture, second, "The device table size of IOMMU:0 is not expected!");
        assertThat(fixture.get(AmdViRegisters.DEV_TAB)).isNotEqualTo(old);
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(UNTRANSLATED);
        second.startClean();
        assertThat(fixture.switched).as("not once more").containsExactly(false, true);
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(FAULT);
        second.map(NIC, IOVA, 0x210_0000, 0x1000, KernelFixture.RW);
        assertThat(fixture.go(NIC, IOVA)).isEqualTo(0x210_0000);
    }

    @Test
    void aTableAbove4GiBOrOutsideMemoryIsNotCopied() {
        var fixture = KernelFixture.crashed();
        fixture.unit.writeRegister(0, 8, 1L << 32 | 7);
        refused(fixture, fixture.driver(), "The address of old device table is above 4G,"
                + " not trustworthy!");
        var lost = KernelFixture.crashed();
        lost.unit.writeRegister(0, 8, KernelFixture.MEMORY_BYTES | 7);
        refused(lost, lost.driver(), "The old device table cannot be read");
    }

    @Test
    void anInterruptTableThatLinuxDoesNotMakeEndsTheCopy() {
        var fixture = KernelFixture.crashed();
        long entry = AmdViRegisters.BASE.inPlace(fixture.get(AmdViRegisters.DEV_TAB)) + NIC * 32;
        fixture.memory.write64(entry + 16, DeviceTableEntry.INT_CTL.with(0x11, 2));
        refused(fixture, fixture.driver(), "Wrong old irq remapping flag: 0x40");
    }

    @Test
    void aUnitThatIsOffIsLeftAloneAtT4AndNotAdopted() {
        var fixture = new KernelFixture();
        LinuxAmdViDriver second = fixture.driver();
        second.initialiseInterrupts();
        assertThat(fixture.controls).isEmpty();
        assertThatThrownBy(() -> second.adoptTables(AdoptDepth.CONTEXTS))
                .isInstanceOf(StepRefusedException.class)
                .hasMessage("translation is not enabled");
    }

    @Test
    void underSnpTheOldBufferIsRead() {
        var fixture = KernelFixture.crashed();
        fixture.replaceUnit(Map.of("snpLocked", 1L));
        LinuxAmdViDriver second = fixture.driver();
        second.initialiseInterrupts();
        assertThat(fixture.console).contains("AMD-Vi: Completion-Wait loop timed out");
        assertThat(fixture.go(NIC, IOVA)).as("the old table is still in force")
                .isEqualTo(0x10_0000);
    }

    @Test
    void underSnpStartingCleanIsRefused() {
        var fixture = KernelFixture.crashed();
        fixture.replaceUnit(Map.of("snpLocked", 1L));
        assertThatThrownBy(() -> fixture.driver().startClean())
                .isInstanceOf(StepRefusedException.class)
                .hasMessage("the device table base register is locked");
    }

    @Test
    void aUnitThatDoesNotObeyIsNotSwitchedOff() {
        var fixture = KernelFixture.crashed();
        fixture.deaf = true;
        assertThatThrownBy(() -> fixture.driver().disableTranslation())
                .isInstanceOf(StepRefusedException.class).hasMessage("IommuEn stays 1");
    }
}
