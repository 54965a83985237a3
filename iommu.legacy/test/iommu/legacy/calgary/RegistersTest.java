// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.bits.BitField;
import iommu.api.pcie.Access;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every register, mask and entry bit as Linux, pci-calgary_64.c and tce.h, has them. */
class RegistersTest {

    @ParameterizedTest(name = "{0} of PHB {1}")
    @CsvSource({
        "CSR,                0, 0x8110", "CSR,                3, 0xb110",
        "PLSSR,              0, 0x8120", "PLSSR,              1, 0x9120",
        "CONFIG_RW,          0, 0x8160", "CONFIG_RW,          2, 0xa160",
        "MEM_1_LOW,          0, 0x8190", "MEM_1_LOW,          3, 0xb190",
        "MEM_1_HIGH,         0, 0x81a0", "MEM_1_HIGH,         3, 0xb1a0",
        "MEM_1_SIZE,         0, 0x81c0", "MEM_1_SIZE,         3, 0xb1c0",
        "AER,                0, 0x8200", "AER,                1, 0x9200",
        "MEM_2_LOW,          0, 0x82b0", "MEM_2_LOW,          2, 0xa2b0",
        "MEM_2_HIGH,         0, 0x82c0", "MEM_2_HIGH,         2, 0xa2c0",
        "MEM_2_SIZE_HIGH,    0, 0x82d0", "MEM_2_SIZE_HIGH,    2, 0xa2d0",
        "MEM_2_SIZE_LOW,     0, 0x82e0", "MEM_2_SIZE_LOW,     2, 0xa2e0"})
    void aRegisterOfAPhbLiesHere(String name, int phb, String offset)
            throws ReflectiveOperationException {
        int within = CalgaryRegisters.class.getField(name).getInt(null);
        assertThat(CalgaryRegisters.phb(phb, within)).isEqualTo(Integer.decode(offset));
    }

    @ParameterizedTest(name = "PHB {0}")
    @CsvSource({"0, 0x580, 0x4870, 0x4020", "1, 0x588, 0x5870, 0x5020",
        "2, 0x590, 0x6870, 0x6020", "3, 0x598, 0x7870, 0x7020"})
    void theChipHasThreeMoreOfEach(int phb, String tar, String queue, String stuff) {
        assertThat(CalgaryRegisters.tar(phb)).isEqualTo(Integer.decode(tar));
        assertThat(CalgaryRegisters.splitQueue(phb)).isEqualTo(Integer.decode(queue));
        assertThat(CalgaryRegisters.stuff(phb)).isEqualTo(Integer.decode(stuff));
        assertThat(CalgaryRegisters.phb(phb, 0xfff)).isLessThan(CalgaryRegisters.BYTES);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "TCE_ENABLE,   0x20000000",
        "SLOT_DISABLE, 0x1c000000",
        "DAC_DISABLE,  0x01000000",
        "MEM_2_ENABLE, 0x00400000",
        "MCSR_ENABLE,  0x00100000",
        "CSR_AGENT,    0x001f0000",
        "CSR_ERROR,    0x10000000",
        "PLSSR_ERROR,  0x04000000",
        "TAR_SIZE,     0x7",
        "TAR_VALID,    0x8",
        "TAR_BASE,     0x0000ffffffff8000",
        "FIRST_BUS,    0x00ff0000",
        "LAST_BUS,     0x0000ff00"})
    void aMaskIsLinuxs(String name, String mask) throws ReflectiveOperationException {
        var field = (BitField) CalgaryRegisters.class.getField(name).get(null);
        assertThat(field.mask()).isEqualTo(Long.decode(mask));
    }

    /** PHB_SLOT_DISABLE and so on are apart, but for the window bits of the same register. */
    @Test
    void noTwoBitsOfAConfigurationAreOne() {
        long all = 0;
        for (BitField field : new BitField[] {CalgaryRegisters.TCE_ENABLE,
            CalgaryRegisters.SLOT_DISABLE, CalgaryRegisters.DAC_DISABLE,
            CalgaryRegisters.MEM_2_ENABLE, CalgaryRegisters.MCSR_ENABLE}) {
            assertThat(all & field.mask()).isZero();
            all |= field.mask();
        }
        assertThat(CalgaryRegisters.TAR_SOFTWARE).isEqualTo(0x0000_ffff_ffff_800fL);
        assertThat(CalgaryRegisters.CONFIG).isEqualTo(0x108);
        assertThat(CalgaryRegisters.TWO_SECONDS).isEqualTo(0xe);
        assertThat(CalgaryRegisters.QUEUE_IDLE).isEqualTo(0xff);
        assertThat(CalgaryRegisters.PHBS).isEqualTo(4);
    }

    // ---- entries --------------------------------------------------------------------------------

    @ParameterizedTest(name = "{0} with rights {1}")
    @CsvSource({
        "0x0,                1, 0x1",
        "0x0,                2, 0x3",
        "0x0,                3, 0x3",
        "0x1000,             1, 0x1001",
        "0x1fff,             1, 0x1001",
        "0xfffff000,         3, 0xfffff003",
        "0x100000000,        3, 0x100000003",
        "0xfffffffff000,     3, 0xfffffffff003",
        "0x1000000000000,    3, 0x3",
        "0xffffffffffffffff, 1, 0xfffffffff001"})
    void anEntryHasThePageAndTheRights(String address, int access, String entry) {
        assertThat(TranslationEntry.of(Long.parseUnsignedLong(address.substring(2), 16), access))
                .isEqualTo(Long.decode(entry));
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 1", "2, 2", "3, 3", "0xfffffffffffc, 0", "0x1004, 0", "0x1005, 1"})
    void rightsAreTheTwoLowestBits(String entry, int access) {
        assertThat(TranslationEntry.access(Long.decode(entry))).isEqualTo(access);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 0x1234_5678_9abc_def0L, -1, Long.MIN_VALUE})
    void swappingTwiceIsNothing(long word) {
        assertThat(TranslationEntry.swap(TranslationEntry.swap(word))).isEqualTo(word);
        for (int i = 0; i < 8; i++) {
            assertThat(TranslationEntry.swap(word) >>> 8 * i & 0xff)
                    .isEqualTo(word >>> 56 - 8 * i & 0xff);
        }
    }

    @Test
    void accessBitsAreThoseOfTheHouse() {
        assertThat(TranslationEntry.access(TranslationEntry.of(0, Access.READ)))
                .isEqualTo(Access.READ);
        assertThat(TranslationEntry.access(TranslationEntry.of(0, Access.WRITE)))
                .isEqualTo(Access.READ | Access.WRITE);
    }

    // ---- sizes ----------------------------------------------------------------------------------

    @ParameterizedTest(name = "code {0}")
    @CsvSource({
        "0, 8192,    65536",
        "1, 16384,   131072",
        "2, 32768,   262144",
        "3, 65536,   524288",
        "4, 131072,  1048576",
        "5, 262144,  2097152",
        "6, 524288,  4194304",
        "7, 1048576, 8388608"})
    void aSizeCodeIsEntriesAndBytes(int code, int entries, int bytes) {
        assertThat(TableSize.entries(code)).isEqualTo(entries);
        assertThat(TableSize.bytes(code)).isEqualTo(bytes);
    }
}
