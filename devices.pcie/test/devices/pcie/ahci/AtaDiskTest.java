// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ahci;

import static org.assertj.core.api.Assertions.assertThat;

import devices.pcie.ahci.AtaDisk.Protocol;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The disk behind a port: its registers, what it identifies itself as, and each command.
 *
 * <p>Source: ATA/ATAPI-7, "IDENTIFY DEVICE", "SET FEATURES", "READ DMA EXT", "Device Reset".
 */
class AtaDiskTest {

    private static final long SECTORS = 0x1_0000_0000L;

    private final AtaDisk disk = new AtaDisk(SECTORS, "QM00001");

    private static int word(AtaDisk disk, int at) {
        byte[] fis = fis(0xec, 0, 0, 0xe0);
        assertThat(disk.begin(fis, 0)).isTrue();
        byte[] sector = disk.identification();
        return sector[2 * at] & 0xff | (sector[2 * at + 1] & 0xff) << 8;
    }

    /** A register FIS: command, 48 bits of address, 16 of count, and the device register. */
    private static byte[] fis(int command, long sector, int count, int device) {
        byte[] fis = new byte[20];
        fis[0] = 0x27;
        fis[1] = (byte) 0x80;
        fis[2] = (byte) command;
        fis[7] = (byte) device;
        for (int i = 0; i < 3; i++) {
            fis[4 + i] = (byte) (sector >>> 8 * i);
            fis[8 + i] = (byte) (sector >>> 24 + 8 * i);
        }
        fis[12] = (byte) count;
        fis[13] = (byte) (count >>> 8);
        return fis;
    }

    private static byte[] queued(int command, long sector, int count) {
        byte[] fis = fis(command, sector, 0, 0x40);
        fis[3] = (byte) count;
        fis[11] = (byte) (count >>> 8);
        return fis;
    }

    private boolean feature(int feature, int count) {
        byte[] fis = fis(0xef, 0, count, 0xe0);
        fis[3] = (byte) feature;
        return disk.begin(fis, 0);
    }

    // ---- IDENTIFY DEVICE ------------------------------------------------------------------------

    @ParameterizedTest(name = "word {0}: {2}")
    @CsvSource({
        "0,   0x0040, fixed device",
        "1,   0x3fff, cylinders",
        "3,   16,     heads",
        "6,   63,     sectors a track",
        "10,  0x514d, serial number QM",
        "11,  0x3030, serial number 00",
        "13,  0x3120, serial number 1",
        "14,  0x2020, serial number is padded",
        "23,  0x322e, firmware 2.",
        "24,  0x352b, firmware 5+",
        "25,  0x2020, firmware is padded",
        "27,  0x5145, model QE",
        "28,  0x4d55, model MU",
        "46,  0x2020, model is padded",
        "47,  0x8010, 16 sectors an interrupt",
        "49,  0x0b00, 'DMA, LBA, IORDY'",
        "50,  0,      no standby timer",
        "53,  7,      words 54 to 58 and 64 to 70 and 88 are valid",
        "54,  0x3fff, cylinders now",
        "55,  16,     heads now",
        "56,  63,     sectors a track now",
        "57,  0xfc10, sectors by cylinders low",
        "58,  0x00fb, sectors by cylinders high",
        "59,  0x0110, 16 sectors an interrupt are set",
        "60,  0xffff, LBA28 sectors low",
        "61,  0x0fff, LBA28 sectors high",
        "63,  0x0007, multiword modes 0 to 2 and none selected",
        "64,  3,      PIO modes 3 and 4",
        "65,  120,    least cycle",
        "68,  120,    least cycle with IORDY",
        "75,  31,     queue of 32",
        "76,  0x0100, NCQ",
        "80,  0x00f0, ATA-4 to ATA-7",
        "82,  0x4021, 'NOP, write cache, SMART'",
        "83,  0x7400, 48-bit addresses and flushes",
        "84,  0x4000, valid",
        "85,  0x4021, write cache is enabled",
        "86,  0x3400, 48-bit addresses and flushes are enabled",
        "88,  0x203f, Ultra DMA 0 to 5 and 5 selected",
        "93,  0x6001, reset result",
        "100, 0,      sectors 15:0",
        "101, 0,      sectors 31:16",
        "102, 1,      sectors 47:32",
        "103, 0,      sectors 63:48",
        "106, 0x6000, sectors of 512 bytes",
        "128, 0,      no security",
        "255, 0,      no checksum"})
    void identifiesItselfByWords(int at, String value, String meaning) {
        assertThat(word(disk, at)).isEqualTo(Integer.decode(value));
    }

