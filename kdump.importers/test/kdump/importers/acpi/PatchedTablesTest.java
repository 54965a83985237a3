// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import static kdump.importers.acpi.DmarBytes.scope;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.machine.FirmwareTable.Finding;
import iommu.api.machine.FormatException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A good table with some bytes changed: each finding beside a change that makes none. */
class PatchedTablesTest {

    /** DRHD at 0x30 and 0x48, RMRR 0x68, ATSR 0x88, RHSA 0x98, ANDD 0xac, SATC 0xbc. */
    private static byte[] dmar() {
        return new DmarBytes().drhd(0, 0, 0xfed9_0000L, scope(1, 0, 0, 2, 0))
                .drhd(1, 0, 0xfed9_1000L, scope(3, 2, 0xf0, 0x1f, 0), scope(5, 1, 0, 0x15, 0))
                .rmrr(0, 0xe0000, 0xe3fff, scope(1, 0, 0, 0x1d, 0))
                .structure(2, new byte[] {0, 0, 0, 0, 2, 8, 0, 0, 0, 0, 7, 0})
                .structure(3, new byte[] {0, 0, 0, 0, 0, 0x10, (byte) 0xd9, (byte) 0xfe, 0, 0, 0,
                    0, 1, 0, 0, 0})
                .structure(4, new byte[] {0, 0, 0, 1, '\\', '_', 'S', 'B', '.', 'I', 0, 0})
                .structure(5, new byte[] {1, 0, 0, 0, 1, 8, 0, 0, 0, 0, 4, 0}).table();
    }

    /** IVHD at 0x30 and 0x50, entries at 0x48, 0x4c and 0x78, 0x80, 0x88; IVMD 0xa1. */
    private static byte[] ivrs() {
        int[] entries = {72, 0, 0, 0xd7, 0x20, 0xa0, 0, 1, 72, 0, 0, 0, 0, 0xa0, 0, 2};
        int[] all = new int[entries.length + TableCodecTest.NAMED.length];
        System.arraycopy(entries, 0, all, 0, entries.length);
        System.arraycopy(TableCodecTest.NAMED, 0, all, entries.length,
                TableCodecTest.NAMED.length);
        return new IvrsBytes().ivhd(0x10, IvrsBytes.BASE, 3, 8, 0, 0, 4, 0xfe, 0xff, 0)
                .ivhd(0x40, IvrsBytes.BASE, all).ivmd(0x22, 7, 1, 2, 0x1000, 0x1000).table();
    }

    /** Changes bytes, such as "0x38=00 ff, 0x34=01", and corrects the checksum. */
    private static byte[] patched(byte[] table, String patches) {
        for (String patch : patches.split(", ")) {
            int at = Integer.decode(patch.split("=")[0]);
            for (String b : patch.split("=")[1].split(" ")) {
                table[at++] = (byte) Integer.parseInt(b, 16);
            }
        }
        return DmarBytes.summed(table);
    }

    private static String told(List<Finding> findings) {
        return String.join("; ", findings.stream().map(Finding::toString).toList());
    }

    private static String wanted(String findings) {
        return findings == null ? "" : findings;
    }

