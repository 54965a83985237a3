// SPDX-License-Identifier: Apache-2.0
package iommu.api.bits;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;
import static iommu.api.bits.Register.register32;
import static iommu.api.bits.Register.register64;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RegisterFileTest {

    private static final Register MIXED = register32("MIXED", 0x10).reset(0x1100_0011)
            .readWrite(bits(7, 4)).writeOneToClear(bit(0), bit(1)).writeOnly(bits(31, 28));
    private static final Register WIDE = register64("WIDE", 0x18).readWrite(bits(63, 0));
    private static final Register NEXT = register32("NEXT", 0x20).readWrite(bits(31, 0));

    private final RegisterFile file = new RegisterFile(0x40, List.of(MIXED, WIDE, NEXT));
    private final List<String> told = new ArrayList<>();

    private void listen() {
        for (Register r : new Register[] {MIXED, WIDE, NEXT}) {
            file.onWrite(r, (value, mask) -> told.add(r.name() + " " + Long.toHexString(value)
                    + " " + Long.toHexString(mask)));
        }
    }

    @Test
    void registersBeginAtTheirResetValue() {
        assertThat(file.get(MIXED)).isEqualTo(0x1100_0011);
        assertThat(file.read(0x10, 4)).as("write-only bits read as zero").isEqualTo(0x0100_0011);
        assertThat(file.read(0x18, 8)).isZero();
        assertThat(file.sizeBytes()).isEqualTo(0x40);
    }

    @ParameterizedTest
    @CsvSource({
        // held, written, held after: bits 7:4 RW, 1:0 RW1C, 31:28 WO, the rest read-only
        "0x11, 0x20, 0x21", "0x11, 0x01, 0x00", "0x13, 0x02, 0x01", "0x10, 0x03, 0x00",
        "0x11, 0xf0000000, 0xf0000001", "0x0fffff0c, 0xffffffff, 0xfffffffc"})
    void aWriteDoesWhatTheKindsOfTheBitsSay(long held, String written, String after) {
        file.set(MIXED, held);
        file.write(0x10, 4, Long.decode(written));
        assertThat(file.get(MIXED)).isEqualTo(Long.decode(after));
    }

    @Test
    void aWriteUnheardChangesTheSameBitsAndTellsNobody() {
        listen();
        file.writeUnheard(0x10, 4, 0xf000_0021);
        assertThat(file.get(MIXED)).isEqualTo(0xf100_0020L);
        assertThat(told).isEmpty();
        file.write(0x10, 4, 0x10);
        assertThat(told).hasSize(1);
    }

    @Test
    void aNarrowWriteLeavesTheOtherBytes() {
        file.write(0x18, 8, 0x1122_3344_5566_7788L);
        file.write(0x19, 1, 0xab);
        file.write(0x1c, 2, 0xcdef);
        assertThat(file.get(WIDE)).isEqualTo(0x1122_cdef_5566_ab88L);
        assertThat(file.read(0x1b, 4)).as("an odd place").isEqualTo(0x22cd_ef55L);
        assertThat(file.read(0x1c, 4)).isEqualTo(0x1122_cdefL);
    }

    @Test
    void aHandlerHearsWhatWasWrittenWhere() {
        listen();
        file.write(0x10, 4, 0xffff_ffffL);
        file.write(0x11, 1, 0x7f);
        file.write(0x1c, 4, 0x1234_5678L);
        assertThat(told).containsExactly("MIXED ffffffff ffffffff", "MIXED 7f00 ff00",
                "WIDE 1234567800000000 ffffffff00000000");
    }

    @Test
    void aWriteOverTwoRegistersTellsEachOnce() {
        listen();
        file.write(0x18, 8, 1);
        file.write(0x1c, 8, 0x1111_1111_2222_2222L);
        assertThat(told).containsExactly("WIDE 1 ffffffffffffffff",
                "WIDE 2222222200000000 ffffffff00000000", "NEXT 11111111 ffffffff");
    }

    @Test
    void aHandlerSeesTheNewValue() {
        file.onWrite(NEXT, (value, mask) -> file.set(WIDE, file.get(NEXT)));
        file.write(0x20, 4, 0x77);
        assertThat(file.get(WIDE)).isEqualTo(0x77);
    }

    @Test
    void hardwareSetsWhatSoftwareCannot() {
        listen();
        file.set(MIXED, bits(19, 16), 0xa);
        assertThat(file.get(MIXED)).isEqualTo(0x110a_0011);
        assertThat(told).isEmpty();
        file.reset();
        assertThat(file.get(MIXED)).isEqualTo(0x1100_0011);
        assertThat(told).isEmpty();
    }

    @Test
    void placesWithoutRegisterDropWrites() {
        file.write(0x30, 8, -1);
        assertThat(file.read(0x30, 8)).isZero();
    }

    @ParameterizedTest
    @CsvSource({"-1, 1", "0x40, 1", "0x3d, 4", "0x39, 8", "0, 3", "0, 0", "0x7fffffff, 8"})
    void anAccessOutsideIsAMistake(String offset, int bytes) {
        int at = Integer.decode(offset);
        assertThatIllegalArgumentException().isThrownBy(() -> file.read(at, bytes));
        assertThatIllegalArgumentException().isThrownBy(() -> file.write(at, bytes, 0));
    }

    @Test
    void registersThatOverlapOrLieOutsideAreAMistake() {
        assertThatIllegalArgumentException().isThrownBy(() -> new RegisterFile(0x40,
                List.of(WIDE, register32("INSIDE", 0x1c)))).withMessageContaining("INSIDE");
        assertThatIllegalArgumentException().isThrownBy(() -> new RegisterFile(0x1c,
                List.of(WIDE))).withMessageContaining("WIDE");
    }

    @Test
    void aRegisterHasAnAlignedPlaceAndAWidth() {
        assertThatIllegalArgumentException().isThrownBy(() -> register32("ODD", 2));
        assertThatIllegalArgumentException().isThrownBy(() -> register32("BELOW", -4));
        assertThatIllegalArgumentException().isThrownBy(
                () -> new Register("THIN", 0, 2, 0, 0, 0, 0));
    }

    @Test
    void kindsOfBitsAreUnitedNotReplaced() {
        Register r = register64("R", 0).readWrite(bit(0)).readWrite(bit(63)).writeOnly(bit(4));
        assertThat(r.writable()).isEqualTo(0x8000_0000_0000_0011L);
        assertThat(r.readsAsZero()).isEqualTo(0x10);
        assertThat(r.writeOneToClear()).isZero();
    }
}
