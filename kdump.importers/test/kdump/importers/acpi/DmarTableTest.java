// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import static kdump.importers.acpi.DmarBytes.scope;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.FormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import kdump.importers.LabFiles;
import kdump.importers.Mutations;
import kdump.importers.Refused;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DmarTableTest {

    private static final long BASE = 0xfed90000L;

    private static DmarTable read(byte[] table) throws FormatException {
        return DmarTable.read("DMAR", table);
    }

    @Test
    void aUnitHasItsPlaceAndItsScopes() throws FormatException {
        DmarTable table = read(new DmarBytes().drhd(1, 2, BASE, scope(1, 0, 0, 0x1f, 2),
                scope(3, 8, 0xff, 0, 0)).table());
        assertThat(table.hostAddressWidthBits()).isEqualTo(39);
        assertThat(table.flags()).isEqualTo(1);
        assertThat(table.units()).singleElement().satisfies(unit -> {
            assertThat(unit.offset()).isEqualTo(48);
            assertThat(unit.segment()).isEqualTo(2);
            assertThat(unit.registerBase()).isEqualTo(BASE);
            assertThat(unit.includePciAll()).isTrue();
            assertThat(unit.scopes()).extracting(DeviceScope::type).containsExactly(1, 3);
            assertThat(unit.scopes()).extracting(DeviceScope::offset).containsExactly(64, 72);
            assertThat(unit.scopes().get(0).path())
                    .containsExactly(new DeviceScope.Step(0x1f, 2));
            assertThat(unit.scopes().get(1).enumerationId()).isEqualTo(8);
            assertThat(unit.scopes().get(1).startBus()).isEqualTo(0xff);
        });
    }

    @Test
    void aPathMayHaveManySteps() throws FormatException {
        DmarTable table = read(new DmarBytes()
                .drhd(0, 0, BASE, scope(1, 0, 0, 1, 0, 2, 3, 0x1f, 7)).table());
        assertThat(table.units().get(0).includePciAll()).isFalse();
        assertThat(table.units().get(0).scopes().get(0).path()).containsExactly(
                new DeviceScope.Step(1, 0), new DeviceScope.Step(2, 3),
                new DeviceScope.Step(0x1f, 7));
    }

    @Test
    void aReservedRegionIsAFact() throws FormatException {
        DmarTable table = read(new DmarBytes().drhd(1, 0, BASE)
                .rmrr(1, 0xe0000, 0xe3fff, scope(1, 0, 0, 0x1d, 0)).table());
        assertThat(table.reservedRegions()).singleElement().satisfies(region -> {
            assertThat(region.offset()).isEqualTo(64);
            assertThat(region.segment()).isEqualTo(1);
            assertThat(region.base()).isEqualTo(0xe0000);
            assertThat(region.limit()).isEqualTo(0xe3fff);
            assertThat(region.scopes()).hasSize(1);
        });
    }

    @Test
    void otherStructuresArePassedOverByTheirLength() throws FormatException {
        DmarTable table = read(new DmarBytes().structure(2, new byte[4])
                .structure(3, new byte[16]).structure(77, new byte[0]).drhd(1, 0, BASE).table());
        assertThat(table.skipped())
                .containsExactly("RHSA at 0x38", "structure type 77 at 0x4c");
        assertThat(table.rootPorts()).hasSize(1);
        assertThat(table.units()).hasSize(1);
    }

    @Test
    void aTableMayHaveNoStructures() throws FormatException {
        assertThat(read(new DmarBytes().table()).units()).isEmpty();
    }

    @Test
    void anotherSignatureIsRefused() {
        byte[] table = new DmarBytes().table();
        table[0] = 'I';
        Refused.at(0, "DMAR.signature", "0x52414d49", () -> read(table));
    }

    @Test
    void aTableShorterThanItsHeaderIsRefused() {
        Refused.at(0, "DMAR.signature", "end of the file", () -> read(new byte[3]));
        byte[] cut = Arrays.copyOf(new DmarBytes().table(), 40);
        cut[4] = 40;
        Refused.at(0, "DMAR", "end of the file", () -> read(DmarBytes.summed(cut)));
        byte[] half = Arrays.copyOf(cut, 37);
        half[4] = 37;
        Refused.at(37, "DMAR.flags", "end of the file", () -> read(DmarBytes.summed(half)));
    }

    @Test
    void aLengthOtherThanTheFilesIsRefused() {
        byte[] table = new DmarBytes().drhd(1, 0, BASE).table();
        Refused.at(4, "DMAR.length", "0x40", () -> read(Arrays.copyOf(table, 63)));
        Refused.at(4, "DMAR.length", "0x40", () -> read(Arrays.copyOf(table, 65)));
    }

    @Test
    void aWrongChecksumIsRefusedAndTheRightOneNamed() {
        byte[] table = new DmarBytes().drhd(1, 0, BASE).table();
        int right = table[9] & 0xff;
        table[9]++;
        org.assertj.core.api.Assertions.assertThatThrownBy(() -> read(table))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("DMAR.checksum")
                .hasMessageEndingWith("expected 0x" + Integer.toHexString(right));
    }

    @ParameterizedTest
    @CsvSource({"0, 0, DRHD.length", "0, 3, DRHD.length", "0, 15, DRHD.length",
        "0, 17, DRHD.length", "1, 0, RMRR.length", "1, 16, RMRR.length", "2, 0, ATSR.length",
        "2, 3, ATSR.length", "9, 200, structure type 9.length"})
    void aStructureWithAWrongLengthIsRefused(int type, int length, String field) {
        byte[] table = new DmarBytes().raw(type, length, new byte[12]).table();
        Refused.at(48, field, "0x" + Integer.toHexString(length), () -> read(table));
    }

    @Test
    void aStructureHeaderThatBreaksOffIsRefused() {
        byte[] table = new DmarBytes().drhd(1, 0, BASE).table();
        byte[] longer = Arrays.copyOf(table, 66);
        longer[4] = 66;
        Refused.at(66, "structure.length", "end of the file",
                () -> read(DmarBytes.summed(longer)));
    }

    @ParameterizedTest
    @CsvSource({"0", "5", "6", "7", "9", "24"})
    void aScopeWithAWrongLengthIsRefused(int length) {
        byte[] scope = scope(1, 0, 0, 1, 0, 2, 0);
        scope[1] = (byte) length;
        byte[] table = new DmarBytes().drhd(0, 0, BASE, scope).table();
        Refused.with("scope.length", "0x" + Integer.toHexString(length), () -> read(table));
    }

    @Test
    void aScopeThatBreaksOffIsRefused() {
        byte[] table = new DmarBytes().drhd(0, 0, BASE, new byte[5]).table();
        Refused.at(64, "scope", "5 bytes", () -> read(table));
    }

    @Test
    void aPathStepThatIsNoFunctionIsRefused() {
        Refused.at(70, "path.device", "0x20", () -> read(
                new DmarBytes().drhd(0, 0, BASE, scope(1, 0, 0, 32, 0)).table()));
        Refused.at(71, "path.function", "0x8", () -> read(
                new DmarBytes().drhd(0, 0, BASE, scope(1, 0, 0, 0, 8)).table()));
    }

    @Test
    void aRegisterBaseThatIsNoPageIsRefused() {
        byte[] table = new DmarBytes().drhd(1, 0, BASE + 0x800).table();
        Refused.at(56, "DRHD.registerBase", "0xfed90800", () -> read(table));
    }

    @Test
    void unitsThatFirmwareLeftBlankAreFacts() throws FormatException {
        byte[] table = new DmarBytes().drhd(0, 0, 0).drhd(0, 0, 0).table();
        assertThat(read(table).units()).hasSize(2);
    }

    @Test
    void twoUnitsAtOnePlaceAreRefused() {
        byte[] table = new DmarBytes().drhd(0, 0, BASE).drhd(1, 0, BASE).table();
        Refused.at(72, "DRHD.registerBase", "0xfed90000", () -> read(table));
    }

    @Test
    void damagedTablesAreReadOrRefused() throws IOException {
        byte[] good = new DmarBytes().drhd(0, 0, BASE, scope(1, 0, 0, 1, 0, 2, 0),
                scope(2, 0, 0, 3, 0)).rmrr(0, 0xe0000, 0xe3fff, scope(1, 0, 0, 0x1d, 0))
                .structure(2, new byte[4]).drhd(1, 0, BASE + 0x1000, scope(3, 8, 0xf0, 0x1f, 0))
                .table();
        Mutations.survive("dmar", good, DmarTableTest::read);
        Mutations.survive("dmar, summed", good, bad -> {
            if (bad.length >= 48) {
                bad[4] = (byte) bad.length;
                bad[5] = (byte) (bad.length >> 8);
                DmarBytes.summed(bad);
            }
            read(bad);
        });
    }

    @Test
    void everyTableOfTheCorpusIsRead() throws IOException {
        int units = 0;
        for (Path file : LabFiles.filesOf(LabFiles.shared("corpora/acpi-linuxhw/DMAR"))) {
            DmarTable table = DmarTable.read(file.toString(), Files.readAllBytes(file));
            assertThat(table.units()).as(file.toString()).isNotEmpty();
            units += table.units().size();
        }
        assertThat(units).isEqualTo(415);
    }

    @Test
    void everyOtherTableOfTheCorpusIsRefused() throws IOException {
        for (Path file : LabFiles.filesOf(LabFiles.shared("corpora/acpi-linuxhw/IVRS"))) {
            Refused.at(0, "DMAR.signature", "0x53525649",
                    () -> DmarTable.read(file.toString(), Files.readAllBytes(file)));
        }
    }
}
