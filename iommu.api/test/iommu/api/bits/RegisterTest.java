// SPDX-License-Identifier: Apache-2.0
package iommu.api.bits;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is declared of a register. */
class RegisterTest {

    @Test
    void bitsAreReadOnlyUnlessSaidOtherwise() {
        Register plain = Register.register32("GSTS", 0x1c);
        assertThat(plain.bytes()).isEqualTo(4);
        assertThat(plain.writable() | plain.writeOneToClear() | plain.readsAsZero()).isZero();
        assertThat(plain.reset()).isZero();
        assertThat(Register.register64("CAP", 8).bytes()).isEqualTo(8);
    }

    @Test
    void eachKindSetsItsOwnMask() {
        Register all = Register.register64("ALL", 8).reset(5).readWrite(bits(3, 0))
                .writeOneToClear(bit(63)).writeOnly(bit(40), bit(41));
        assertThat(all.reset()).isEqualTo(5);
        assertThat(all.writable()).isEqualTo(0x300_0000_000fL);
        assertThat(all.writeOneToClear()).isEqualTo(Long.MIN_VALUE);
        assertThat(all.readsAsZero()).isEqualTo(0x300_0000_0000L);
        assertThat(all.name()).isEqualTo("ALL");
        assertThat(all.offset()).isEqualTo(8);
    }

    @Test
    void aDeclarationIsNotChangedByWhatIsDerivedFromIt() {
        Register base = Register.register32("FSTS", 0x34).readWrite(bit(0));
        base.readWrite(bit(1));
        base.writeOneToClear(bit(2));
        base.writeOnly(bit(3));
        base.reset(7);
        assertThat(base).isEqualTo(Register.register32("FSTS", 0x34).readWrite(bit(0)));
    }

    @ParameterizedTest
    @CsvSource({"-4, 4", "2, 4", "0, 2", "0, 16", "0, 0"})
    void placeAndWidthAreChecked(int offset, int bytes) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Register("BAD", offset, bytes, 0, 0, 0, 0))
                .withMessageContaining("BAD").withMessageContaining("offset " + offset);
    }
}
