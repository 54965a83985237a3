// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.bits.RegisterFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which destinations pass. */
class ReceiveFilterTest {

    private static final long EVERYBODY = 0xffff_ffff_ffffL;

    private final RegisterFile registers =
            new RegisterFile(NicLayout.REGISTER_BYTES, Chip.L82574.registers());
    private final ReceiveFilter filter = new ReceiveFilter(registers);

    private boolean accepts(long destination) {
        return filter.accepts(NicMachine.to(destination, 60));
    }

    private void control(long value) {
        registers.set(NicLayout.RCTL, value);
    }

    private void own(int index, long address, boolean valid) {
        long low = Integer.toUnsignedLong(Integer.reverseBytes((int) (address >>> 16)));
        long high = Short.reverseBytes((short) address) & 0xffff;
        registers.write(NicLayout.RAL + 8 * index, 4, low);
        registers.write(NicLayout.RAL + 8 * index + 4, 4, high | (valid ? 1L << 31 : 0));
    }

    private void inTable(int bit) {
        registers.write(NicLayout.MTA + bit / 32 * 4, 4, 1L << bit % 32);
    }

    @ParameterizedTest
    @CsvSource({"0x020000000001, 0", "0x525400123456, 0", "0xffffffffffff, 1",
        "0x01005e000001, 2", "0x333300000001, 2", "0xffffffffff00, 2", "0x00ffffffffff, 0"})
    void destinationsAreOfThreeKinds(String destination, int kind) {
        assertThat(ReceiveFilter.destination(NicMachine.to(Long.decode(destination), 60)))
                .isEqualTo(kind);
    }

    /** UPE 8, MPE 10h, BAM 8000h. */
    @ParameterizedTest
    @CsvSource({
        "0, false, false, false", "0x8, true, false, false", "0x10, false, true, false",
        "0x8000, false, false, true", "0x18, true, true, false", "0x8008, true, false, true",
        "0x8010, false, true, true", "0x8018, true, true, true"})
    void promiscuousModesAreEachOfOneKind(String control, boolean one, boolean group,
            boolean everybody) {
        control(Long.decode(control));

        assertThat(accepts(0x0200_0000_0001L)).as("another's").isEqualTo(one);
        assertThat(accepts(0x0100_5e00_0001L)).as("a group").isEqualTo(group);
        assertThat(accepts(EVERYBODY)).as("everybody").isEqualTo(everybody);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 14, 15})
    void eachOfSixteenAddressesMayBeItsOwn(int index) {
        own(index, 0x00a0_c914_c829L, true);

        assertThat(accepts(0x00a0_c914_c829L)).isTrue();
        for (int bit = 0; bit < 48; bit++) {
            if (bit != 40) {
                assertThat(accepts(0x00a0_c914_c829L ^ 1L << bit)).as("bit %d", bit).isFalse();
            }
        }
    }

    @Test
    void anAddressThatIsNotValidIsNobodys() {
        own(3, 0x00a0_c914_c829L, false);
        assertThat(accepts(0x00a0_c914_c829L)).isFalse();
        own(3, 0x00a0_c914_c829L, true);

        assertThat(accepts(0x00a0_c914_c829L)).isTrue();
    }

    @Test
    void groupsAndEverybodyMayStandAmongTheExactAddresses() {
        own(1, 0x0100_5e7f_fffaL, true);
        own(2, EVERYBODY, true);

        assertThat(accepts(0x0100_5e7f_fffaL)).isTrue();
        assertThat(accepts(0x0100_5e7f_fffbL)).isFalse();
        assertThat(accepts(EVERYBODY)).as("without BAM").isTrue();
    }

    /** Last bytes 34:56, so the bits are those of 5634h: 15:4, 14:3, 13:2 and 11:0. */
    @ParameterizedTest
    @CsvSource({"0, 0x563", "1, 0xac6", "2, 0x58d", "3, 0x634"})
    void theTableIsLookedUpByTwelveBitsOfTheLastTwoBytes(int offset, String place) {
        control((long) offset << 12);
        assertThat(accepts(0x0100_5e00_3456L)).as("empty table").isFalse();
        inTable(Integer.decode(place));

        assertThat(accepts(0x0100_5e00_3456L)).isTrue();
        assertThat(accepts(0x3333_ff00_3456L)).as("the first four bytes do not count").isTrue();
        assertThat(accepts(0x0000_5e00_3456L)).as("one's own is not looked up").isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 31, 32, 2047, 4095})
    void oneBitOfTheTableLetsOnlyItsGroupsPass(int place) {
        inTable(place);
        int passed = 0;
        for (int last = 0; last < 1 << 16; last++) {
            long group = 0x0100_5e00_0000L | (last & 0xff) << 8 | last >>> 8;
            if (accepts(group)) {
                assertThat(last >>> 4).isEqualTo(place);
                passed++;
            }
        }

        assertThat(passed).as("16 of 65536").isEqualTo(16);
    }

    @Test
    void everybodyIsNotLookedUpInTheTable() {
        inTable(0xfff);

        assertThat(accepts(EVERYBODY)).isFalse();
        assertThat(accepts(0x0100_5e00_ffffL)).isTrue();
    }
}
