// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.bits.BitField;
import iommu.api.bits.Register;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every field of entries, commands, events and registers, row by row.
 *
 * <p>Source: 48882, "Device Table Entry Format", "I/O Page Table Entry Format", "Interrupt
 * Remapping Tables", "Commands", "Event Logging", "MMIO Registers".
 */
class FieldTableTest {

    private static List<Field> fieldsOf(Class<?> layout) {
        return Arrays.stream(layout.getFields()).filter(f -> f.getType() == BitField.class
                && Modifier.isStatic(f.getModifiers())).toList();
    }

    @ParameterizedTest(name = "{0}.{1} {2}:{3}")
    @CsvSource({
        "DeviceTableEntry, V, 0, 0",
        "DeviceTableEntry, TV, 1, 1",
        "DeviceTableEntry, RESERVED_LOW, 6, 2",
        "DeviceTableEntry, HAD, 8, 7",
        "DeviceTableEntry, MODE, 11, 9",
        "DeviceTableEntry, PT_ROOT, 51, 12",
        "DeviceTableEntry, PPR, 52, 52",
        "DeviceTableEntry, GPRP, 53, 53",
        "DeviceTableEntry, GIOV, 54, 54",
        "DeviceTableEntry, GV, 55, 55",
        "DeviceTableEntry, GLX, 57, 56",
        "DeviceTableEntry, GCR3_14_12, 60, 58",
        "DeviceTableEntry, IR, 61, 61",
        "DeviceTableEntry, IW, 62, 62",
        "DeviceTableEntry, RESERVED_63, 63, 63",
        "DeviceTableEntry, DOMAIN_ID, 79, 64",
        "DeviceTableEntry, GCR3_30_15, 95, 80",
        "DeviceTableEntry, I, 96, 96",
        "DeviceTableEntry, SE, 97, 97",
        "DeviceTableEntry, SA, 98, 98",
        "DeviceTableEntry, IO_CTL, 100, 99",
        "DeviceTableEntry, CACHE, 101, 101",
        "DeviceTableEntry, SD, 102, 102",
        "DeviceTableEntry, EX, 103, 103",
        "DeviceTableEntry, SYS_MGT, 105, 104",
        "DeviceTableEntry, GCR3_51_31, 127, 107",
        "DeviceTableEntry, IV, 128, 128",
        "DeviceTableEntry, INT_TAB_LEN, 132, 129",
        "DeviceTableEntry, IG, 133, 133",
        "DeviceTableEntry, INT_ROOT, 179, 134",
        "DeviceTableEntry, RESERVED_INTERRUPTS, 181, 180",
        "DeviceTableEntry, INIT_PASS, 184, 184",
        "DeviceTableEntry, E_INT_PASS, 185, 185",
        "DeviceTableEntry, NMI_PASS, 186, 186",
        "DeviceTableEntry, INT_CTL, 189, 188",
        "DeviceTableEntry, LINT0_PASS, 190, 190",
        "DeviceTableEntry, LINT1_PASS, 191, 191",
        "DeviceTableEntry, ATTR_V, 246, 246",
        "DeviceTableEntry, MODE0_FC, 247, 247",
        "DeviceTableEntry, SNOOP_ATTRIBUTE, 255, 248",
        "PageTableEntry, PR, 0, 0",
        "PageTableEntry, A, 5, 5",
        "PageTableEntry, D, 6, 6",
        "PageTableEntry, NEXT_LEVEL, 11, 9",
        "PageTableEntry, ADDRESS, 51, 12",
        "PageTableEntry, U, 59, 59",
        "PageTableEntry, FC, 60, 60",
        "PageTableEntry, IR, 61, 61",
        "PageTableEntry, IW, 62, 62",
        "InterruptEntry, REMAP_EN, 0, 0",
        "InterruptEntry, SUP_IO_PF, 1, 1",
        "InterruptEntry, INT_TYPE, 4, 2",
        "InterruptEntry, RQ_EOI, 5, 5",
        "InterruptEntry, DM, 6, 6",
        "InterruptEntry, GUEST_MODE, 7, 7",
        "InterruptEntry, DESTINATION, 15, 8",
        "InterruptEntry, VECTOR, 23, 16",
        "InterruptEntry, MESSAGE_INDEX, 10, 0",
        "WideInterruptEntry, DESTINATION_LOW, 31, 8",
        "WideInterruptEntry, VECTOR, 71, 64",
        "WideInterruptEntry, GUEST_ROOT, 115, 76",
        "WideInterruptEntry, DESTINATION_HIGH, 127, 120",
        "Command, OPCODE, 63, 60",
        "Command, S, 0, 0",
        "Command, I, 1, 1",
        "Command, F, 2, 2",
        "Command, STORE_ADDRESS, 51, 3",
        "Command, DEVICE_ID, 15, 0",
        "Command, DOMAIN_ID, 47, 32",
        "Command, SIZE, 64, 64",
        "Command, PDE, 65, 65",
        "Command, GN, 66, 66",
        "Command, ADDRESS, 127, 76",
        "Event, DEVICE_ID, 15, 0",
        "Event, DOMAIN_ID, 47, 32",
        "Event, FLAGS, 59, 48",
        "Event, CODE, 63, 60",
        "Control, IOMMU_EN, 0, 0",
        "Control, HT_TUN_EN, 1, 1",
        "Control, EVENT_LOG_EN, 2, 2",
        "Control, EVENT_INT_EN, 3, 3",
        "Control, COM_WAIT_INT_EN, 4, 4",
        "Control, INV_TIME_OUT, 7, 5",
        "Control, PASS_PW, 8, 8",
        "Control, RES_PASS_PW, 9, 9",
        "Control, COHERENT, 10, 10",
        "Control, ISOC, 11, 11",
        "Control, CMD_BUF_EN, 12, 12",
        "Control, PPR_LOG_EN, 13, 13",
        "Control, PPR_INT_EN, 14, 14",
        "Control, PPR_EN, 15, 15",
        "Control, GT_EN, 16, 16",
        "Control, GA_EN, 17, 17",
        "Control, GA_LOG_EN, 28, 28",
        "Control, GA_INT_EN, 29, 29",
        "Control, NUM_INT_REMAP_MODE, 44, 43",
        "Control, XT_EN, 50, 50",
        "Control, INT_CAP_XT_EN, 51, 51",
        "Control, IRT_CACHE_DIS, 59, 59",
        "Status, EVENT_OVERFLOW, 0, 0",
        "Status, EVENT_LOG_INT, 1, 1",
        "Status, COM_WAIT_INT, 2, 2",
        "Status, EVENT_LOG_RUN, 3, 3",
        "Status, CMD_BUF_RUN, 4, 4",
        "Status, PPR_OVERFLOW, 5, 5",
        "Status, PPR_INT, 6, 6",
        "Status, PPR_LOG_RUN, 7, 7",
        "Status, GA_LOG_RUN, 8, 8",
        "Status, GA_LOG_OVERFLOW, 9, 9",
        "Status, GA_LOG_INT, 10, 10",
        "ExtendedFeature, PREF_SUP, 0, 0",
        "ExtendedFeature, PPR_SUP, 1, 1",
        "ExtendedFeature, XT_SUP, 2, 2",
        "ExtendedFeature, NX_SUP, 3, 3",
        "ExtendedFeature, GT_SUP, 4, 4",
        "ExtendedFeature, IA_SUP, 6, 6",
        "ExtendedFeature, GA_SUP, 7, 7",
        "ExtendedFeature, HE_SUP, 8, 8",
        "ExtendedFeature, PC_SUP, 9, 9",
        "ExtendedFeature, HATS, 11, 10",
        "ExtendedFeature, SNP_SUP, 63, 63",
        "AmdViRegisters, BASE, 51, 12",
        "AmdViRegisters, DEV_TAB_SIZE, 8, 0",
        "AmdViRegisters, LENGTH, 59, 56",
        "AmdViRegisters, OFFSET, 18, 4",
        "AmdViRegisters, EX_EN, 0, 0",
        "AmdViRegisters, ALLOW, 1, 1"})
    void aFieldLiesWhereTheManualPrintsIt(String layout, String name, int hi, int lo)
            throws ReflectiveOperationException {
        var field = (BitField) Class.forName("iommu.amdvi." + layout).getField(name).get(null);
        assertThat(field).isEqualTo(new BitField(hi, lo));
    }

