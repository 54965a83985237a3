// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a controller and its namespace say of themselves, field by field.
 *
 * <p>Source: NVM Express Base Specification, "Identify Controller Data Structure"; NVM Command Set
 * Specification, "Identify Namespace Data Structure".
 */
class IdentifyPagesTest {

    private static final int STATUS = 0xfff;

    private final NvmeMachine m = new NvmeMachine(Map.of("sectors", 4096L));

    private IdentifyPages pages(long sectors) {
        return new IdentifyPages(m.context, sectors, false);
    }

    private ByteBuffer page(long sectors, int structure, long id) {
        byte[] page = new byte[4096];
        assertThat(pages(sectors).fill(structure, id, page)).isZero();
        return ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static long field(ByteBuffer page, int at, int bytes) {
        long value = 0;
        for (int i = bytes - 1; i >= 0; i--) {
            value = value << 8 | page.get(at + i) & 0xff;
        }
        return value;
    }

    @ParameterizedTest(name = "{0} at {1}")
    @CsvSource({
        "RAB,       72,   1, 6", "IEEE,      73,   3, 0", "CMIC,      76,   1, 0",
        "MDTS,      77,   1, 7", "CNTLID,    78,   2, 0", "VER,       80,   4, 0x10400",
        "RTD3R,     84,   4, 0", "OAES,      92,   4, 0", "CTRATT,    96,   4, 0",
        "CNTRLTYPE, 111,  1, 1", "OACS,      256,  2, 0", "ACL,       258,  1, 3",
        "AERL,      259,  1, 3", "FRMW,      260,  1, 3", "LPA,       261,  1, 6",
        "ELPE,      262,  1, 0", "NPSS,      263,  1, 0", "AVSCC,     264,  1, 0",
        "APSTA,     265,  1, 0", "WCTEMP,    266,  2, 343", "CCTEMP,    268,  2, 373",
        "HMPRE,     272,  4, 0", "SANICAP,   328,  4, 0", "SQES,      512,  1, 0x66",
        "CQES,      513,  1, 0x44", "MAXCMD,    514,  2, 0", "NN,        516,  4, 1",
        "ONCS,      520,  2, 0x58", "FUSES,     522,  2, 0", "FNA,       524,  1, 0",
        "VWC,       525,  1, 7", "AWUN,      526,  2, 0", "AWUPF,     528,  2, 0",
        "SGLS,      536,  4, 0", "PSD0.MP,   2048, 2, 2500", "PSD0.ENLAT, 2052, 4, 16",
        "PSD0.EXLAT, 2056, 4, 4", "PSD1,      2080, 8, 0", "last,      4088, 8, 0"})
    void aControllersFieldIs(String name, int at, int bytes, String value) {
        assertThat(field(page(4096, 1, 0), at, bytes)).isEqualTo(Long.decode(value));
    }

    @ParameterizedTest(name = "{0} at {1}")
    @CsvSource({
        "NSZE,   0,   8, 12345", "NCAP,   8,   8, 12345", "NUSE,   16,  8, 12345",
        "NSFEAT, 24,  1, 0", "NLBAF,  25,  1, 0", "FLBAS,  26,  1, 0", "MC,     27,  1, 0",
        "DPC,    28,  1, 0", "DPS,    29,  1, 0", "NMIC,   30,  1, 0", "RESCAP, 31,  1, 0",
        "FPI,    32,  1, 0", "DLFEAT, 33,  1, 1", "NAWUN,  34,  2, 0", "NOIOB,  46,  2, 0",
        "NGUID,  104, 8, 0", "EUI64,  120, 8, 0", "LBAF0.MS, 128, 2, 0",
        "LBAF0.LBADS, 130, 1, 9", "LBAF0.RP, 131, 1, 0", "LBAF1,  132, 4, 0"})
    void aNamespacesFieldIs(String name, int at, int bytes, long value) {
        assertThat(field(page(12345, 0, 1), at, bytes)).isEqualTo(value);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 0xffff_ffffL, 1L << 48})
    void aNamespaceIsAsLargeAsItsMedium(long sectors) {
        ByteBuffer page = page(sectors, 0, 1);
        assertThat(page.getLong(0)).isEqualTo(sectors);
        assertThat(page.getLong(8)).isEqualTo(sectors);
        assertThat(page.getLong(16)).isEqualTo(sectors);
    }

