// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import static kdump.importers.acpi.DmarBytes.scope;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.FirmwareTable.Finding;
import iommu.api.machine.FormatException;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import kdump.importers.LabFiles;
import kdump.importers.Refused;
import kdump.importers.bytes.TextFile;
import kdump.importers.lspci.LspciDump;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TableLintTest {

    private static final long BASE = 0xfed90000L;

    private static List<String> dmar(DmarBytes table) throws FormatException {
        return dmar(table.table(), List.of());
    }

    private static List<String> dmar(byte[] table, List<FunctionConfig> functions)
            throws FormatException {
        return TableLint.dmar("DMAR", table, functions).stream().map(Finding::toString).toList();
    }

    private static List<String> ivrs(IvrsBytes table) throws FormatException {
        return TableLint.ivrs("IVRS", table.table()).stream().map(Finding::toString).toList();
    }

    private static DmarBytes good() {
        return new DmarBytes().drhd(0, 0, BASE, scope(1, 0, 0, 2, 0)).drhd(1, 0, BASE + 0x1000);
    }

    @Test
    void aGoodTableHasNoFindings() throws FormatException {
        assertThat(dmar(good().rmrr(0, 0xe0000, 0xe3fff, scope(1, 0, 0, 0x1d, 0)))).isEmpty();
        assertThat(ivrs(new IvrsBytes().ivhd(0x10, IvrsBytes.BASE, 3, 8, 0, 0, 4, 0xfe, 0xff, 0,
                0, 0, 0, 0).ivhd(0x40, IvrsBytes.BASE, TableCodecTest.NAMED)
                .ivmd(0x22, 7, 1, 2, 0x1000, 0x1000))).isEmpty();
    }

    @Test
    void headersAreChecked() throws FormatException {
        byte[] table = good().table();
        int right = table[9] & 0xff;
        table[9] ^= 1;
        table[8] = 0;
        table[36] = 10;
        table[37] = (byte) 0x81;
        assertThat(dmar(table, List.of())).containsExactly("0x8: DMAR.revision: is 0",
                "0x9: DMAR.checksum: is 0x" + Integer.toHexString(right ^ 1) + ", the bytes make 0x"
                        + Integer.toHexString(AcpiHeader.checksumOf(table)),
                "0x24: DMAR.hostAddressWidth: 11 bits",
                "0x25: DMAR.flags: reserved bits of 0x81");
        assertThat(dmar(new DmarBytes())).containsExactly("0x30: DMAR: no DRHD");
    }

    @Test
    void unitsAreChecked() throws FormatException {
        assertThat(dmar(new DmarBytes().drhd(1, 0, BASE).drhd(2, 0, BASE).drhd(0, 1, 0,
                scope(1, 0, 0, 1, 0)).drhd(0, 1, 0x1234, scope(1, 0, 0, 1, 0)))).containsExactly(
                "0x40: DRHD: after the unit of segment 0 that serves all other functions, at 0x30",
                "0x40: DRHD: serves no function",
                "0x44: DRHD.flags: reserved bits of 0x2",
                "0x48: DRHD.registerBase: 0xfed90000 again, as at 0x30",
                "0x58: DRHD.registerBase: 0x0",
                "0x70: DRHD.registerBase: 0x1234 is no page",
                "0x78: scope: a device that the scope at 0x60 names too");
    }

    @Test
    void regionsAreChecked() throws FormatException {
        byte[] device = scope(1, 0, 0, 0x1d, 0);
        assertThat(dmar(new DmarBytes().drhd(1, 0, BASE).rmrr(0, 0x1000, 0x1fff)
                .rmrr(0, 0x1800, 0x2fff, device).rmrr(0, 0x9000, 0x8fff, device)
                .rmrr(0, 1L << 40, (1L << 40) + 0xfff, device))).containsExactly(
                "0x40: RMRR: names no device",
                "0x60: RMRR.base: 1800 to 2fff are no whole pages",
                "0x60: RMRR.base: overlaps the region at 0x40",
                "0x88: RMRR.limit: 8fff is not above the base 9000",
                "0xa8: RMRR.limit: 10000000fff exceeds the address width");
    }

    @Test
    void otherStructuresAreChecked() throws FormatException {
        assertThat(dmar(new DmarBytes().drhd(1, 0, BASE, scope(5, 9, 0, 1, 0))
                .structure(3, new byte[16]).structure(2, new byte[4])
                .structure(4, new byte[] {0, 0, 0, 1, 'X'})
                .structure(4, new byte[] {0, 0, 0, 9, 'X', 0}).structure(3, new byte[3])
                .structure(7, new byte[0]))).containsExactly(
                "0x50: RHSA.registerBase: 0x0 is no unit's",
                "0x5c: ATSR: after a RHSA: types must ascend",
                "0x60: ATSR.flags: names no port",
                "0x6b: ANDD.number: 1 is in no scope",
                "0x6c: ANDD.name: has no end",
                "0x75: ANDD.name: does not begin at the root of the namespace",
                "0x77: RHSA: after a ANDD: types must ascend",
                "0x77: RHSA: 0x7 bytes do not fit the type",
                "0x7e: structure type 7: unknown type");
    }

    @Test
    void scopesAreChecked() throws FormatException {
        byte[] flagged = scope(1, 0, 0, 3, 0);
        flagged[2] = 1;
        assertThat(dmar(new DmarBytes().drhd(1, 0, BASE, scope(9, 0, 0, 1, 0), flagged,
                scope(5, 2, 0, 4, 0), scope(1, 0, 0, 32, 0, 1, 8)).rmrr(0, 0x1000, 0x1fff,
                scope(3, 0, 0, 1, 0)))).containsExactly("0x40: scope.type: unknown type 9",
                "0x4a: scope.flags: reserved bits of 0x1",
                "0x54: scope.enumerationId: no ANDD declares 2",
                "0x5e: path: 20.0 is no function", "0x60: path: 01.8 is no function",
                "0x7a: scope.type: no device that does DMA, in a RMRR");
    }

    @Test
    void scopesThatNameNoFunctionAreFound() throws IOException {
        List<FunctionConfig> functions = LspciDump.read(TextFile.read(
                LabFiles.capture("vtd1/guest/lspci-vvv-xxxx.txt"), LspciDump.MAX_BYTES))
                .functions();
        Path table = LabFiles.capture("vtd1/guest/acpi/DMAR.aml");
        assertThat(dmar(Files.readAllBytes(table), functions))
                .noneMatch(f -> f.contains("not there"));
        int bridge = RequesterId.parse("00:05.0");
        assertThat(functions).anyMatch(f -> f.requesterId() == bridge);
        assertThat(dmar(new DmarBytes().drhd(0, 0, BASE, scope(1, 0, 0, 0x1e, 7),
                scope(2, 0, 0, 0x1f, 2), scope(1, 0, 0, 5, 0), scope(1, 0, 0, 0x1f, 2, 0, 0))
                .table(), functions)).containsExactly(
                "0x46: path: 0000:00:1e.7 is not there", "0x4e: path: 0000:00:1f.2 is no bridge",
                "0x56: path: 0000:00:05.0 is no endpoint",
                "0x5e: path: 0000:00:1f.2 is no bridge");
    }

    @Test
    void unitsOfIvrsAreChecked() throws FormatException {
        assertThat(ivrs(new IvrsBytes())).containsExactly("0x30: IVRS: no IVHD");
        assertThat(ivrs(new IvrsBytes().ivhd(0x10, 0x1000, 1, 0, 0, 0).ivhd(0x10, 0x4000)
                .block(0x51, 0, new byte[4]))).containsExactly(
                "0x38: IVHD.registerBase: 0x1000 is no multiple of 16 KiB",
                "0x4c: IVHD: the unit of the block at 0x30 again, of the same type",
                "0x4c: IVHD: serves no device",
                "0x54: IVHD.registerBase: another one than at 0x30",
                "0x64: block.type: unknown type 0x51 of 8 bytes");
    }

    @Test
    void entriesOfIvrsAreChecked() throws FormatException {
        assertThat(ivrs(new IvrsBytes().ivhd(0x10, IvrsBytes.BASE, 4, 1, 0, 0, 3, 9, 0, 0, 4, 1, 0,
                0, 3, 1, 0, 0, 2, 7, 0, 0, 72, 0, 0, 0, 5, 0, 0, 3, 72, 0, 0, 0, 5, 0, 0, 3,
                9, 0, 0, 0, 67, 1, 0, 0, 0, 2, 0, 0))).containsExactly(
                "0x48: entry.type: end of a range without its start",
                "0x51: entry.deviceId: below the start of its range",
                "0x58: entry.type: no end of the range before",
                "0x63: entry.variety: 3 is neither 1, an I/O APIC, nor 2, an HPET",
                "0x68: entry.handle: 5 again, as at 0x5c",
                "0x6b: entry.variety: 3 is neither 1, an I/O APIC, nor 2, an HPET",
                "0x6c: entry.type: unknown type 9", "0x78: entry.type: no end of the last range");
        assertThat(ivrs(new IvrsBytes().ivhd(0x11, IvrsBytes.BASE, TableCodecTest.NAMED)))
                .containsExactly("0x58: entry.type: a named device in a block of type 0x11");
    }

    @Test
    void memoryOfIvrsIsChecked() throws FormatException {
        assertThat(ivrs(new IvrsBytes().ivhd(0x10, IvrsBytes.BASE, 1, 0, 0, 0)
                .ivmd(0x22, 1, 9, 8, 0x1001, 0))).containsExactly(
                "0x4d: IVMD.flags: neither readable nor writable",
                "0x52: IVMD.auxiliary: below the start of its range",
                "0x5c: IVMD.start: 1001, 0x0 bytes, are no whole pages",
                "0x64: IVMD.length: 0x0");
    }

    @Test
    void tablesThatFallApartAreRefused() {
        Refused.with("DRHD.length", "0x3", () -> TableLint.dmar("DMAR",
                new DmarBytes().raw(0, 3, new byte[12]).table(), List.of()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"DMAR", "IVRS"})
    void everyTableOfTheCorpusIsJudged(String kind) throws IOException {
        int findings = 0;
        for (Path file : LabFiles.filesOf(LabFiles.shared("corpora/acpi-linuxhw/" + kind))) {
            byte[] bytes = Files.readAllBytes(file);
            List<Finding> found = kind.equals("DMAR")
                    ? TableLint.dmar(file.toString(), bytes, List.of())
                    : TableLint.ivrs(file.toString(), bytes);
            assertThat(found).noneMatch(f -> f.field().endsWith("checksum"))
                    .allMatch(f -> f.offset() < bytes.length + 1);
            findings += found.size();
        }
        assertThat(findings).isPositive();
    }
}