    /** Sectors against cylinders, the sectors of LBA28 and of LBA48. */
    @ParameterizedTest(name = "{0} sectors")
    @CsvSource({
        "1,           2,     1,          1", "2016,        2,     2016,       2016",
        "3023,        2,     3023,       3023", "3024,        3,     3024,       3024",
        "16514063,    16382, 16514063,   16514063", "16514064,    16383, 16514064,   16514064",
        "268435455,   16383, 268435455,  268435455", "268435456,   16383, 268435455,  268435456",
        "281474976710655, 16383, 268435455, 281474976710655"})
    void itsSizeIsSaidInThreeWays(long sectors, int cylinders, long lba28, long lba48) {
        var other = new AtaDisk(sectors, "x");
        assertThat(word(other, 1)).isEqualTo(cylinders);
        assertThat(word(other, 54)).isEqualTo(cylinders);
        assertThat(word(other, 60) | (long) word(other, 61) << 16).isEqualTo(lba28);
        assertThat(word(other, 100) | (long) word(other, 101) << 16
                | (long) word(other, 102) << 32 | (long) word(other, 103) << 48).isEqualTo(lba48);
        assertThat(word(other, 57) | word(other, 58) << 16).isEqualTo(cylinders * 16 * 63);
    }

    /** Features: subcommand, count, whether taken, words 63, 85 and 88 afterwards. */
    @ParameterizedTest(name = "feature {0}, count {1}")
    @CsvSource({
        "0x02, 0,    true,  0x0007, 0x4021, 0x203f", "0x82, 0,    true,  0x0007, 0x4001, 0x203f",
        "0x03, 0,    true,  0x0007, 0x4021, 0x003f", "0x03, 0x08, true,  0x0007, 0x4021, 0x003f",
        "0x03, 0x0c, true,  0x0007, 0x4021, 0x003f", "0x03, 0x10, false, 0x0007, 0x4021, 0x203f",
        "0x03, 0x20, true,  0x0107, 0x4021, 0x003f", "0x03, 0x22, true,  0x0407, 0x4021, 0x003f",
        "0x03, 0x40, true,  0x0007, 0x4021, 0x013f", "0x03, 0x45, true,  0x0007, 0x4021, 0x203f",
        "0x03, 0x42, true,  0x0007, 0x4021, 0x043f", "0x03, 0x80, false, 0x0007, 0x4021, 0x203f",
        "0x55, 0,    true,  0x0007, 0x4021, 0x203f", "0xaa, 0,    true,  0x0007, 0x4021, 0x203f",
        "0x66, 0,    true,  0x0007, 0x4021, 0x203f", "0xcc, 0,    true,  0x0007, 0x4021, 0x203f",
        "0x05, 0x80, false, 0x0007, 0x4021, 0x203f", "0x10, 2,    false, 0x0007, 0x4021, 0x203f",
        "0x00, 0,    false, 0x0007, 0x4021, 0x203f", "0xff, 0,    false, 0x0007, 0x4021, 0x203f"})
    void aFeatureIsSet(String feature, String count, boolean taken, String multiword,
            String enabled, String ultra) {
        assertThat(feature(Integer.decode(feature), Integer.decode(count))).isEqualTo(taken);
        assertThat(disk.taskFile()).isEqualTo(taken ? 0x50 : 0x441);
        assertThat(word(disk, 63)).isEqualTo(Integer.decode(multiword));
        assertThat(word(disk, 85)).isEqualTo(Integer.decode(enabled));
        assertThat(word(disk, 88)).isEqualTo(Integer.decode(ultra));
    }

    @Test
    void aResetBringsTheSettingsOfPowerOnBack() {
        feature(0x82, 0);
        feature(0x03, 0x20);
        disk.reset();
        assertThat(word(disk, 63)).isEqualTo(0x0007);
        assertThat(word(disk, 85)).isEqualTo(0x4021);
        assertThat(word(disk, 88)).isEqualTo(0x203f);
    }

    @Test
    void theWriteCacheIsSwitchedOffAndOn() {
        feature(0x82, 0);
        feature(0x82, 0);
        assertThat(word(disk, 85)).isEqualTo(0x4001);
        feature(0x02, 0);
        assertThat(word(disk, 85)).isEqualTo(0x4021);
    }