    @Test
    void textsArePaddedWithSpaces() {
        byte[] page = page(1, 1, 0).array();
        assertThat(new String(page, 4, 20, StandardCharsets.US_ASCII))
                .isEqualTo("0" + " ".repeat(19));
        assertThat(new String(page, 24, 40, StandardCharsets.US_ASCII))
                .isEqualTo("NVM Express controller" + " ".repeat(18));
        assertThat(new String(page, 64, 8, StandardCharsets.US_ASCII)).isEqualTo("1.0     ");
        assertThat(new String(page, 768, 29, StandardCharsets.US_ASCII))
                .isEqualTo("nqn.2014-08.org.nvmexpress:0\0");
    }

    @Test
    void vendorsAreThoseOfTheFunction() {
        m.function.set(0, 2, 0x1b36);
        m.function.set(0x2c, 2, 0x1af4);
        assertThat(field(page(1, 1, 0), 0, 2)).isEqualTo(0x1b36);
        assertThat(field(page(1, 1, 0), 2, 2)).isEqualTo(0x1af4);
    }

    /** Structure, namespace, sectors; the status, 0xfff for a page. */
    @ParameterizedTest(name = "CNS {0} NSID {1} of {2} sectors")
    @CsvSource({
        "0, 0,          1, 0x00b", "0, 1,          1, 0xfff", "0, 2,          1, 0x00b",
        "0, 0xffffffff, 1, 0x00b", "0, 1,          0, 0xfff",
        "1, 0,          1, 0xfff", "1, 1,          1, 0xfff", "1, 0xffffffff, 1, 0xfff",
        "2, 0,          1, 0xfff", "2, 1,          1, 0xfff", "2, 0xfffffffd, 1, 0xfff",
        "2, 0xfffffffe, 1, 0x00b", "2, 0xffffffff, 1, 0x00b",
        "3, 0,          1, 0x00b", "3, 1,          1, 0xfff", "3, 2,          1, 0x00b",
        "3, 1,          0, 0x00b", "3, 0xffffffff, 1, 0x00b",
        "4, 0,          1, 0x002", "0x10, 0,       1, 0x002", "0x13, 0,       1, 0x002",
        "0xff, 0,       1, 0x002"})
    void aStructureIsThereOrNot(String structure, String id, long sectors, String status) {
        int found = pages(sectors).fill(Integer.decode(structure), Long.decode(id),
                new byte[4096]);
        assertThat(found == 0 ? STATUS : found).isEqualTo(Integer.decode(status));
    }

    @ParameterizedTest
    @CsvSource({"0, 1, 1", "1, 1, 0", "5, 1, 0", "0, 0, 0"})
    void activeNamespacesAreThoseAboveTheOneNamed(long above, long sectors, int first) {
        assertThat(page(sectors, 2, above).getLong(0)).isEqualTo(first);
    }

    @Test
    void aPageHasNothingOfWhatWasThereBefore() {
        byte[] page = new byte[4096];
        java.util.Arrays.fill(page, (byte) 0x55);
        IdentifyPages identify = pages(0);
        identify.fill(0, 1, page);
        assertThat(page).containsOnly(0);
        java.util.Arrays.fill(page, (byte) 0x55);
        pages(9).fill(3, 1, page);
        assertThat(page[0]).isEqualTo((byte) 4);
        assertThat(page[1]).isEqualTo((byte) 1);
        assertThat(java.util.Arrays.copyOfRange(page, 2, 4096)).containsOnly(0);
    }

    @ParameterizedTest
    @CsvSource({"0, 1, false", "1, 1, true", "2, 1, false", "1, 0, false",
        "0xffffffff, 1, false"})
    void thereIsOneNamespaceIfThereAreSectors(String id, long sectors, boolean there) {
        assertThat(pages(sectors).hasNamespace(Long.decode(id))).isEqualTo(there);
    }

    /** Commands Supported and Effects: CSUPP is bit 0, LBCC bit 1. */
    @ParameterizedTest
    @CsvSource({"true, 0x100, 1", "false, 0, 0"})
    void shadowDoorbellsAreToldOfInTwoPlaces(boolean shadow, int oacs, int effect) {
        var pages = new IdentifyPages(m.context, 1, shadow);
        byte[] page = new byte[4096];
        pages.fill(1, 0, page);
        assertThat(field(ByteBuffer.wrap(page), 256, 2)).isEqualTo(oacs);
        byte[] log = new byte[4096];
        pages.fillEffects(log);
        ByteBuffer effects = ByteBuffer.wrap(log);
        assertThat(field(effects, 4 * 0x7c, 4)).isEqualTo(effect);
        assertThat(field(effects, 4 * 6, 4)).as("Identify").isEqualTo(1);
        assertThat(field(effects, 4 * 3, 4)).as("none").isZero();
        assertThat(field(effects, 1024 + 4, 4)).as("Write").isEqualTo(3);
        assertThat(field(effects, 1024 + 8, 4)).as("Read").isEqualTo(1);
    }
}
