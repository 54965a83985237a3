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

    private static final int NIC = BenchKernel.NIC;
    private static final long IOVA = BenchKernel.IOVA;
    private static final long FAULT = -2;
    private static final long UNTRANSLATED = -1000;

    private static void refused(BenchKernel bench, LinuxAmdViDriver second, String why) {
        second.initialiseInterrupts();
        assertThatThrownBy(() -> second.adoptTables(AdoptDepth.CONTEXTS))
                .isInstanceOf(StepRefusedException.class).hasMessageContaining(why);
        assertThat(bench.console).contains(
                "AMD-Vi: Failed to copy DEV table from previous kernel.", "AMD-Vi: " + why);
        assertThat(bench.switched).isEmpty();
    }

    @Test
    void aTableOfAnotherSizeIsNotCopiedAndStaysInPlace() throws StepRefusedException {
        var bench = BenchKernel.crashed();
        var second = new LinuxAmdViDriver(KernelProfile.linux61(), bench, 0x1000);
        long old = bench.get(AmdViRegisters.DEV_TAB);
        refused(bench, second, "The device table size of IOMMU:0 is not expected!");
        assertThat(bench.get(AmdViRegisters.DEV_TAB)).isEqualTo(old);
        assertThat(bench.go(NIC, IOVA)).isEqualTo(0x10_0000);
        second.disableTranslation();
        assertThat(bench.go(NIC, IOVA)).isEqualTo(UNTRANSLATED);
        second.startClean();
        assertThat(bench.go(NIC, IOVA)).isEqualTo(FAULT);
    }

    @Test
    void aTableAbove4GiBOrOutsideMemoryIsNotCopied() {
        var bench = BenchKernel.crashed();
        bench.unit.writeRegister(0, 8, 1L << 32 | 7);
        refused(bench, bench.driver(), "The address of old device table is above 4G,"
                + " not trustworthy!");
        var lost = BenchKernel.crashed();
        lost.unit.writeRegister(0, 8, BenchKernel.MEMORY_BYTES | 7);
        refused(lost, lost.driver(), "The old device table cannot be read");
    }

    @Test
    void anInterruptTableThatLinuxDoesNotMakeEndsTheCopy() {
        var bench = BenchKernel.crashed();
        long entry = AmdViRegisters.BASE.inPlace(bench.get(AmdViRegisters.DEV_TAB)) + NIC * 32;
        bench.memory.write64(entry + 16, DeviceTableEntry.INT_CTL.with(0x11, 2));
        refused(bench, bench.driver(), "Wrong old irq remapping flag: 0x40");
    }

    @Test
    void aUnitThatIsOffIsLeftAloneAtT4AndNotAdopted() {
        var bench = new BenchKernel();
        LinuxAmdViDriver second = bench.driver();
        second.initialiseInterrupts();
        assertThat(bench.controls).isEmpty();
        assertThatThrownBy(() -> second.adoptTables(AdoptDepth.CONTEXTS))
                .isInstanceOf(StepRefusedException.class)
                .hasMessage("translation is not enabled");
    }

    @Test
    void underSnpTheOldBufferIsReadAndTheTimerIsLost() {
        var bench = BenchKernel.crashed();
        bench.replaceUnit(Map.of("snpLocked", 1L));
        LinuxAmdViDriver second = bench.driver();
        assertThatThrownBy(second::initialiseInterrupts).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("timer doesn't work through Interrupt-remapped IO-APIC");
        assertThat(bench.console).contains("AMD-Vi: Completion-Wait loop timed out");
        assertThat(bench.go(NIC, IOVA)).as("the old table is still in force")
                .isEqualTo(0x10_0000);
    }

    @Test
    void underSnpStartingCleanIsRefused() {
        var bench = BenchKernel.crashed();
        bench.replaceUnit(Map.of("snpLocked", 1L));
        assertThatThrownBy(() -> bench.driver().startClean())
                .isInstanceOf(StepRefusedException.class)
                .hasMessage("the device table base register is locked");
    }

    @Test
    void aUnitThatDoesNotObeyIsNotSwitchedOff() {
        var bench = BenchKernel.crashed();
        bench.deaf = true;
        assertThatThrownBy(() -> bench.driver().disableTranslation())
                .isInstanceOf(StepRefusedException.class).hasMessage("IommuEn stays 1");
    }
}
