// SPDX-License-Identifier: Apache-2.0
package iommu.api.machine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.FirmwareTable.Field;
import iommu.api.machine.FirmwareTable.Finding;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is said of files: those that are wrong, and firmware's tables. */
class FormatsTest {

    @Test
    void aBadFileIsToldInOneLine() {
        assertThat(new FormatException("dmar.bin", 0x24, "DMAR.length", "70000", "48 to 65536"))
                .isInstanceOf(IOException.class).hasMessage(
                        "dmar.bin: at 0x24: DMAR.length: found 70000, expected 48 to 65536");
    }

    @Test
    void whatStandsInAFileCannotBreakTheLine() {
        assertThat(new FormatException("f", 0, "x", "a\nb\u001b[31m\u0000\tc", "y"))
                .hasMessage("f: at 0x0: x: found a.b.[31m..c, expected y");
    }

    @Test
    void aLongFindIsCutOff() {
        assertThat(new FormatException("f", -1, "x", "\uD83D\uDE00".repeat(5000), "y"))
                .message().isEqualTo("f: at 0xffffffffffffffff: x: found "
                        + "\uD83D\uDE00".repeat(80) + ", expected y");
    }

    @Test
    void aFindingSaysWhere() {
        assertThat(new Finding(0x30, "Drhd.flags", "reserved bits are set"))
                .hasToString("0x30: Drhd.flags: reserved bits are set");
    }

    @Test
    void aTableKeepsCopiesOfItsLists() {
        List<Field> fields = new ArrayList<>(List.of(new Field(0, 4, "Signature", "\"DMAR\"", "")));
        List<String> log = new ArrayList<>(List.of("DMAR: Host address width 39"));
        List<Finding> findings = new ArrayList<>();
        var table = new FirmwareTable("acpidump.out", "DMAR", fields, log, findings);
        fields.clear();
        log.clear();
        findings.add(new Finding(0, "a", "b"));
        assertThat(table.fields()).singleElement().extracting(Field::name).isEqualTo("Signature");
        assertThat(table.kernelLog()).containsExactly("DMAR: Host address width 39");
        assertThat(table.findings()).isEmpty();
        assertThat(table.signature()).isEqualTo("DMAR");
        assertThat(table.source()).isEqualTo("acpidump.out");
    }
}
