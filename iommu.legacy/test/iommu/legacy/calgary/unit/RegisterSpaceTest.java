// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.legacy.calgary.CalgaryRegisters;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A chip's registers are big-endian, and accesses of processors little-endian. */
class RegisterSpaceTest {

    private static final int LAST = CalgaryRegisters.BYTES - 4;

    private final RegisterSpace registers = new RegisterSpace(Map.of(0x100, 0x1122_3344));

    @Test
    void processorsSeeBytesTheOtherWayRound() {
        assertThat(registers.read(0x100, 4)).isEqualTo(0x1122_3344L);
        assertThat(registers.get32(0x100)).isEqualTo(0x4433_2211);
        registers.write(0x108, 8, 0x0102_0304_0506_0708L);
        assertThat(registers.get64(0x108)).isEqualTo(0x0807_0605_0403_0201L);
        assertThat(registers.get32(0x108)).as("upper half of the chip").isEqualTo(0x0807_0605);
        assertThat(registers.read(0x108, 4)).as("lower half of the processor")
                .isEqualTo(0x0506_0708);
    }

    @Test
    void aWordOf32BitsHasNoSign() {
        registers.write(0x200, 4, 0xffff_ffff_8000_0001L);
        assertThat(registers.read(0x200, 4)).isEqualTo(0x8000_0001L);
        assertThat(registers.read(0x204, 4)).as("nothing beside it").isZero();
    }

    @Test
    void theLastRegisterIsThere() {
        registers.write(LAST, 4, 7);
        assertThat(registers.read(LAST - 4, 8)).isEqualTo(7L << 32);
    }

    @ParameterizedTest
    @CsvSource({"-4, 4", "0xc000, 4", "0xbffc, 8", "0x102, 4", "0x104, 8", "0x100, 2", "0x100, 0",
        "0x100, 16", "-2147483648, 8", "2147483644, 4"})
    void noOtherAccessIsOne(String offset, int size) {
        int at = Integer.decode(offset);
        assertThatThrownBy(() -> registers.read(at, size))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a register access of " + size + " bytes at 0x"
                        + Integer.toHexString(at));
        assertThatThrownBy(() -> registers.write(at, size, 0))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @CsvSource({"-4", "2", "0xc000"})
    void nothingElseCanHaveBeenCaptured(String offset) {
        assertThatThrownBy(() -> new RegisterSpace(Map.of(Integer.decode(offset), 0)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
