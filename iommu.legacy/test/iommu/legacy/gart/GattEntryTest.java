// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.gart;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Layouts, against Linux' macros and offsets. */
class GattEntryTest {

    /** GPTE_ENCODE(x): bits 31:12 stay, bits 39:32 go to 11:4, valid, coherent. */
    @ParameterizedTest
    @CsvSource({"0x12345000, 0x12345003", "0x100000000, 0x00000013", "0xabcdef1000, 0xcdef1ab3",
        "0xfffffff000, 0xfffffff3"})
    void aPageIsEncodedAsLinuxDoes(String page, String entry) {
        assertThat(GattEntry.of(Long.decode(page))).isEqualTo(Long.decode(entry));
        assertThat(GattEntry.page(Long.decode(entry))).isEqualTo(Long.decode(page));
    }

    @Test
    void registersAreWhereLinuxHasThem() {
        assertThat(GartRegisters.CONTROL).isEqualTo(0x90);
        assertThat(GartRegisters.CACHE).isEqualTo(0x9c);
        assertThat(GartRegisters.apertureBytes(0)).isEqualTo(32L << 20);
        assertThat(GartRegisters.apertureBytes(0xe)).isEqualTo(4L << 30);
        assertThat(GartRegisters.apertureStart(0x64)).isEqualTo(0xc800_0000L);
        assertThat(GartRegisters.baseOf(0xc800_0000L)).isEqualTo(0x64);
        assertThat(GartRegisters.tableAddress(0x0012_3450L)).isEqualTo(0x1234_5000L);
        assertThat(GartRegisters.tableOf(0x12_3456_7000L)).isEqualTo(0x1234_5670L);
    }
}