    // ---- commands -------------------------------------------------------------------------------

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "READ SECTORS,         0x20, PIO_IN,     true,  false",
        "READ SECTORS EXT,     0x24, PIO_IN,     true,  false",
        "READ DMA EXT,         0x25, DMA_IN,     true,  false",
        "WRITE SECTORS,        0x30, PIO_OUT,    true,  false",
        "WRITE SECTORS EXT,    0x34, PIO_OUT,    true,  false",
        "WRITE DMA EXT,        0x35, DMA_OUT,    true,  false",
        "READ FPDMA QUEUED,    0x60, QUEUED_IN,  true,  true",
        "WRITE FPDMA QUEUED,   0x61, QUEUED_OUT, true,  true",
        "READ DMA,             0xc8, DMA_IN,     true,  false",
        "WRITE DMA,            0xca, DMA_OUT,    true,  false",
        "FLUSH CACHE,          0xe7, NON_DATA,   false, false",
        "FLUSH CACHE EXT,      0xea, NON_DATA,   false, false",
        "IDENTIFY DEVICE,      0xec, PIO_IN,     false, false",
        "SET FEATURES,         0xef, NON_DATA,   false, false",
        "NOP,                  0x00, ,           false, false",
        "READ VERIFY,          0x40, ,           false, false",
        "NCQ QUEUE MANAGEMENT, 0x63, ,           true,  true",
        "SEND FPDMA QUEUED,    0x64, ,           true,  true",
        "RECEIVE FPDMA QUEUED, 0x65, ,           true,  true",
        "PACKET,               0xa0, ,           false, false",
        "IDENTIFY PACKET,      0xa1, ,           false, false",
        "SMART,                0xb0, ,           false, false",
        "READ MULTIPLE,        0xc4, ,           false, false",
        "STANDBY IMMEDIATE,    0xe0, ,           false, false",
        "SECURITY FREEZE,      0xf5, ,           false, false"})
    void aCommandHasItsProtocol(String name, String command, Protocol protocol, boolean request,
            boolean queued) {
        int code = Integer.decode(command);
        byte[] fis = queued ? queued(code, 0, 1) : fis(code, 0, 1, 0xe0);
        if (code == 0xef) {
            fis[3] = 0x02;
        }
        assertThat(disk.begin(fis, 0)).isEqualTo(protocol != null);
        assertThat(disk.protocol()).isEqualTo(protocol);
        assertThat(disk.taskFile()).isEqualTo(protocol != null ? 0x50 : 0x441);
        assertThat(AtaDisk.isRequest(code)).isEqualTo(request);
        assertThat(AtaDisk.isQueued(code)).isEqualTo(queued);
    }

    /** Commands of 28 and 48 bits: where sector and count come from; a count of 0 is the most. */
    @ParameterizedTest(name = "{0} sector {1} count {2}")
    @CsvSource({
        "0xc8, 0x123456,       1,      0xe0, 0x123456,       1",
        "0xc8, 0x123456,       255,    0xef, 0xf123456,      255",
        "0xc8, 0x123456,       0,      0xe0, 0x123456,       256",
        "0xc8, 0xab12345678,   0x3401, 0xe7, 0x7345678,      1",
        "0xca, 0,              0x100,  0xe0, 0,              256",
        "0x20, 0xffffff,       2,      0xef, 0xfffffff,      2",
        "0x25, 0x12345678,     1,      0xef, 0x12345678,     1",
        "0x25, 0x12345678,     0xff00, 0xe0, 0x12345678,     65280",
        "0x25, 0x1000,         0,      0xe0, 0x1000,         65536",
        "0x35, 0xfffffffe,     2,      0xe0, 0xfffffffe,     2",
        "0x34, 0,              0x1234, 0xe0, 0,              0x1234"})
    void itsRegistersSayWhereAndHowMuch(String command, String given, String count, String device,
            String sector, String sectors) {
        assertThat(disk.begin(fis(Integer.decode(command), Long.decode(given),
                Integer.decode(count), Integer.decode(device)), 0)).isTrue();
        assertThat(disk.sector()).isEqualTo(Long.decode(sector));
        assertThat(disk.bytes()).isEqualTo(512L * Long.decode(sectors));
    }

    @ParameterizedTest(name = "sector {0} count {1}")
    @CsvSource({"0, 1, 1", "0x1234, 0, 65536", "0xffffffff, 1, 1", "0xfffffff0, 16, 16",
        "0x9abcdef0, 0x8000, 32768"})
    void aQueuedCommandHasItsCountInTheFeatures(String sector, String count, int sectors) {
        assertThat(disk.begin(queued(0x60, Long.decode(sector), Integer.decode(count)), 0))
                .isTrue();
        assertThat(disk.sector()).isEqualTo(Long.decode(sector));
        assertThat(disk.bytes()).isEqualTo(512L * sectors);
    }

    @ParameterizedTest(name = "{0} sector {1} count {2}")
    @CsvSource({
        "0x25, 0xffffffff,  1, true", "0x25, 0x100000000, 1, false", "0x25, 0xffffffff,  2, false",
        "0x35, 0xfffffffe,  2, true", "0x35, 0xfffffffe,  3, false", "0x24, 0xffff0000,  0, true",
        "0x24, 0xffff0001,  0, false", "0x60, 0xffffffff,  1, true", "0x60, 0xffffffff,  2, false",
        "0x61, 0xffffffffffff, 1, false", "0x25, 0xffffffffffff, 1, false"})
    void theLastSectorIsTheLast(String command, String sector, int count, boolean taken) {
        int code = Integer.decode(command);
        assertThat(disk.begin(AtaDisk.isQueued(code) ? queued(code, Long.decode(sector), count)
                : fis(code, Long.decode(sector), count, 0xe0), 0)).isEqualTo(taken);
        assertThat(disk.taskFile()).isEqualTo(taken ? 0x50 : 0x441);
    }

    @ParameterizedTest(name = "{0}: {3} of {2} from {1}")
    @CsvSource({
        "0xc8, 0x123456,   8,      3, 0xe0, 0x123459,   5",
        "0xc8, 0xfffffe,   4,      4, 0xe1, 0x000002,   0",
        "0x20, 0xffffff,   1,      1, 0xe1, 0x000000,   0",
        "0x25, 0xfffffe,   0x0104, 4, 0xe0, 0x1000002,  0x0100",
        "0x35, 0xfffffff0, 0x10,   8, 0xe0, 0xfffffff8, 8",
        "0x34, 0x5000,     0x200,  1, 0xe0, 0x5001,     0x1ff"})
    void itsRegistersGoOnWithWhatIsDone(String command, String sector, String count, int done,
            String device, String next, String left) {
        disk.begin(fis(Integer.decode(command), Long.decode(sector), Integer.decode(count),
                0xe0), 0);
        disk.advance(done);
        byte[] fis = new byte[20];
        disk.registers(fis);
        boolean wide = Integer.decode(command) < 0xc0 && Integer.decode(command) != 0x20;
        long there = fis[4] & 0xff | (fis[5] & 0xff) << 8 | (fis[6] & 0xff) << 16
                | (wide ? (fis[8] & 0xffL) << 24 | (fis[9] & 0xffL) << 32 : 0);
        assertThat(there).isEqualTo(Long.decode(next));
        assertThat(fis[12] & 0xff | (fis[13] & 0xff) << 8).isEqualTo(Integer.decode(left));
        assertThat(fis[7] & 0xff).isEqualTo(Integer.decode(device));
    }

    @ParameterizedTest
    @ValueSource(ints = {0xec, 0x60})
    void registersStayAsTheyAreForOthers(int command) {
        disk.begin(command == 0x60 ? queued(command, 5, 8) : fis(command, 5, 8, 0xe0), 0);
        byte[] before = new byte[20];
        disk.registers(before);
        disk.advance(3);
        byte[] after = new byte[20];
        disk.registers(after);
        assertThat(after).isEqualTo(before);
    }

    // ---- resets and errors ----------------------------------------------------------------------

    @Test
    void afterAResetItsRegistersAreASignature() {
        disk.begin(fis(0x25, 0x123456, 8, 0xe0), 0);
        assertThat(disk.signature()).isNotEqualTo(0x101);
        disk.reset();
        assertThat(disk.signature()).isEqualTo(0x0000_0101);
        assertThat(disk.status()).isEqualTo(0x30);
        assertThat(disk.error()).as("diagnostics passed").isEqualTo(1);
        byte[] fis = new byte[20];
        disk.registers(fis);
        assertThat(fis).containsExactly(0, 0, 0, 0, 1, 0, 0, 0xa0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0,
                0, 0);
    }

    @Test
    void anErrorIsGoneWithTheNextCommand() {
        disk.abort();
        assertThat(disk.taskFile()).isEqualTo(0x441);
        disk.begin(fis(0xe7, 0, 0, 0xe0), 0);
        assertThat(disk.taskFile()).isEqualTo(0x50);
        disk.abort();
        disk.accepted();
        assertThat(disk.taskFile()).isEqualTo(0x50);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 12})
    void aCommandMayStandAnywhereInABuffer(int offset) {
        byte[] buffer = new byte[64];
        System.arraycopy(fis(0x25, 0x1234, 7, 0xe0), 0, buffer, offset, 20);
        assertThat(disk.begin(buffer, offset)).isTrue();
        assertThat(disk.sector()).isEqualTo(0x1234);
        assertThat(disk.bytes()).isEqualTo(7 * 512);
    }
}
