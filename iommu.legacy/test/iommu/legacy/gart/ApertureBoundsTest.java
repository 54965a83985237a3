// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.gart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.bits.BitField;
import iommu.api.pcie.Access;
import iommu.api.unit.Translation;
import iommu.testkit.seeds.Seeds;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bits of the registers as Linux, gart.h, has them; where the aperture begins and ends. */
class ApertureBoundsTest {

    private static final long TABLE = 0x10_0000;

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "GARTEN,        0x1",
        "ORDER,         0xe",
        "DISGARTCPU,    0x10",
        "DISGARTIO,     0x20",
        "DISTLBWALKPRB, 0x40",
        "APERTURE,      0x7fff",
        "TABLE_ADDRESS, 0xfffffff0",
        "INVGART,       0x1",
        "GARTPTEERR,    0x2"})
    void aMaskIsLinuxs(String name, String mask) throws ReflectiveOperationException {
        var field = (BitField) GartRegisters.class.getField(name).get(null);
        assertThat(field.mask()).isEqualTo((long) Long.decode(mask));
    }

    @ParameterizedTest(name = "order {0}")
    @CsvSource({"0, 32", "1, 64", "2, 128", "3, 256", "4, 512", "5, 1024", "6, 2048", "7, 4096"})
    void anOrderDoublesTheAperture(int order, long megabytes) {
        assertThat(GartRegisters.apertureBytes(GartRegisters.ORDER.with(0, order)))
                .isEqualTo(megabytes << 20);
        assertThat(GartRegisters.apertureBytes(0xfffffff1L | order << 1))
                .as("other bits do not count").isEqualTo(megabytes << 20);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 0x2000000", "0x64, 0xc8000000", "0x7fff, 0xfffe000000",
        "0xffff8064, 0xc8000000"})
    void aBaseIsInUnitsOf32Mib(String base, String start) {
        assertThat(GartRegisters.apertureStart(Long.decode(base))).isEqualTo(Long.decode(start));
        assertThat(GartRegisters.baseOf(Long.decode(start))).isEqualTo(Long.decode(base) & 0x7fff);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "0x10, 0x1000", "0xfffffff0, 0xfffffff000", "0x1234567f, 0x1234567000"})
    void aTableIsInUnitsOfPages(String table, String address) {
        assertThat(GartRegisters.tableAddress(Long.decode(table)))
                .isEqualTo(Long.decode(address));
        assertThat(GartRegisters.tableOf(Long.decode(address)))
                .isEqualTo(Long.decode(table) & ~0xfL);
    }

    @ParameterizedTest
    @CsvSource({"0x10000000000, 0", "0x10000001000, 0x1000", "0xffffffffff, 0xfffffff000",
        "0x1ffffffffff, 0xfffffff000"})
    void noEntryLeadsAbove1Tib(String address, String page) {
        assertThat(GattEntry.page(GattEntry.of(Long.decode(address))))
                .isEqualTo(Long.decode(page));
    }

    @Seeds(count = 10)
    void everyPageBelow1TibComesBackFromItsEntry(long seed) {
        var random = new Random(seed);
        for (int i = 0; i < 200; i++) {
            long page = (random.nextLong() & (1L << 40) - 1) & -4096;
            long entry = GattEntry.of(page);
            assertThat(GattEntry.page(entry)).isEqualTo(page);
            assertThat(entry >>> 32).as("32 bits").isZero();
            assertThat(GattEntry.VALID.isSet(entry) && GattEntry.COHERENT.isSet(entry)).isTrue();
            assertThat(entry & 0xc).isZero();
        }
    }

    // ---- requests -------------------------------------------------------------------------------

    private static Northbridge machine(int control) {
        var machine = new Northbridge(Map.of(GartRegisters.CONTROL, control, GartRegisters.BASE,
                0x64, GartRegisters.TABLE, (int) GartRegisters.tableOf(TABLE)), Map.of());
        machine.entries(TABLE, 0, GattEntry.of(0x1000), GattEntry.of(0x2000));
        machine.entries(TABLE, 0x1ffe, GattEntry.of(0x3000), GattEntry.of(0x4000));
        machine.entries(TABLE, 0x3ffe, GattEntry.of(0x5000), GattEntry.of(0x6000));
        return machine;
    }

    private static String outcome(Northbridge machine, String address) {
        long answer = machine.unit.translate(0x30, Long.parseUnsignedLong(address.substring(2), 16),
                Access.READ);
        return Translation.isBlocked(answer) ? machine.unit.fault(Translation.reason(answer)).key()
                : Translation.isUntranslated(answer) ? "untranslated"
                : Long.toHexString(Translation.address(answer));
    }

    /** Control 1: 32 MiB, on; 3: 64 MiB, on; 2: off; 33: on, but not for devices. */
    @ParameterizedTest(name = "control {0}, address {1}")
    @CsvSource({
        "1,    0xc7ffffff,  c7ffffff",
        "1,    0xc8000000,  1000",
        "1,    0xc8000fff,  1fff",
        "1,    0xc8001234,  2234",
        "1,    0xc8002000,  gart:NOT_VALID",
        "1,    0xc9ffe000,  3000",
        "1,    0xc9ffffff,  4fff",
        "1,    0xca000000,  ca000000",
        "3,    0xca000000,  gart:NOT_VALID",
        "3,    0xcbffffff,  6fff",
        "3,    0xcc000000,  cc000000",
        "2,    0xc7ffffff,  c7ffffff",
        "2,    0xc8000000,  untranslated",
        "2,    0xcbffffff,  untranslated",
        "2,    0xcc000000,  cc000000",
        "0x21, 0xc8000000,  untranslated",
        "0x21, 0xc7ffffff,  c7ffffff",
        "0x11, 0xc8000000,  1000",
        "0x41, 0xc8000000,  1000",
        "1,    0x0,         0",
        "1,    0x1c8000000, 1c8000000",
        "1,    0xfffffffffffff,  fffffffffffff",
        "1,    0x10000000000000, untranslated",
        "1,    0xffffffffffffffff, untranslated"})
    void onlyAddressesOfTheApertureAreTranslated(String control, String address, String outcome) {
        assertThat(outcome(machine(Integer.decode(control)), address)).isEqualTo(outcome);
    }

    @ParameterizedTest
    @CsvSource({"0xfffffff0, gart:NO_MEMORY", "0x0, gart:NOT_VALID"})
    void theTableMayLieNowhereOrBeEmpty(String table, String outcome) {
        var machine = new Northbridge(Map.of(GartRegisters.CONTROL, 1, GartRegisters.BASE, 0x64,
                GartRegisters.TABLE, Long.decode(table).intValue()), Map.of());
        assertThat(outcome(machine, "0xc8000000")).isEqualTo(outcome);
        assertThat(machine.told).containsExactly(outcome);
        assertThat(machine.unit.readRegister(GartRegisters.CACHE, 4)).as("GARTPTEERR")
                .isEqualTo(2);
    }

    // ---- the cache and its register -------------------------------------------------------------

    @Test
    void anEntryStaysCachedUntilItIsDropped() {
        Northbridge machine = machine(1);
        assertThat(outcome(machine, "0xc8000000")).isEqualTo("1000");
        machine.entries(TABLE, 0, GattEntry.of(0x7000), 0);
        assertThat(outcome(machine, "0xc8000000")).isEqualTo("1000");
        assertThat(outcome(machine, "0xc8001000")).as("never asked for").isEqualTo(
                "gart:NOT_VALID");
        machine.set(GartRegisters.CACHE, 1);
        assertThat(outcome(machine, "0xc8000000")).isEqualTo("7000");
        assertThat(machine.told).contains("GART TLB");
    }

    @Test
    void whatIsNotValidIsNotCached() {
        Northbridge machine = machine(1);
        assertThat(outcome(machine, "0xc8002000")).isEqualTo("gart:NOT_VALID");
        machine.entries(TABLE, 2, GattEntry.of(0x9000), 0);
        assertThat(outcome(machine, "0xc8002000")).isEqualTo("9000");
    }

    /** Written value; whether the error bit is set afterwards, it having been so before. */
    @ParameterizedTest
    @CsvSource({"0, 2", "1, 2", "2, 0", "3, 0", "0xfffffffc, 2", "0xffffffff, 0"})
    void theErrorIsClearedByAOneAlone(String written, long after) {
        Northbridge machine = machine(1);
        outcome(machine, "0xc8002000");
        machine.set(GartRegisters.CACHE, Long.decode(written));
        assertThat(machine.unit.readRegister(GartRegisters.CACHE, 4)).isEqualTo(after);
    }

    @ParameterizedTest
    @CsvSource({"0x90, 0x7f", "0x94, 0xffffffff", "0x98, 0xfffffff0", "0xfc, 0x12345678"})
    void otherRegistersHoldWhatIsWritten(String register, String value) {
        Northbridge machine = machine(0);
        machine.set(Integer.decode(register), Long.decode(value));
        assertThat(machine.unit.readRegister(Integer.decode(register), 4))
                .isEqualTo((long) Long.decode(value));
    }

    @ParameterizedTest
    @CsvSource({"0x100, 4", "-4, 4", "0x91, 4", "0x90, 8", "0x90, 2", "0x90, 1"})
    void noOtherAccessIsOne(String offset, int bytes) {
        Northbridge machine = machine(0);
        int at = Integer.decode(offset);
        assertThatThrownBy(() -> machine.unit.readRegister(at, bytes))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("a register access of " + bytes + " bytes");
        assertThatThrownBy(() -> machine.unit.writeRegister(at, bytes, 0))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void switchingOnAndOffIsTold() {
        Northbridge machine = machine(0);
        machine.set(GartRegisters.CONTROL, 1);
        machine.set(GartRegisters.CONTROL, 3);
        machine.set(GartRegisters.CONTROL, 2);
        machine.set(GartRegisters.CONTROL, 0);
        assertThat(machine.told).containsExactly("on", "off");
    }

    // ---- settings -------------------------------------------------------------------------------

    @ParameterizedTest(name = "{0} = {1}")
    @CsvSource({"tlbEntries, 1", "tlbEntries, 65536", "blockedReadAborts, 0",
        "blockedReadAborts, 1", "blockedWriteReport, 0", "blockedWriteReport, 2"})
    void aSettingIsWithinItsRange(String name, long value) {
        var machine = new Northbridge(Map.of(), Map.of(name, value));
        assertThat(machine.unit.translating()).isFalse();
    }

    @ParameterizedTest(name = "{0} = {1}")
    @CsvSource({
        "tlbEntries,         0,     1 to 65536",
        "tlbEntries,         65537, 1 to 65536",
        "blockedReadAborts,  -1,    0 to 2",
        "blockedReadAborts,  3,     0 to 2",
        "blockedWriteReport, -1,    0 to 2",
        "blockedWriteReport, 3,     0 to 2"})
    void aSettingBeyondItIsRefused(String name, long value, String range) {
        assertThatThrownBy(() -> new Northbridge(Map.of(), Map.of(name, value)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(name + " = " + value + ", not " + range);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tlb", "TlbEntries", "entries"})
    void unknownSettingsAreRefused(String name) {
        assertThatThrownBy(() -> new Northbridge(Map.of(), Map.of(name, 1L)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("unknown setting '" + name + "' of a gart unit; known: ");
    }
}