    @Test
    void unchangedBothAreGood() throws FormatException {
        assertThat(TableLint.dmar("DMAR", dmar(), List.of())).isEmpty();
        assertThat(TableLint.ivrs("IVRS", ivrs())).isEmpty();
        assertThat(DmarTable.read("DMAR", dmar()).structures()).hasSize(7);
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(delimiter = '|', value = {
        "0x08=00 | 0x8: DMAR.revision: is 0",
        "0x08=04 |",
        "0x24=1e | 0x24: DMAR.hostAddressWidth: 31 bits",
        "0x24=1f |",
        "0x24=38 |",
        "0x24=39 | 0x24: DMAR.hostAddressWidth: 58 bits",
        "0x25=00 |",
        "0x25=07 |",
        "0x25=08 | 0x25: DMAR.flags: reserved bits of 0x8",
        "0x25=81 | 0x25: DMAR.flags: reserved bits of 0x81"})
    void theHeaderOfDmar(String patches, String findings) throws FormatException {
        assertThat(told(TableLint.dmar("DMAR", patched(dmar(), patches), List.of())))
                .isEqualTo(wanted(findings));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(delimiter = '|', value = {
        "0x34=02 | 0x34: DRHD.flags: reserved bits of 0x2",
        "0x34=80 | 0x34: DRHD.flags: reserved bits of 0x80",
        "0x34=01 | 0x48: DRHD: "
            + "after the unit of segment 0 that serves all other functions, at 0x30",
        "0x34=01, 0x4e=01 |",
        "0x36=ff |",
        "0x38=01 | 0x38: DRHD.registerBase: 0xfed90001 is no page",
        "0x39=08 | 0x38: DRHD.registerBase: 0xfed90800 is no page",
        "0x39=20 |",
        "0x39=10 | 0x50: DRHD.registerBase: 0xfed91000 again, as at 0x30",
        "0x3c=01 |",
        "0x3a=00 00 | 0x38: DRHD.registerBase: 0x0",
        "0x38=ff ff ff ff ff ff ff ff | 0x38: DRHD.registerBase: 0xffffffffffffffff",
        "0x51=00 | 0x50: DRHD.registerBase: 0xfed90000 again, as at 0x30;"
            + " 0xa0: RHSA.registerBase: 0xfed91000 is no unit's"})
    void unitsOfDmar(String patches, String findings) throws FormatException {
        assertThat(told(TableLint.dmar("DMAR", patched(dmar(), patches), List.of())))
                .isEqualTo(wanted(findings));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(delimiter = '|', value = {
        "0x40=00 | 0x40: scope.type: unknown type 0",
        "0x40=02 |",
        "0x40=03 |",
        "0x40=04 |",
        "0x40=05 | 0x44: scope.enumerationId: no ANDD declares 0",
        "0x40=05, 0x44=01 |",
        "0x40=06 | 0x40: scope.type: unknown type 6",
        "0x42=01 | 0x42: scope.flags: reserved bits of 0x1",
        "0x43=80 | 0x42: scope.flags: reserved bits of 0x8000",
        "0xc6=01 |",
        "0x44=09 |",
        "0x45=ff |",
        "0x46=1f |",
        "0x46=20 | 0x46: path: 20.0 is no function",
        "0x47=07 |",
        "0x47=08 | 0x46: path: 02.8 is no function",
        "0x64=02 | 0x64: scope.enumerationId: no ANDD declares 2; "
            + "0xb3: ANDD.number: 1 is in no scope",
        "0x58=01, 0x5d=00 02 | 0x58: scope: a device that the scope at 0x40 names too",
        "0x58=01, 0x5d=00 03 |",
        "0x58=02, 0x5d=00 02 | 0x58: scope: a device that the scope at 0x40 names too",
        "0x58=03, 0x5d=00 02 |",
        "0x80=02 |",
        "0x80=03 | 0x80: scope.type: no device that does DMA, in a RMRR",
        "0x80=04 | 0x80: scope.type: no device that does DMA, in a RMRR"})
    void scopesOfDmar(String patches, String findings) throws FormatException {
        assertThat(told(TableLint.dmar("DMAR", patched(dmar(), patches), List.of())))
                .isEqualTo(wanted(findings));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(delimiter = '|', value = {
        "0x70=01 | 0x70: RMRR.base: e0001 to e3fff are no whole pages",
        "0x71=10 |",
        "0x78=fe | 0x70: RMRR.base: e0000 to e3ffe are no whole pages",
        "0x7a=0d | 0x78: RMRR.limit: d3fff is not above the base e0000",
        "0x7c=40 |",
        "0x7c=80 | 0x78: RMRR.limit: 80000e3fff exceeds the address width",
        "0x24=25, 0x7c=40 | 0x78: RMRR.limit: 40000e3fff exceeds the address width",
        "0x8c=01 | 0x8c: ATSR.flags: all ports, and some by name",
        "0x8c=02 |",
        "0xa1=00 |",
        "0xa1=20 | 0xa0: RHSA.registerBase: 0xfed92000 is no unit's",
        "0xa8=ff ff ff ff |",
        "0xb3=02 | 0x64: scope.enumerationId: no ANDD declares 1; "
            + "0xb3: ANDD.number: 2 is in no scope",
        "0xb4=41 | 0xb4: ANDD.name: does not begin at the root of the namespace",
        "0xba=41 |",
        "0xba=41 41 | 0xb4: ANDD.name: has no end",
        "0xbc=06 |",
        "0xbc=07 | 0xbc: structure type 7: unknown type"})
    void otherStructuresOfDmar(String patches, String findings) throws FormatException {
        assertThat(told(TableLint.dmar("DMAR", patched(dmar(), patches), List.of())))
                .isEqualTo(wanted(findings));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(delimiter = '|', value = {
        "0x08=00 | 0x8: IVRS.revision: is 0",
        "0x08=01 |",
        "0x28=01 | 0x28: IVRS.reserved: 0x1",
        "0x2f=80 | 0x28: IVRS.reserved: 0x8000000000000000",
        "0x36=3f | 0x36: IVHD.capabilityOffset: 0x3f holds no capability",
        "0x36=ff |",
        "0x37=01 | 0x36: IVHD.capabilityOffset: 0x140 holds no capability",
        "0x39=20 | 0x38: IVHD.registerBase: 0xfd002000 is no multiple of 16 KiB;"
            + " 0x58: IVHD.registerBase: another one than at 0x30",
        "0x39=40 | 0x58: IVHD.registerBase: another one than at 0x30",
        "0x39=40, 0x59=40 |",
        "0x34=03 | 0x58: IVHD.registerBase: that of another unit, at 0x30",
        "0x40=01 | 0x58: IVHD.registerBase: that of another unit, at 0x30",
        "0x34=03, 0x39=40 |",
        "0x50=11 | 0x88: entry.type: a named device in a block of type 0x11"})
    void unitsOfIvrs(String patches, String findings) throws FormatException {
        assertThat(told(TableLint.ivrs("IVRS", patched(ivrs(), patches))))
                .isEqualTo(wanted(findings));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(delimiter = '|', value = {
        "0x48=02 | 0x4c: entry.type: end of a range without its start",
        "0x4c=02 | 0x4c: entry.type: no end of the range before",
        "0x48=02, 0x4c=02 |",
        "0x48=01, 0x4c=00 |",
        "0x4c=00 | 0x50: entry.type: no end of the last range",
        "0x4c=03 | 0x4c: entry.type: no end of the range before;"
            + " 0x50: entry.type: no end of the last range",
        "0x4d=08 00 |",
        "0x4d=07 00 | 0x4d: entry.deviceId: below the start of its range",
        "0x48=05 | 0x48: entry.type: unknown type 5; "
            + "0x4c: entry.type: end of a range without its start",
        "0x7f=00 | 0x7f: entry.variety: 0 is neither 1, an I/O APIC, nor 2, an HPET",
        "0x7f=03 | 0x7f: entry.variety: 3 is neither 1, an I/O APIC, nor 2, an HPET",
        "0x84=20 |",
        "0x84=20, 0x87=01 | 0x84: entry.handle: 32 again, as at 0x78",
        "0x7c=00, 0x7f=02 | 0x84: entry.handle: 0 again, as at 0x78",
        "0x88=f1 | 0x88: entry.type: unknown type 241"})
    void entriesOfIvrs(String patches, String findings) throws FormatException {
        assertThat(told(TableLint.ivrs("IVRS", patched(ivrs(), patches))))
                .isEqualTo(wanted(findings));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(delimiter = '|', value = {
        "0xa1=23 | 0xa1: block.type: unknown type 0x23 of 32 bytes",
        "0xa1=20 |",
        "0xa2=00 | 0xa2: IVMD.flags: neither readable nor writable",
        "0xa2=01 | 0xa2: IVMD.flags: neither readable nor writable",
        "0xa2=02 |",
        "0xa2=04 |",
        "0xa2=08 |",
        "0xa7=01 |",
        "0xa7=00 | 0xa7: IVMD.auxiliary: below the start of its range",
        "0xa1=21, 0xa7=00 |",
        "0xb1=01 | 0xb1: IVMD.start: 1001, 0x1000 bytes, are no whole pages",
        "0xb9=01 | 0xb1: IVMD.start: 1000, 0x1001 bytes, are no whole pages",
        "0xba=00 | 0xb9: IVMD.length: 0x0",
        "0xb2=f0 ff ff ff ff ff ff |",
        "0xb2=f0 ff ff ff ff ff ff, 0xba=20 | 0xb9: IVMD.length: 0x2000"})
    void memoryOfIvrs(String patches, String findings) throws FormatException {
        assertThat(told(TableLint.ivrs("IVRS", patched(ivrs(), patches))))
                .isEqualTo(wanted(findings));
    }

    // ---- what no machine can be built of --------------------------------------------------------

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "0x00=58 | 0x0: DMAR.signature: found 0x52414d58, expected the letters DMAR",
        "0x04=00 | 0x4: DMAR.length: found 0x0, expected 0xcc, the size of the file",
        "0x32=03 | 0x30: DRHD.length: found 0x3, expected 0x4 to 0x9c",
        "0x32=0f | 0x30: DRHD.length: found 0xf, expected 0x10 to 0x9c",
        "0x32=9d | 0x30: DRHD.length: found 0x9d, expected 0x4 to 0x9c",
        "0x32=12 | 0x40: scope: found 2 bytes, expected at least 8 bytes",
        "0x32=17 | 0x40: scope.length: found 0x8, expected 0x8 to 0x7",
        "0x41=00 | 0x40: scope.length: found 0x0, expected 0x8 to 0x8",
        "0x41=06 | 0x40: scope.length: found 0x6, expected 0x8 to 0x8",
        "0x41=0a | 0x40: scope.length: found 0xa, expected 0x8 to 0x8",
        "0x59=09 | 0x59: scope.length: found 0x9, expected an even number",
        "0x6a=17 | 0x68: RMRR.length: found 0x17, expected 0x18 to 0x64",
        "0xbe=11 | 0xbc: SATC.length: found 0x11, expected 0x4 to 0x10",
        "0x46=20 | 0x46: path.device: found 0x20, expected 0x0 to 0x1f",
        "0x47=08 | 0x47: path.function: found 0x8, expected 0x0 to 0x7",
        "0x38=01 | 0x38: DRHD.registerBase: found 0xfed90001, expected the address of a page",
        "0x39=10 | 0x50: DRHD.registerBase: found 0xfed91000, "
            + "expected a base that no other unit has"})
    void dmarIsRefused(String patches, String said) {
        assertThatThrownBy(() -> DmarTable.read("DMAR.aml", patched(dmar(), patches)))
                .isInstanceOf(FormatException.class).hasMessage("DMAR.aml: at " + said);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "0x00=58 | 0x0: IVRS.signature: found 0x53525658, expected the letters IVRS",
        "0x04=00 | 0x4: IVRS.length: found 0x0, expected 0xc1, the size of the file",
        "0x32=17 | 0x32: block.length: found 0x17, expected 0x18 to 0x91, as type is 0x10",
        "0x32=92 | 0x32: block.length: found 0x92, expected 0x18 to 0x91, as type is 0x10",
        "0x30=11 | 0x32: block.length: found 0x20, expected 0x28 to 0x91, as type is 0x11",
        "0xa3=03 | 0xa3: block.length: found 0x3, expected 0x4 to 0x20, as type is 0x22",
        "0xa3=21 | 0xa3: block.length: found 0x21, expected 0x4 to 0x20, as type is 0x22",
        "0x4c=48 | 0x4c: entry.type: found 0x48, expected a type that fits the 4 bytes left in the"
            + " block",
        "0x88=c0 | 0x88: entry.type: found 0xc0, expected a type that fits the 25 bytes left in the"
            + " block",
        "0x9d=04 | 0x88: entry.type: found 0xf0, expected a type that fits the 25 bytes left in the"
            + " block"})
    void ivrsIsRefused(String patches, String said) {
        assertThatThrownBy(() -> IvrsTable.parse("IVRS.aml", patched(ivrs(), patches)))
                .isInstanceOf(FormatException.class).hasMessage("IVRS.aml: at " + said);
    }

    /** Bytes that are left of a table whose length says so. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "0  | 0x0: DMAR.signature: found end of the file at 0x0, expected 4 bytes",
        "3  | 0x0: DMAR.signature: found end of the file at 0x3, expected 4 bytes",
        "7  | 0x4: DMAR.length: found end of the file at 0x7, expected 4 bytes",
        "8  | 0x8: DMAR.revision: found end of the file at 0x8, expected 1 bytes",
        "15 | 0xa: DMAR.oemId: found end of the file at 0xf, expected 6 bytes",
        "35 | 0x20: DMAR.creatorRevision: found end of the file at 0x23, expected 4 bytes",
        "37 | 0x25: DMAR.flags: found end of the file at 0x25, expected 1 bytes",
        "47 | 0x0: DMAR: found end of the file at 0x2f, expected 48 bytes",
        "49 | 0x30: structure.type: found end of the file at 0x31, expected 2 bytes",
        "51 | 0x32: structure.length: found end of the file at 0x33, expected 2 bytes",
        "71 | 0x30: DRHD.length: found 0x18, expected 0x4 to 0x17"})
    void aTableThatBreaksOffIsRefused(int bytes, String said) {
        byte[] cut = Arrays.copyOf(dmar(), bytes);
        if (bytes > 4) {
            cut[4] = (byte) bytes;
        }
        assertThatThrownBy(() -> DmarTable.parse("a/DMAR", cut))
                .isInstanceOf(FormatException.class).hasMessage("a/DMAR: at " + said);
    }
}
