// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import static kdump.importers.acpi.DmarBytes.scope;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.FormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import kdump.importers.LabFiles;
import kdump.importers.Mutations;
import kdump.importers.Refused;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tables are records that write themselves again, byte for byte. */
class TableCodecTest {

    static final int[] NAMED = {0xf0, 0xa5, 0, 0x40, 'A', 'M', 'D', 'I', '0', '0', '2', '0',
        0, 0, 0, 0, 0, 0, 0, 0, 2, 3, '\\', 'S', 'B'};

    static byte[] dmar() {
        return new DmarBytes().drhd(0, 0, 0xfed90000L, scope(1, 0, 0, 2, 0))
                .drhd(1, 0, 0xfed91000L, scope(3, 2, 0xf0, 0x1f, 0), scope(4, 0, 0, 0x1f, 0),
                        scope(5, 1, 0, 0x15, 0))
                .rmrr(0, 0xe0000, 0xe3fff, scope(2, 0, 0, 1, 0, 0, 0))
                .structure(2, new byte[] {0, 0, 0, 0, 2, 8, 0, 0, 0, 0, 7, 0})
                .structure(3, new byte[] {0, 0, 0, 0, 0, 0x10, (byte) 0xd9, (byte) 0xfe, 0, 0, 0,
                    0, 1, 0, 0, 0})
                .structure(4, new byte[] {1, 2, 3, 1, '\\', '_', 'S', 'B', '.', 'I', 0, 0})
                .structure(5, new byte[] {1, 0, 0, 0, 1, 8, 1, 0, 0, 0, 4, 0})
                .structure(6, new byte[] {0, 0, 0, 0, 1, 8, 0, 0, 0, 0, 5, 0})
                .structure(3, new byte[5]).structure(4, new byte[4]).structure(2, new byte[2])
                .structure(99, new byte[] {1, 2, 3}).table();
    }

