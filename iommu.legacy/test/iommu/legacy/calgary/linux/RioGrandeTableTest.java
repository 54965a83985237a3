// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.profile.KernelProfile;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.StepRefusedException;
import iommu.legacy.calgary.Chip;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Chips are found through a table of firmware's, or not at all. */
class RioGrandeTableTest {

    private static final int EBDA = 0x9_fc00;
    private static final String BAILS =
            "Calgary: Unable to locate Rio Grande table in EBDA - bailing!";

    private final Chip chip = new Chip();

    /** Lays an area of 1 KiB, a block of another kind in it, and one behind that. */
    private void area(int id, int version) {
        word(0x40e, EBDA >> 4);
        word(EBDA, 1);
        word(EBDA + 0x180, 0x1a0);
        word(EBDA + 0x182, 0x1111);
        word(EBDA + 0x1a0, 0);
        word(EBDA + 0x1a2, id);
        word(EBDA + 0x1a4, version | 1 << 8);
    }

    private void word(long at, int value) {
        int shift = 8 * (int) (at & 7);
        chip.memory.write64(at & -8, chip.memory.read64(at & -8) & ~(0xffffL << shift)
                | (long) value << shift);
    }

    private LinuxCalgaryDriver kernel() {
        return new LinuxCalgaryDriver(KernelProfile.linux61().with("calgary.used", 1), chip.port);
    }

    @Test
    void aMachineThatDoesNotSayWhereTheAreaIsHasIt() throws StepRefusedException {
        assertThat(RioGrandeTable.missing(chip.port)).isNull();
        word(0x40e, 0x1234);
        assertThat(RioGrandeTable.missing(chip.port)).as("no such area").isNull();
        word(0x40e, EBDA >> 4);
        assertThat(RioGrandeTable.missing(chip.port)).as("of no length").isNull();
        kernel().startClean();
        assertThat(chip.unit.translating()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void blocksAreFollowedUpwards(int version) throws StepRefusedException {
        area(0x4752, version);
        assertThat(RioGrandeTable.missing(chip.port)).isNull();
        LinuxCalgaryDriver driver = kernel();
        assertThat(driver.remapsDma()).isTrue();
        driver.startClean();
        assertThat(chip.port.console()).contains("Calgary: detecting Calgary via BIOS EBDA area");
    }

    @Test
    void withoutTheTableThereAreNoChips() {
        area(0x4753, 2);
        LinuxCalgaryDriver driver = kernel();
        assertThat(driver.remapsDma()).isFalse();
        assertThatThrownBy(driver::startClean).isInstanceOf(StepRefusedException.class)
                .hasMessage(BAILS);
        assertThatThrownBy(() -> driver.adoptTables(AdoptDepth.IN_PLACE)).hasMessage(BAILS);
        assertThat(chip.port.console()).as("said once").containsExactly(
                "Calgary: detecting Calgary via BIOS EBDA area", BAILS);
        assertThat(chip.unit.translating()).isFalse();
    }

    @Test
    void aBlockThatLeadsOutOfTheAreaIsTheLast() {
        area(0x4753, 2);
        word(EBDA + 0x180, 0xfff0);
        assertThat(RioGrandeTable.missing(chip.port)).isEqualTo(BAILS);
    }

    @Test
    void anotherVersionIsNotUnderstood() {
        area(0x4752, 4);
        assertThatThrownBy(() -> kernel().startClean())
                .hasMessage("Calgary: Invalid Rio Grande Table Version: 4");
    }
}