    /** So many fields has each layout: one that is new needs a row above. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "DeviceTableEntry, 40",
        "PageTableEntry, 9",
        "InterruptEntry, 9",
        "WideInterruptEntry, 4",
        "Command, 11",
        "Event, 4",
        "Control, 22",
        "Status, 11",
        "ExtendedFeature, 11",
        "AmdViRegisters, 6"})
    void everyFieldHasARow(String layout, int fields) throws ReflectiveOperationException {
        assertThat(fieldsOf(Class.forName("iommu.amdvi." + layout))).hasSize(fields);
    }

    @ParameterizedTest
    @ValueSource(classes = {DeviceTableEntry.class, PageTableEntry.class, Control.class,
        Status.class, ExtendedFeature.class, WideInterruptEntry.class, Event.class})
    void noTwoFieldsOverlap(Class<?> layout) throws ReflectiveOperationException {
        var seen = new ArrayList<BitField>();
        for (Field f : fieldsOf(layout)) {
            var field = (BitField) f.get(null);
            assertThat(seen).as(f.getName())
                    .noneMatch(s -> field.lo() <= s.hi() && s.lo() <= field.hi());
            seen.add(field);
        }
    }

    // ---- registers ------------------------------------------------------------------------------

    /** Offset, value after reset, RW and RW1C bits; all are of 64 bits. */
    @ParameterizedTest(name = "{0} at {1}")
    @CsvSource({
        "DEV_TAB,               0x0000, 0,                  0x000ffffffffff1ff, 0",
        "CMD_BUF,               0x0008, 0x0800000000000000, 0x0f0ffffffffff000, 0",
        "EVENT_LOG,             0x0010, 0x0800000000000000, 0x0f0ffffffffff000, 0",
        "CONTROL,               0x0018, 0,                  0xffffffff3fffffff, 0",
        "EXCLUSION_BASE,        0x0020, 0,                  0x000ffffffffff003, 0",
        "EXCLUSION_LIMIT,       0x0028, 0,                  0x000ffffffffff000, 0",
        "EXTENDED_FEATURE,      0x0030, 0,                  0,                  0",
        "PPR_LOG,               0x0038, 0x0800000000000000, 0x0f0ffffffffff000, 0",
        "HARDWARE_EVENT_UPPER,  0x0040, 0,                  0xffffffffffffffff, 0",
        "HARDWARE_EVENT_LOWER,  0x0048, 0,                  0xffffffffffffffff, 0",
        "HARDWARE_EVENT_STATUS, 0x0050, 0,                  0,                  3",
        "GA_LOG,                0x00e0, 0x0800000000000000, 0x0f0ffffffffff000, 0",
        "GA_LOG_TAIL_ADDRESS,   0x00e8, 0,                  0x000ffffffffffff8, 0",
        "XT_INTERRUPT,          0x0170, 0,                  0xffffffffffffffff, 0",
        "XT_PPR_INTERRUPT,      0x0178, 0,                  0xffffffffffffffff, 0",
        "XT_GA_INTERRUPT,       0x0180, 0,                  0xffffffffffffffff, 0",
        "EXTENDED_FEATURE2,     0x01a0, 0,                  0,                  0",
        "CMD_HEAD,              0x2000, 0,                  0x7fff0,            0",
        "CMD_TAIL,              0x2008, 0,                  0x7fff0,            0",
        "EVENT_HEAD,            0x2010, 0,                  0x7fff0,            0",
        "EVENT_TAIL,            0x2018, 0,                  0x7fff0,            0",
        "STATUS,                0x2020, 0,                  0,                  0x667",
        "PPR_HEAD,              0x2030, 0,                  0x7fff0,            0",
        "PPR_TAIL,              0x2038, 0,                  0x7fff0,            0",
        "GA_HEAD,               0x2040, 0,                  0xfff8,             0",
        "GA_TAIL,               0x2048, 0,                  0xfff8,             0"})
    void aRegisterIsAsTheManualHasIt(String name, String offset, String reset, String writable,
            String clear) throws ReflectiveOperationException {
        var register = (Register) AmdViRegisters.class.getField(name).get(null);
        assertThat(register.offset()).isEqualTo(Integer.decode(offset));
        assertThat(register.bytes()).isEqualTo(8);
        assertThat(register.reset()).isEqualTo(Long.decode(reset));
        assertThat(register.writable()).isEqualTo(number(writable));
        assertThat(register.writeOneToClear()).isEqualTo(Long.decode(clear));
        assertThat(register.readsAsZero()).isZero();
    }

