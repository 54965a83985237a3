// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.FirmwareTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import kdump.importers.LabFiles;
import kdump.importers.Refused;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** DMAR and IVRS as people see them. */
class AcpiTablesTest {

    private static final AcpiTables READER = new AcpiTables();

    @TempDir
    Path temp;

    private static FirmwareTable captured(String capture) throws IOException {
        return READER.read(LabFiles.capture(capture)).get(0);
    }

    @Test
    void fieldsCoverATableWithoutGapOrOverlap() throws IOException {
        for (String capture : List.of("vtd1", "amd1")) {
            FirmwareTable table = captured(capture);
            int end = 0;
            for (FirmwareTable.Field field : table.fields()) {
                assertThat(field.offset()).as(field.toString()).isEqualTo(end);
                end += field.bytes();
            }
            assertThat(table.fields()).contains(new FirmwareTable.Field(4, 4, "Table Length",
                    String.format("%08X", end), ""));
        }
    }

    @Test
    void whatANumberStandsForIsSaid() throws IOException {
        assertThat(captured("amd1").fields()).contains(
                new FirmwareTable.Field(0x30, 1, "Subtable Type", "10",
                        "Hardware Definition Block"),
                new FirmwareTable.Field(0x31, 1, "Flags", "D1",
                        "HtTunEn IotlbSup PreFSup PPRSup"),
                new FirmwareTable.Field(0x91, 2, "Source Used Device ID", "00A0", "00:14.0"));
        assertThat(captured("vtd1").fields()).contains(
                new FirmwareTable.Field(0x96, 2, "PCI Path", "1F,03", ""),
                new FirmwareTable.Field(10, 6, "Oem ID", "\"BOCHS\"", ""));
    }

    @Test
    void theKernelsLinesAreThoseOfARealKernel() throws IOException {
        assertThat(captured("vtd1").kernelLog()).containsExactly("DMAR: Host address width 48",
                "DMAR: DRHD base: 0x000000fed90000 flags: 0x0");
        assertThat(captured("amd1").kernelLog()).hasSize(22).contains(
                "AMD-Vi: AMD-Vi: Using IVHD type 0x10",
                "AMD-Vi: AMD-Vi: device: 0000:00:01.0 cap: 0040 flags: d1 info 0000",
                "AMD-Vi: AMD-Vi: PCI segment : 0x0, last bdf : 0x02ff",
                "AMD-Vi: AMD-Vi:   DEV_SELECT_RANGE_START\t devid: 0000:02:00.0 flags: 00",
                "AMD-Vi: AMD-Vi:   DEV_SPECIAL(IOAPIC[0])\t\tdevid: 0000:00:14.0");
    }

    @Test
    void linesForKindsOfStructuresThatNoCaptureHas() throws IOException {
        Path file = temp.resolve("DMAR");
        Files.write(file, new DmarBytes().drhd(1, 0, 0xfed9_1000L)
                .rmrr(0, 0x7c80_0000L, 0x7eff_ffffL, DmarBytes.scope(1, 0, 0, 2, 0))
                .structure(2, new byte[] {1, 0, 0, 0}).structure(3, new byte[16])
                .structure(4, new byte[] {0, 0, 0, 2, '\\', 'S', 'B', 0})
                .structure(5, new byte[] {1, 0, 0, 0}).table());
        FirmwareTable table = READER.read(file).get(0);

        assertThat(table.kernelLog()).endsWith(
                "DMAR: DRHD base: 0x000000fed91000 flags: 0x1",
                "DMAR: RMRR base: 0x0000007c800000 end: 0x0000007effffff",
                "DMAR: ATSR flags: 0x1",
                "DMAR: RHSA base: 0x00000000000000 proximity domain: 0x0",
                "DMAR: [Firmware Bug]: Your BIOS is broken; RHSA refers to non-existent DMAR unit"
                        + " at 0",
                "DMAR: ANDD device: 2 name: \\SB", "DMAR: SATC flags: 0x1");
        assertThat(table.fields()).contains(
                new FirmwareTable.Field(0x34, 1, "Flags", "01", "INCLUDE_PCI_ALL"));
    }

    @Test
    void aliasesExtendedSettingsAndNamedDevicesAreTold() throws IOException {
        int[] named = new int[22];
        named[0] = 0xf0;
        named[1] = 0xa5;
        for (int i = 0; i < 8; i++) {
            named[4 + i] = "AMDI0020".charAt(i);
        }
        Path file = temp.resolve("IVRS");
        Files.write(file, new IvrsBytes().ivhd(0x10, 0xfeb8_0000L, 1, 0, 0, 0xd7)
                .ivhd(0x40, 0xfeb8_0000L, concat(new int[] {0x42, 0, 2, 0xd7, 0, 8, 0, 0,
                    0x46, 8, 2, 0, 1, 0, 0, 0x80, 0x48, 0, 0, 0, 3, 0xa0, 0, 2}, named)).table());
        List<String> log = READER.read(file).get(0).kernelLog();

        assertThat(log).containsSubsequence("AMD-Vi: AMD-Vi: Using IVHD type 0x40",
                "AMD-Vi: AMD-Vi:   DEV_ALIAS\t\t\t devid: 0000:02:00.0 flags: d7 devid_to: 00:01.0",
                "AMD-Vi: AMD-Vi:   DEV_EXT_SELECT\t\t devid: 0000:02:01.0 flags: 00"
                        + " ext: 80000001",
                "AMD-Vi: AMD-Vi:   DEV_SPECIAL(HPET[3])\t\tdevid: 0000:00:14.0",
                "AMD-Vi: AMD-Vi:   DEV_ACPI_HID(AMDI0020[])\t\tdevid: 0000:00:14.5");
        assertThat(log).noneMatch(line -> line.contains("DEV_ALL"));
    }

