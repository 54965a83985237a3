// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The kinds of base address registers, and what an access reaches. */
class BarTest {

    @ParameterizedTest(name = "{0}: {1} bytes, wide {2}, prefetchable {3}, I/O {4}")
    @CsvSource({"0, 16, false, false, false, 0", "5, 0x80000000, false, true, false, 8",
        "0, 0x4000000000000000, true, false, false, 4", "4, 4096, true, true, false, 12",
        "5, 4, false, false, true, 1", "0, 256, false, false, true, 1"})
    void kindsAreToldByReadOnlyBits(int index, String bytes, boolean wide, boolean prefetchable,
            boolean io, int bits) {
        assertThat(new Bar(index, Long.decode(bytes), wide, prefetchable, io).typeBits())
                .isEqualTo(bits);
    }

    @ParameterizedTest
    @CsvSource({"-1, 16, false, false, false", "6, 16, false, false, false",
        "5, 16, true, false, false", "0, 8, false, false, false", "0, 0, false, false, false",
        "0, 48, false, false, false", "0, -16, false, false, false",
        "0, 0x100000000, false, false, false", "0, 2, false, false, true",
        "0, 512, false, false, true", "0, 16, true, false, true", "0, 16, false, true, true"})
    void whatNoRegisterCanSayIsRefused(int index, String bytes, boolean wide, boolean prefetchable,
            boolean io) {
        assertThatIllegalArgumentException().isThrownBy(
                () -> new Bar(index, Long.decode(bytes), wide, prefetchable, io));
    }

    @ParameterizedTest
    @CsvSource({"0, 1, true", "31, 1, true", "32, 1, false", "-1, 1, false", "30, 2, true",
        "31, 2, false", "28, 4, true", "29, 4, false", "30, 4, false", "24, 8, true",
        "28, 8, false", "4, 8, false", "32, 8, false", "9223372036854775807, 1, false",
        "9223372036854775800, 8, false", "-8, 8, false"})
    void anAccessLiesInsideAndOnAMultipleOfItsWidth(long offset, int bytes, boolean taken) {
        assertThat(Bar.memory(0, 32).takes(offset, bytes)).isEqualTo(taken);
        assertThat(Bar.io(0, 4).takes(0, 8)).as("wider than the space").isFalse();
    }

    @Test
    void onesAreAsWideAsTheAccess() {
        assertThat(Bar.ones(1)).isEqualTo(0xff);
        assertThat(Bar.ones(2)).isEqualTo(0xffff);
        assertThat(Bar.ones(4)).isEqualTo(0xffff_ffffL);
        assertThat(Bar.ones(8)).isEqualTo(-1);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 3, 5, 16})
    void noAccessHasAnotherWidth(int bytes) {
        assertThatIllegalArgumentException().isThrownBy(() -> Bar.ones(bytes))
                .withMessageContaining("" + bytes);
    }
}
