// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Command;
import iommu.amdvi.Control;
import iommu.amdvi.DeviceTableEntry;
import iommu.amdvi.Event;
import iommu.api.pcie.Message;
import iommu.api.unit.Interrupt;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Interrupt messages through the table that the device table entry gives. */
class InterruptTest {

    private static final int INDEX = 4;
    private static final long MESSAGE = 0xfee0_0000L;

    /** With X2APIC. */
    private final Fixture fixture = Fixture.off(Fixture.FEATURES | 4, Map.of());
    private long table;

    @BeforeEach
    void interruptTable() {
        fixture.control(Fixture.RUNNING);
        table = fixture.page();
        fixture.entry(Fixture.DEVICE, 5, 0, 0, Fixture.RW);
        describe(DeviceTableEntry.INT_REMAP, 9);
    }

    private void describe(int control, int length) {
        long q2 = DeviceTableEntry.IV.mask() | table;
        q2 = DeviceTableEntry.INT_TAB_LEN.with(q2, length);
        fixture.memory.write64(fixture.entryOf(Fixture.DEVICE) + 16,
                DeviceTableEntry.INT_CTL.with(q2, control));
        fixture.invalidateEntry(Fixture.DEVICE);
    }

    private long remap(int index) {
        return fixture.unit.interrupt(Fixture.DEVICE, MESSAGE, 0x1800 | index);
    }

    @Test
    void theFirstMessageLeadsToTheFirstEntryThatDeliversToTheHost() {
        assertThat(fixture.unit.firstMessage(Fixture.DEVICE)).isNull();
        fixture.memory.write32(table + 4, 0x0041_0340);          // RemapEn clear
        fixture.memory.write32(table + 8, 0x0042_0381 | 1);      // a guest's
        fixture.memory.write32(table + 12, 0x0043_0301);

        Message message = fixture.unit.firstMessage(Fixture.DEVICE);

        assertThat(message).isEqualTo(new Message(MESSAGE, 3));
        assertThat(Interrupt.vector(fixture.unit.interrupt(Fixture.DEVICE, message.address(),
                message.data()))).isEqualTo(0x43);
        describe(DeviceTableEntry.INT_FORWARD, 9);
        assertThat(fixture.unit.firstMessage(Fixture.DEVICE)).isNull();
    }

    @Test
    void aShortEntryGivesVectorAndDestination() {
        fixture.memory.write32(table + INDEX * 4, 0x0041_0345 | 1);
        long m = remap(INDEX);
        assertThat(Interrupt.vector(m)).isEqualTo(0x41);
        assertThat(Interrupt.destination(m)).isEqualTo(3);
        assertThat(Interrupt.deliveryMode(m)).isEqualTo(1);
        assertThat(Interrupt.isLogical(m)).isTrue();
        assertThat(Interrupt.isUnchanged(m)).isFalse();
    }

    /** Kernels set interrupt tables before entries are valid: timers work then, so IV counts. */
    @Test
    void anEntryThatIsNotValidForDmaRemapsAllTheSame() {
        fixture.memory.write64(fixture.entryOf(Fixture.DEVICE), 0);
        fixture.invalidateEntry(Fixture.DEVICE);
        fixture.memory.write32(table + INDEX * 4, 0x0041_0301);
        assertThat(Interrupt.vector(remap(INDEX))).isEqualTo(0x41);
        assertThat(Interrupt.isBlocked(remap(INDEX + 1))).isTrue();
        fixture.memory.write64(fixture.entryOf(Fixture.DEVICE) + 16, 0);
        fixture.invalidateEntry(Fixture.DEVICE);
        assertThat(Interrupt.isUnchanged(remap(INDEX))).isTrue();
    }