    private static int[] concat(int[] first, int[] second) {
        int[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    @Test
    void aListingOfAcpidumpIsReadLikeItsBytes() throws IOException {
        byte[] bytes = Files.readAllBytes(LabFiles.capture("vtd1/guest/acpi/DMAR.aml"));
        Path listing = temp.resolve("acpidump.txt");
        Files.write(listing, lines("FACS", new byte[64], lines("DMAR", bytes, List.of())));

        FirmwareTable table = READER.read(listing).get(0);
        assertThat(table.fields()).isEqualTo(captured("vtd1").fields());
        assertThat(table.source()).endsWith("acpidump.txt, table at line 7");
    }

    private static List<String> lines(String signature, byte[] table, List<String> rest) {
        List<String> lines = new ArrayList<>(List.of(signature + " @ 0x0000000000000000"));
        for (int at = 0; at < table.length; at += 16) {
            var row = new StringBuilder(String.format("    %04X: ", at));
            for (int i = at; i < Math.min(at + 16, table.length); i++) {
                row.append(String.format("%02X ", table[i]));
            }
            lines.add(row + " ...");
        }
        lines.add("");
        lines.addAll(rest);
        return lines;
    }

    @Test
    void aListingWithARowMissingIsRefused() throws IOException {
        byte[] bytes = Files.readAllBytes(LabFiles.capture("vtd1/guest/acpi/DMAR.aml"));
        List<String> lines = lines("DMAR", bytes, List.of());
        lines.remove(3);
        Path listing = temp.resolve("acpidump.txt");
        Files.write(listing, lines);

        Refused.with("line 4, offset", "0030", () -> READER.read(listing));
    }

    @Test
    void ofTwoFilesWithTheSameTableOneIsTold() throws IOException {
        byte[] bytes = Files.readAllBytes(LabFiles.capture("vtd1/guest/acpi/DMAR.aml"));
        Files.createDirectories(temp.resolve("a"));
        Files.write(temp.resolve("a/DMAR.aml"), bytes);
        Files.write(temp.resolve("DMAR"), bytes);
        Files.writeString(temp.resolve("DMAR.txt"), "nothing of the kind");

        assertThat(READER.read(temp)).hasSize(1);
    }

    @Test
    void whatHoldsNoTableIsEmpty() throws IOException {
        Path other = temp.resolve("other");
        Files.writeString(other, "DM");
        assertThat(READER.read(other)).isEmpty();
        Files.writeString(other, "FACP @ 0x0\n    0000: 46 41\n");
        assertThat(READER.read(other)).isEmpty();
    }

    @Test
    void everyRecordedKernelOfTheCorpusPrintedTheseLines() throws IOException {
        Path captures = LabFiles.shared("captures");
        int compared = 0;
        try (Stream<Path> logs = Files.walk(captures, 3)) {
            for (Path log : logs.filter(f -> f.endsWith("dmesg.txt")).sorted().toList()) {
                Path acpi = log.resolveSibling("acpi");
                List<String> printed = Files.readAllLines(log).stream()
                        .map(line -> line.replaceFirst("^\\[ *[0-9.]+\\] ", "")).toList();
                boolean dumped = printed.stream().anyMatch(l -> l.contains("Using IVHD"));
                for (FirmwareTable table : Files.isDirectory(acpi) ? READER.read(acpi)
                        : List.<FirmwareTable>of()) {
                    if (table.signature().equals("DMAR") || dumped) {
                        assertThat(printed.stream().map(AcpiTablesTest::withoutNewFlags).toList())
                                .as(log.toString())
                                .containsSubsequence(asPrintedBy(printed, table.kernelLog()));
                        compared++;
                    }
                }
            }
        }
        assertThat(compared).isGreaterThan(10);
    }

    /**
     * Kernels up to 6 print their name twice before what IVRS holds, 7 once; and the flags of an
     * entry with 0x before them, and no blank before its device.
     */
    private static List<String> asPrintedBy(List<String> printed, List<String> lines) {
        boolean seven = printed.stream().anyMatch(line -> line.startsWith("Linux version 7."));
        return lines.stream().map(line -> seven ? asPrintedBySeven(line) : line).toList();
    }

    /** Only 7 prints the flags of special devices. */
    private static String withoutNewFlags(String line) {
        return line.replaceFirst("^(AMD-Vi:   DEV_SPECIAL.*), flags: 0x[0-9a-f]+$", "$1");
    }

    private static String asPrintedBySeven(String line) {
        String once = line.replaceFirst("^AMD-Vi: AMD-Vi: ", "AMD-Vi: ");
        return !once.contains(" DEV_") ? once : once.replace("\t devid", "\tdevid")
                .replaceFirst("flags: 0?([0-9a-f]+)$", "flags: 0x$1");
    }
}
