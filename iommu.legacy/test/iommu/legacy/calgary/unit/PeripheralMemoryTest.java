// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.legacy.calgary.CalgaryRegisters;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which addresses belong to devices behind a PHB. */
class PeripheralMemoryTest {

    private static final int PHB = 2;

    private final RegisterSpace registers = new RegisterSpace(Map.of());
    private final PeripheralMemory peripherals = new PeripheralMemory(PHB, registers, false);

    private void set(int phb, int register, int value) {
        registers.set32(CalgaryRegisters.phb(phb, register), value);
    }

    @ParameterizedTest
    @CsvSource({"0x9ffff, false", "0xa0000, true", "0xfffff, true", "0x100000, false",
        "0, false", "0xffffffff, false"})
    void theHoleOfPcsIsAlwaysTheirs(String address, boolean theirs) {
        assertThat(peripherals.contains(Long.decode(address))).isEqualTo(theirs);
    }

    /** Limits name the last MiB, whatever their lower bits say. */
    @ParameterizedTest
    @ValueSource(ints = {0xe7f0_0000, 0xe7ff_0000, 0xe7ff_ffff})
    void theFirstRangeEndsWithTheMebibyteOfItsLimit(int limit) {
        set(PHB, CalgaryRegisters.MEM_1_LOW, 0xe000_0000);
        set(PHB, CalgaryRegisters.MEM_1_SIZE, limit);
        assertThat(peripherals.contains(0xdfff_ffffL)).isFalse();
        assertThat(peripherals.contains(0xe000_0000L)).isTrue();
        assertThat(peripherals.contains(0xe7ff_ffffL)).isTrue();
        assertThat(peripherals.contains(0xe800_0000L)).isFalse();
    }

    @Test
    void aRangeWhoseLimitIsNotAboveItsStartIsEmpty() {
        set(PHB, CalgaryRegisters.MEM_1_LOW, 0xe000_0000);
        set(PHB, CalgaryRegisters.MEM_1_SIZE, 0xe000_0000);
        assertThat(peripherals.contains(0xe000_0000L)).isFalse();
        set(PHB, CalgaryRegisters.MEM_1_SIZE, 0);
        assertThat(peripherals.contains(0xe000_0000L)).isFalse();
        assertThat(peripherals.contains(0)).isFalse();
    }

    @Test
    void aStartAbove4GibIsNeverReached() {
        set(PHB, CalgaryRegisters.MEM_1_LOW, 0xe000_0000);
        set(PHB, CalgaryRegisters.MEM_1_HIGH, 1);
        set(PHB, CalgaryRegisters.MEM_1_SIZE, 0xe7ff_ffff);
        assertThat(peripherals.contains(0xe000_0000L)).isFalse();
    }

    @Test
    void theSecondRangeCountsWhileItIsEnabled() {
        set(PHB, CalgaryRegisters.MEM_2_LOW, 0xc000_0000);
        set(PHB, CalgaryRegisters.MEM_2_SIZE_LOW, 0xcfff_0000);
        assertThat(peripherals.contains(0xc000_0000L)).isFalse();
        set(PHB, CalgaryRegisters.CONFIG_RW, (int) CalgaryRegisters.MEM_2_ENABLE.mask());
        assertThat(peripherals.contains(0xbfff_ffffL)).isFalse();
        assertThat(peripherals.contains(0xc000_0000L)).isTrue();
        assertThat(peripherals.contains(0xcfff_ffffL)).isTrue();
        assertThat(peripherals.contains(0xd000_0000L)).isFalse();
        set(PHB, CalgaryRegisters.MEM_2_SIZE_HIGH, 1);
        assertThat(peripherals.contains(0xd000_0000L)).as("its limit has 64 bits").isTrue();
    }

    @Test
    void eachPhbHasRangesOfItsOwn() {
        set(1, CalgaryRegisters.MEM_1_LOW, 0xe000_0000);
        set(1, CalgaryRegisters.MEM_1_SIZE, 0xe7ff_0000);
        assertThat(peripherals.contains(0xe000_0000L)).isFalse();
        assertThat(new PeripheralMemory(1, registers, false).contains(0xe000_0000L)).isTrue();
    }
}