    /** The values of the recorded hand-over: entry at offset 0x40 is lo 0x141, hi 0x24. */
    @Test
    void aWideEntryIsReadAsRecorded() {
        fixture.control(Fixture.RUNNING | Control.GA_EN.mask());
        fixture.memory.write64(table + INDEX * 16, 0x141);
        fixture.memory.write64(table + INDEX * 16 + 8, 0x24);
        long m = remap(INDEX);
        assertThat(Interrupt.vector(m)).isEqualTo(0x24);
        assertThat(Interrupt.destination(m)).isEqualTo(1);
        assertThat(Interrupt.isLogical(m)).isTrue();
        fixture.control(Fixture.RUNNING | Control.GA_EN.mask() | Control.XT_EN.mask());
        fixture.memory.write64(table + 16, 0x1234_5601);
        fixture.memory.write64(table + 24, 0xab00_0000_0000_0077L);
        assertThat(Interrupt.destination(remap(1))).isEqualTo(0xab12_3456L);
    }

    @Test
    void entriesStayUntilTheInterruptTableIsInvalidated() {
        fixture.memory.write32(table + INDEX * 4, 0x0041_0001);
        remap(INDEX);
        fixture.memory.write32(table + INDEX * 4, 0x0042_0001);
        fixture.invalidateEntry(Fixture.DEVICE);
        fixture.invalidateDomain(5);
        assertThat(Interrupt.vector(remap(INDEX))).isEqualTo(0x41);
        fixture.command(Fixture.opcode(Command.INVALIDATE_INTERRUPT_TABLE, Fixture.DEVICE), 0);
        assertThat(Interrupt.vector(remap(INDEX))).isEqualTo(0x42);
    }

    @Test
    void entriesMayBeKeptOutOfTheCache() {
        fixture.control(Fixture.RUNNING | Control.IRT_CACHE_DIS.mask());
        fixture.memory.write32(table + INDEX * 4, 0x0041_0001);
        remap(INDEX);
        fixture.memory.write32(table + INDEX * 4, 0x0042_0001);
        assertThat(Interrupt.vector(remap(INDEX))).isEqualTo(0x42);
    }

    @Test
    void anEntryThatIsNotValidOrBeyondTheTableFaultsWithFlagI() {
        assertThat(remap(INDEX)).isNegative();
        assertThat(Event.FLAGS.of(fixture.eventLow(0))).isEqualTo(Event.INTERRUPT);
        describe(DeviceTableEntry.INT_REMAP, 2);
        assertThat(remap(INDEX)).isNegative();
        assertThat(fixture.blocked).hasSize(2)
                .allSatisfy(f -> assertThat(f.key()).isEqualTo("amdvi:IO_PAGE_FAULT"));
    }

    @Test
    void messagesMayBeAbortedOrForwarded() {
        describe(DeviceTableEntry.INT_ABORT, 0);
        assertThat(remap(0)).isNegative();
        describe(DeviceTableEntry.INT_FORWARD, 0);
        assertThat(Interrupt.isUnchanged(remap(0))).isTrue();
        fixture.memory.write64(fixture.entryOf(Fixture.DEVICE) + 16, 0);
        fixture.invalidateEntry(Fixture.DEVICE);
        assertThat(Interrupt.isUnchanged(remap(0))).as("IV = 0").isTrue();
        fixture.memory.write64(fixture.entryOf(Fixture.DEVICE), 0);
        fixture.invalidateEntry(Fixture.DEVICE);
        assertThat(Interrupt.isUnchanged(remap(0))).as("V = 0").isTrue();
        fixture.control(0);
        assertThat(Interrupt.isUnchanged(remap(0))).as("off").isTrue();
    }

    @Test
    void aTableOutsideMemoryIsAHardwareError() {
        table = Fixture.OUTSIDE;
        describe(DeviceTableEntry.INT_REMAP, 9);
        assertThat(Interrupt.reason(remap(INDEX))).isEqualTo(4);
        assertThat(fixture.eventHigh(0)).isEqualTo(Fixture.OUTSIDE + INDEX * 4);
    }

