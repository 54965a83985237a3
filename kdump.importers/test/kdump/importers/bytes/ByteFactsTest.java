// SPDX-License-Identifier: Apache-2.0
package kdump.importers.bytes;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.FormatException;
import kdump.importers.Refused;
import org.junit.jupiter.api.Test;

class ByteFactsTest {

    private final ByteFacts facts = new ByteFacts("f", 0x1000,
            new byte[] {1, 2, 3, 4, 5, 6, 7, (byte) 0x88, (byte) 0xff});

    @Test
    void fieldsAreLittleEndianAndUnsigned() throws FormatException {
        assertThat(facts.u8(8, "a")).isEqualTo(0xff);
        assertThat(facts.u16(7, "a")).isEqualTo(0xff88);
        assertThat(facts.u32(4, "a")).isEqualTo(0x88070605L);
        assertThat(facts.u64(0, "a")).isEqualTo(0x8807060504030201L);
        assertThat(facts.size()).isEqualTo(9);
        assertThat(facts.file()).isEqualTo("f");
    }

    @Test
    void aFieldPastTheEndIsRefusedWithItsPlaceInTheFile() {
        Refused.at(0x1009, "x.y", "end of the file at 0x1009", () -> facts.u8(9, "x.y"));
        Refused.at(0x1008, "x.y", "end of the file at 0x1009", () -> facts.u16(8, "x.y"));
        Refused.at(0x1006, "x.y", "end of the file at 0x1009", () -> facts.u32(6, "x.y"));
        Refused.at(0x1002, "x.y", "end of the file at 0x1009", () -> facts.u64(2, "x.y"));
        Refused.at(0xfff, "x.y", "end of the file at 0x1009", () -> facts.u8(-1, "x.y"));
    }

    @Test
    void aNumberFoundIsShownAsHex() {
        assertThat(facts.wrong(2, "a", 255, "1")).hasMessage(
                "f: at 0x1002: a: found 0xff, expected 1");
    }
}
