// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ioapic;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RedirectionEntryTest {

    private static long hex(String digits) {
        return Long.parseUnsignedLong(digits, 16);
    }

    /** Rows: entry, the address and the data of its message. */
    @ParameterizedTest
    @CsvSource({
        "0000000000000030, fee00000, 30", "0100000000000030, fee01000, 30",
        "ff00000000000930, feeff004, 130", "000000000000a031, fee00000, c031",
        "0001000000000002, fee00010, 2", "0003000000000802, fee00034, 2"})
    void anEntryIsTheMessageThatItWrites(String entry, String address, String data) {
        assertThat(RedirectionEntry.address(hex(entry))).isEqualTo(hex(address));
        assertThat(RedirectionEntry.data(hex(entry))).isEqualTo((int) hex(data));
    }

    /** Index 8001h in remappable format: bit 15 is bit 11 of the entry. */
    @Test
    void aRemappedMessageKeepsItsIndex() {
        long entry = RedirectionEntry.of(new Message(0xfee0_003cL, 0), true);
        assertThat(entry).isEqualTo(hex("0003000000008800"));
        assertThat(RedirectionEntry.address(entry)).as("but for SHV").isEqualTo(0xfee0_0034L);
    }

    /** A device table's way: the index is vector and delivery mode. */
    @Test
    void anIndexInTheDataIsKept() {
        long entry = RedirectionEntry.of(new Message(0xfee0_0000L, 0x117), false);
        assertThat(entry).isEqualTo(0x117);
        assertThat(RedirectionEntry.data(entry)).isEqualTo(0x117);
    }
}
