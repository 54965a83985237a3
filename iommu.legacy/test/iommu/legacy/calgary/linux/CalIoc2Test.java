// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.linux;

import static iommu.api.pcie.Access.READ;
import static iommu.api.pcie.Access.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.Translation;
import iommu.legacy.calgary.CalgaryRegisters;
import iommu.legacy.calgary.Chip;
import iommu.testkit.FakeFunction;
import iommu.testkit.FakeKernelPort.RegisterWrite;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What differs where the chip is the one for PCI Express. */
class CalIoc2Test {

    private static final long PAGE = 0x300_0000;
    private static final FakeFunction DISK = new FakeFunction(Chip.DISK, 0x010400);
    private static final int CONTROL = CalgaryRegisters.PAGE_MIG_CTRL;

    private final Chip chip = new Chip(Map.of("calioc2", 1L));

    @BeforeEach
    void itIsAnotherDevice() {
        for (int bus : new int[] {1, 2, 4}) {
            chip.port.configOf(RequesterId.of(0, bus, 0, 0)).writeConfig(0, 4, 0x0308_1014);
        }
    }

    private LinuxCalgaryDriver started(String version) throws StepRefusedException {
        var driver = new LinuxCalgaryDriver(
                KernelProfile.linux(KernelVersion.parse(version)), chip.port);
        driver.startClean();
        return driver;
    }

    @Test
    void kernelsKnowItFrom2623On() throws StepRefusedException {
        started("2.6.22");
        assertThat(chip.unit.translating()).isFalse();
        started("2.6.23");
        assertThat(chip.unit.translating()).isTrue();
        assertThat(chip.port.console()).contains(
                "Calgary: enabling translation on CalIOC2 PHB 0x1",
                "Calgary: enabling translation on CalIOC2 PHB 0x4");
        assertThat(chip.get(3, CalgaryRegisters.CONFIG_RW)).as("whatever is behind its bridge")
                .isEqualTo(0x2110_0000);
        assertThat(chip.get(1, CalgaryRegisters.SAVIOR_L2)).isEqualTo(0x0080_0000);
        assertThat(chip.unit.readRegister(CalgaryRegisters.CONFIG, 8)).as("no timeout of bus 1")
                .isZero();
    }

    @Test
    void itsFirstMegabyteIsNeverTranslatedAndNotGivenOut() throws StepRefusedException {
        LinuxCalgaryDriver driver = started("2.6.27");
        assertThat(driver.dmaOps().map(DISK, PAGE, 4096, READ).iova()).isEqualTo(0x10_0000);
        assertThat(Translation.address(chip.unit.translate(Chip.DISK, 0x2_0000, WRITE)))
                .isEqualTo(0x2_0000);
        assertThat(chip.refused).isEmpty();
        assertThat(Translation.isBlocked(new Chip().unit.translate(Chip.DISK, 0x2_0000, WRITE)))
                .as("Calgary, off").isFalse();
    }

    /** Softly, then hard, then the address of the table, then on again. */
    @Test
    void itIsStoppedBeforeItDropsWhatItCaches() throws StepRefusedException {
        LinuxCalgaryDriver driver = started("2.6.27");
        DmaBuffer freed = driver.dmaOps().map(DISK, PAGE, 4096, WRITE);
        chip.unit.translate(Chip.DISK, freed.iova(), WRITE);
        driver.dmaOps().unmap(DISK, freed);
        chip.port.registerWrites().clear();
        chip.told.clear();
        driver.bridges().blast(driver.bridges().table(1));
        int control = CalgaryRegisters.phb(1, CONTROL);
        assertThat(chip.port.registerWrites()).extracting(RegisterWrite::offset)
                .containsExactly(control, CalgaryRegisters.tar(1), control);
        assertThat(chip.port.registerWrites().get(0).value()).isEqualTo(0x80);
        assertThat(chip.told).containsExactly("TCE cache of PHB 1");
        assertThat(chip.get(1, CONTROL)).as("on again").isZero();
        assertThat(Translation.isBlocked(chip.unit.translate(Chip.DISK, freed.iova(), WRITE)))
                .isTrue();
    }

    @Test
    void aLookAtASoftStopMakesItHard() {
        assertThat(chip.get(1, CONTROL)).isZero();
        chip.set(1, CONTROL, 0x8000_0000);
        assertThat(chip.get(1, CONTROL)).isEqualTo(0xa000_0000);
        assertThat(chip.get(2, CONTROL)).as("another bridge").isZero();
        var calgary = new Chip();
        calgary.set(1, CONTROL, 0x8000_0000);
        assertThat(calgary.get(1, CONTROL)).isEqualTo(0x8000_0000);
    }

    @Test
    void aStopThatFailsForEverIsGivenUp() throws StepRefusedException {
        LinuxCalgaryDriver driver = started("2.6.27");
        chip.set(1, CalgaryRegisters.PAGE_MIG_DEBUG, 0x4000_0000);
        chip.told.clear();
        driver.bridges().blast(driver.bridges().table(1));
        assertThat(chip.told).isEmpty();
        assertThat(chip.port.console()).contains(
                "CalIOC2: too many SoftStopFaults, aborting TCE cache flush sequence!");
    }

    @Test
    void itsErrorsTakeFourLines() throws StepRefusedException {
        LinuxCalgaryDriver driver = started("2.6.27");
        chip.set(1, CalgaryRegisters.FIRST_ERROR + 0x60, 0x1234);
        chip.unit.translate(Chip.DISK, 0x20_0000, WRITE);
        assertThat(driver.bridges().registers(1).watch(1, true)).isTrue();
        assertThat(chip.port.console()).containsSequence(
                "Calgary: DMA error on CalIOC2 PHB 0x1",
                "Calgary: 0x10020000@CSR 0x04000000@PLSSR 0x00000000@CSMR 0x00000000@MCK",
                "Calgary: 0x00000000@0x810 0x00000000@0x820 0x00000000@0x830 0x00000000@0x840"
                        + " 0x00000000@0x850 0x00000000@0x860 0x00001234@0x870",
                "Calgary: 0x00000000@0xcb0");
        assertThat(chip.get(1, CalgaryRegisters.CONFIG_RW)).isEqualTo(0x3d10_0000);
    }

    @Test
    void aCaptureKernelGoesOnWithItsTable() throws StepRefusedException {
        DmaBuffer old = started("2.6.27").dmaOps().map(DISK, PAGE, 4096, WRITE);
        chip.port.pagesFrom(0x200_0000, 0x280_0000);
        var second = new LinuxCalgaryDriver(
                KernelProfile.linux(KernelVersion.parse("2.6.27")), chip.port);
        second.adoptTables(AdoptDepth.IN_PLACE);
        assertThat(Translation.address(chip.unit.translate(Chip.DISK, old.iova(), WRITE)))
                .isEqualTo(PAGE);
        assertThat(second.dmaOps().map(DISK, 0x210_0000, 4096, READ).iova())
                .isEqualTo(old.iova() + 4096);
    }
}