    @Test
    void aLevelEntryIsLevel() {
        fixture.memory.write32(table + INDEX * 4, 0x0041_0021);
        assertThat(Interrupt.isLevel(remap(INDEX))).isTrue();
        assertThat(Interrupt.isLogical(remap(INDEX))).isFalse();
    }

    /** Delivery mode of the message, the bit that lets it pass, and whether it needs one. */
    @ParameterizedTest
    @CsvSource({"SMI, 2, -1", "NMI, 4, 186", "INIT, 5, 184", "ExtInt, 7, 185"})
    void otherMessagesPassByABitOfTheirOwn(String what, int mode, int bit) {
        int data = mode << 8 | INDEX;
        boolean passes = bit < 0;
        assertThat(Interrupt.isUnchanged(fixture.unit.interrupt(Fixture.DEVICE, MESSAGE, data)))
                .isEqualTo(passes);
        if (!passes) {
            assertThat(fixture.eventLow(0)).isEqualTo(0x2008_0005_0000_0028L);
            long at = fixture.entryOf(Fixture.DEVICE) + 16;
            fixture.memory.write64(at, fixture.memory.read64(at) | 1L << bit);
            fixture.invalidateEntry(Fixture.DEVICE);
            assertThat(Interrupt.isUnchanged(fixture.unit.interrupt(Fixture.DEVICE, MESSAGE, data)))
                    .isTrue();
        }
    }

    /** Delivery mode of a message; such ones have physical destinations only. */
    @ParameterizedTest
    @ValueSource(ints = {2, 4, 5, 7})
    void otherMessagesDoNotPassWithALogicalDestination(int mode) {
        long at = fixture.entryOf(Fixture.DEVICE) + 16;
        fixture.memory.write64(at, fixture.memory.read64(at) | 7L << 56);
        fixture.invalidateEntry(Fixture.DEVICE);
        assertThat(Interrupt.isUnchanged(fixture.unit.interrupt(Fixture.DEVICE, MESSAGE,
                mode << 8))).isTrue();
        assertThat(Interrupt.isBlocked(fixture.unit.interrupt(Fixture.DEVICE, MESSAGE | 4,
                mode << 8))).isTrue();
        assertThat(fixture.eventLow(0)).isEqualTo(0x2008_0005_0000_0028L);
    }

    @ParameterizedTest
    @ValueSource(ints = {52, 53})
    void aReservedBitOfTheHalfOfInterruptsCountsForMessagesAlone(int bit) {
        long at = fixture.entryOf(Fixture.DEVICE) + 16;
        fixture.memory.write32(table + INDEX * 4, 0x0041_0001);
        fixture.memory.write64(at, fixture.memory.read64(at) | 1L << bit);
        fixture.invalidateEntry(Fixture.DEVICE);
        fixture.read(0x5000);
        assertThat(fixture.blocked).as("requests").isEmpty();
        assertThat(Interrupt.isBlocked(remap(INDEX))).isTrue();
        assertThat(fixture.eventLow(0)).isEqualTo(0x1088_0000_0000_0028L);
        fixture.memory.write64(at, 1L << bit);
        fixture.invalidateEntry(Fixture.DEVICE);
        assertThat(Interrupt.isUnchanged(remap(INDEX))).as("IV = 0").isTrue();
    }

    @Test
    void reservedDeliveryModesAreBlocked() {
        assertThat(Interrupt.reason(fixture.unit.interrupt(Fixture.DEVICE, MESSAGE, 0x300)))
                .isEqualTo(2);
        assertThat(Interrupt.reason(fixture.unit.interrupt(Fixture.DEVICE, MESSAGE, 0x600)))
                .isEqualTo(2);
    }

    @Test
    void with2048InterruptsTheIndexTakesTheDeliveryMode() {
        table = fixture.page();
        describe(DeviceTableEntry.INT_REMAP, 11);
        fixture.control(Fixture.RUNNING | 1L << 43);
        fixture.memory.write32(table + 0x3ff * 4, 0x0055_0001);
        assertThat(Interrupt.vector(fixture.unit.interrupt(Fixture.DEVICE, MESSAGE, 0x3ff)))
                .isEqualTo(0x55);
    }