    static byte[] ivrs() {
        return new IvrsBytes().ivhd(0x10, IvrsBytes.BASE, 3, 8, 0, 0, 4, 0xfe, 0xff, 0)
                .ivhd(0x11, IvrsBytes.BASE, 1, 0, 0, 0xd7, 0, 0, 0, 0, 66, 1, 0, 0, 0, 0xa5, 0, 0,
                        67, 8, 1, 0, 0, 0xa6, 0, 0, 4, 0xff, 1, 0, 72, 0, 0, 0xd7, 0x20, 0xa0, 0, 1,
                        70, 1, 2, 3, 4, 5, 6, 7, 71, 0x10, 2, 0, 1, 0, 0, 0x80, 4, 0x1f, 2, 0)
                .ivhd(0x40, IvrsBytes.BASE, NAMED).ivhd(0x40, IvrsBytes.BASE, 80, 1, 2, 3, 4, 5, 6,
                        7, 130, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
                .ivmd(0x20, 7, 0, 0, 0x1000, 0x2000).ivmd(0x21, 0xe, 0x10, 0, 0x5000, 0x1000)
                .ivmd(0x22, 9, 0x10, 0x20, 0x8000, 0x1000).block(0x21, 0, new byte[5])
                .block(0x51, 1, new byte[] {1, 2, 3}).table();
    }

    @Test
    void everyStructureOfDmarIsARecordAndWritesItself() throws FormatException {
        DmarTable table = DmarTable.read("DMAR", dmar());
        assertThat(table.encode()).isEqualTo(dmar());
        assertThat(table.structures()).extracting(s -> s.getClass().getSimpleName())
                .containsExactly("Drhd", "Drhd", "Rmrr", "Atsr", "Rhsa", "Andd", "SocDevices",
                        "SocDevices", "Other", "Other", "Other", "Other");
        assertThat(table.all(DmarStructure.Andd.class)).containsExactly(
                new DmarStructure.Andd(table.structures().get(5).offset(), 0x30201, 1,
                        "\\_SB.I\0\0"));
        assertThat(table.all(DmarStructure.Rhsa.class).get(0).registerBase())
                .isEqualTo(0xfed91000L);
        assertThat(table.header().length()).isEqualTo(dmar().length);
    }

    @Test
    void everyBlockOfIvrsIsARecordAndWritesItself() throws FormatException {
        IvrsTable table = IvrsTable.parse("IVRS", ivrs());
        assertThat(table.encode()).isEqualTo(ivrs());
        assertThat(table.units()).extracting(IvrsBlock.Ivhd::type)
                .containsExactly(0x10, 0x11, 0x40, 0x40);
        assertThat(table.units().get(0).features()).isZero();
        assertThat(table.units().get(1).features()).isEqualTo(0x246577efa2254afaL);
        assertThat(table.units().get(1).entries()).extracting(IvhdEntry::type)
                .containsExactly(1, 0, 66, 67, 4, 72, 70, 71, 4);
        assertThat(((IvhdEntry.Wide) table.units().get(1).entries().get(6)).extendedSettings())
                .isEqualTo(0x7060504);
        var named = (IvhdEntry.Named) table.units().get(2).entries().get(0);
        assertThat(named.deviceId()).isEqualTo(0xa5);
        assertThat(named.hardwareId()).isEqualTo("AMDI0020");
        assertThat(named.uid()).isEqualTo("\\SB");
        assertThat(table.units().get(3).entries()).extracting(IvhdEntry::bytes)
                .containsExactly(8, 16);
        assertThat(table.memory()).extracting(IvrsBlock.Ivmd::start)
                .containsExactly(0x1000L, 0x5000L, 0x8000L);
    }

    @ParameterizedTest
    @CsvSource({"0x10, 23", "0x11, 39", "0x40, 0", "0x20, 3", "0x20, 200"})
    void aBlockWithAWrongLengthIsRefused(int type, int length) {
        byte[] table = new IvrsBytes().raw(type, 0, length, new byte[60]).table();
        Refused.at(50, "block.length", "0x" + Integer.toHexString(length),
                () -> IvrsTable.parse("IVRS", table));
    }

    @Test
    void anEntryThatBreaksOffIsRefused() {
        Refused.at(72, "entry.type", "0x3", () -> IvrsTable.parse("IVRS",
                new IvrsBytes().ivhd(0x10, 0, 3, 0, 0).table()));
        Refused.at(76, "entry.type", "0xf0", () -> IvrsTable.parse("IVRS",
                new IvrsBytes().ivhd(0x10, 0, 2, 0, 0, 0, 0xf0).table()));
        int[] longer = NAMED.clone();
        longer[21] = 4;
        Refused.at(88, "entry.type", "0xf0", () -> IvrsTable.parse("IVRS",
                new IvrsBytes().ivhd(0x40, 0, longer).table()));
    }

    @Test
    void anotherSignatureOrLengthIsRefused() {
        Refused.at(0, "IVRS.signature", "0x52414d44", () -> IvrsTable.parse("x", dmar()));
        byte[] table = ivrs();
        table[4]++;
        Refused.with("IVRS.length", "0x", () -> IvrsTable.parse("x", table));
    }

    @Test
    void damagedTablesAreReadAndWrittenAgainOrRefused() throws IOException {
        Mutations.survive("dmar codec", dmar(), bad ->
                assertThat(DmarTable.parse("DMAR", lengthened(bad)).encode()).isEqualTo(bad));
        Mutations.survive("ivrs codec", ivrs(), bad -> {
            assertThat(IvrsTable.parse("IVRS", lengthened(bad)).encode()).isEqualTo(bad);
            TableLint.ivrs("IVRS", bad);
        });
        Mutations.survive("dmar lint", dmar(), bad ->
                TableLint.dmar("DMAR", lengthened(bad), List.of()));
    }

    private static byte[] lengthened(byte[] bad) {
        if (bad.length >= 8) {
            bad[4] = (byte) bad.length;
            bad[5] = (byte) (bad.length >> 8);
            bad[6] = 0;
            bad[7] = 0;
        }
        return bad;
    }

    /** Returns every table at hand. */
    static List<Path> tables(String kind) throws IOException {
        List<Path> tables = new ArrayList<>();
        for (Path folder : List.of(LabFiles.root().resolve("docs/captures"),
                LabFiles.shared("corpora/acpi-linuxhw"), LabFiles.shared("captures"))) {
            try (Stream<Path> files = Files.walk(folder)) {
                files.filter(f -> f.getFileName().toString().equals(kind + ".aml")
                        || f.getParent().endsWith(kind)).forEach(tables::add);
            }
        }
        return tables;
    }

    @Test
    void everyTableOfTheCorpusWritesItself() throws IOException {
        List<Path> dmars = tables("DMAR");
        assertThat(dmars).hasSizeGreaterThanOrEqualTo(209);
        for (Path file : dmars) {
            byte[] bytes = Files.readAllBytes(file);
            assertThat(DmarTable.read(file.toString(), bytes).encode()).isEqualTo(bytes);
        }
        List<Path> ivrss = tables("IVRS");
        assertThat(ivrss).hasSizeGreaterThanOrEqualTo(70);
        for (Path file : ivrss) {
            byte[] bytes = Files.readAllBytes(file);
            IvrsTable table = IvrsTable.parse(file.toString(), bytes);
            assertThat(table.encode()).isEqualTo(bytes);
            assertThat(table.units()).flatMap(IvrsBlock.Ivhd::entries)
                    .noneMatch(e -> e instanceof IvhdEntry.Other);
        }
    }
}