    private static long number(String text) {
        return text.startsWith("0x") ? Long.parseUnsignedLong(text.substring(2), 16)
                : Long.parseLong(text);
    }

    @Test
    void everyRegisterHasARow() {
        assertThat(Arrays.stream(AmdViRegisters.class.getFields())
                .filter(f -> f.getType() == Register.class)).hasSize(26);
    }

    // ---- numbers --------------------------------------------------------------------------------

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "COMPLETION_WAIT,            1",
        "INVALIDATE_DEVTAB_ENTRY,    2",
        "INVALIDATE_IOMMU_PAGES,     3",
        "INVALIDATE_IOTLB_PAGES,     4",
        "INVALIDATE_INTERRUPT_TABLE, 5",
        "PREFETCH_IOMMU_PAGES,       6",
        "COMPLETE_PPR_REQUEST,       7",
        "INVALIDATE_IOMMU_ALL,       8"})
    void aCommandHasItsOpcode(String name, int opcode) throws ReflectiveOperationException {
        assertThat(Command.class.getField(name).getInt(null)).isEqualTo(opcode);
    }

    @ParameterizedTest(name = "{1}")
    @CsvSource({
        "1,   ILLEGAL_DEV_TABLE_ENTRY",
        "2,   IO_PAGE_FAULT",
        "3,   DEV_TAB_HARDWARE_ERROR",
        "4,   PAGE_TAB_HARDWARE_ERROR",
        "5,   ILLEGAL_COMMAND_ERROR",
        "6,   COMMAND_HARDWARE_ERROR",
        "7,   IOTLB_INV_TIMEOUT",
        "8,   INVALID_DEVICE_REQUEST",
        "9,   INVALID_PPR_REQUEST",
        "0xd, RMP_FAULT",
        "0xe, RMP_HARDWARE_ERROR"})
    void anEventHasItsCode(String number, EventCode code) {
        assertThat(code.number()).isEqualTo(Integer.decode(number));
        assertThat(EventCode.of(Integer.decode(number))).isSameAs(code);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 10, 11, 12, 15, 16, 0x102})
    void otherCodesAreNoEvents(int number) {
        assertThat(EventCode.of(number)).isNull();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "INTERRUPT,    0x008",
        "PRESENT,      0x010",
        "WRITE,        0x020",
        "PERMISSION,   0x040",
        "RESERVED,     0x080",
        "MASTER_ABORT, 0x200"})
    void aFlagOfAnEventIsABit(String name, String mask) throws ReflectiveOperationException {
        assertThat(Event.class.getField(name).getInt(null)).isEqualTo(Integer.decode(mask));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "0,     ''",
        "0x1,   PreF",
        "0x2,   PPR",
        "0x4,   X2APIC",
        "0x8,   NX",
        "0x10,  GT",
        "0x20,  ''",
        "0x40,  IA",
        "0x80,  GA",
        "0x100, HE",
        "0x200, PC",
        "0xc00, ''",
        "0xfff, 'PreF, PPR, X2APIC, NX, GT, IA, GA, HE, PC'"})
    void aFeatureHasAShortName(String feature, String names) {
        assertThat(String.join(", ", ExtendedFeature.names(Long.decode(feature))))
                .isEqualTo(names);
    }

    @ParameterizedTest(name = "HATS {0}")
    @CsvSource({"0, 4", "1, 5", "2, 6", "3, 6"})
    void tablesHaveUpToSixLevels(long hats, int levels) {
        assertThat(ExtendedFeature.levels(ExtendedFeature.HATS.with(-1L, hats))).isEqualTo(levels);
    }
}