    /** What is wrong, entry, IntCtl, IntTabLen; the event's low quadword, 0 for none. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "not mapped, 0x00410000, 2, 9, 0x2008000500000028",
        "beyond the table, 0x00410001, 2, 2, 0x2008000500000028",
        "aborted, 0x00410001, 0, 9, 0x2008000500000028",
        "IntCtl reserved, 0x00410001, 3, 9, 0x1088000000000028",
        "table too long, 0x00410001, 2, 12, 0x1088000000000028",
        "type reserved, 0x00410009, 2, 9, 0x2098000500000028",
        "guest without GaEn, 0x00410081, 2, 9, 0x2098000500000028",
        "SupIOPF and not mapped, 0x00410002, 2, 9, 0",
        "SupIOPF and type reserved, 0x0041000b, 2, 9, 0"})
    void eachBlockedMessageHasItsEvent(String what, String entry, int control, int length,
            String event) {
        fixture.memory.write32(table + INDEX * 4, Integer.decode(entry));
        describe(control, length);
        assertThat(Interrupt.isBlocked(remap(INDEX))).isTrue();
        long expected = Long.decode(event);
        assertThat(fixture.read(AmdViRegisters.EVENT_TAIL)).isEqualTo(expected == 0 ? 0 : 16);
        if (expected != 0) {
            assertThat(fixture.eventLow(0)).isEqualTo(expected);
            assertThat(fixture.eventHigh(0)).isEqualTo(MESSAGE);
        }
        assertThat(fixture.logged).containsExactly(expected != 0);
    }

    @Test
    void igKeepsUnmappedInterruptsOutOfTheLog() {
        long at = fixture.entryOf(Fixture.DEVICE) + 16;
        fixture.memory.write64(at, DeviceTableEntry.IG.with(fixture.memory.read64(at), 1));
        fixture.invalidateEntry(Fixture.DEVICE);
        assertThat(Interrupt.isBlocked(remap(INDEX))).isTrue();
        fixture.memory.write64(at, DeviceTableEntry.INT_TAB_LEN.with(fixture.memory.read64(at), 1));
        fixture.invalidateEntry(Fixture.DEVICE);
        assertThat(Interrupt.isBlocked(remap(INDEX))).as("beyond the table").isTrue();
        assertThat(fixture.read(AmdViRegisters.EVENT_TAIL)).isZero();
        fixture.read(0x5000);
        fixture.entry(Fixture.DEVICE, 5, 0, 0, 0);
        fixture.invalidateEntry(Fixture.DEVICE);
        fixture.read(0x5000);
        assertThat(fixture.read(AmdViRegisters.EVENT_TAIL)).as("requests are").isEqualTo(16);
    }

    @Test
    void anInterruptForAGuestIsPostedToItsPage() {
        fixture.control(Fixture.RUNNING | Control.GA_EN.mask());
        fixture.memory.write64(table + INDEX * 16, 0x81);
        fixture.memory.write64(table + INDEX * 16 + 8, 0x0012_3456_7000L | 0x33);
        long m = remap(INDEX);
        assertThat(Interrupt.isPosted(m)).isTrue();
        assertThat(Interrupt.descriptor(m)).isEqualTo(0x12_3456_7000L);
    }

    @Test
    void anIllegalEntryBlocksMessagesTooAndSaysSo() {
        fixture.memory.write64(fixture.entryOf(Fixture.DEVICE), Fixture.low(7, 0, 3));
        fixture.invalidateEntry(Fixture.DEVICE);
        assertThat(Interrupt.reason(remap(INDEX))).isEqualTo(1);
        assertThat(fixture.eventLow(0)).isEqualTo(0x1008_0000_0000_0028L);
    }
}
