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

/** Interrupt messages through the table that the device table entry gives. */
class InterruptTest {

    private static final int INDEX = 4;
    private static final long MESSAGE = 0xfee0_0000L;

    /** With X2APIC. */
    private final Bench bench = Bench.off(Bench.FEATURES | 4, Map.of());
    private long table;

    @BeforeEach
    void interruptTable() {
        bench.control(Bench.RUNNING);
        table = bench.page();
        bench.entry(Bench.DEVICE, 5, 0, 0, Bench.RW);
        describe(DeviceTableEntry.INT_REMAP, 9);
    }

    private void describe(int control, int length) {
        long q2 = DeviceTableEntry.IV.mask() | table;
        q2 = DeviceTableEntry.INT_TAB_LEN.with(q2, length);
        bench.memory.write64(bench.entryOf(Bench.DEVICE) + 16,
                DeviceTableEntry.INT_CTL.with(q2, control));
        bench.invalidateEntry(Bench.DEVICE);
    }

    private long remap(int index) {
        return bench.unit.interrupt(Bench.DEVICE, MESSAGE, 0x1800 | index);
    }

    @Test
    void theFirstMessageLeadsToTheFirstEntryThatDeliversToTheHost() {
        assertThat(bench.unit.firstMessage(Bench.DEVICE)).isNull();
        bench.memory.write32(table + 4, 0x0041_0340);          // RemapEn clear
        bench.memory.write32(table + 8, 0x0042_0381 | 1);      // a guest's
        bench.memory.write32(table + 12, 0x0043_0301);

        Message message = bench.unit.firstMessage(Bench.DEVICE);

        assertThat(message).isEqualTo(new Message(MESSAGE, 3));
        assertThat(Interrupt.vector(bench.unit.interrupt(Bench.DEVICE, message.address(),
                message.data()))).isEqualTo(0x43);
        describe(DeviceTableEntry.INT_FORWARD, 9);
        assertThat(bench.unit.firstMessage(Bench.DEVICE)).isNull();
    }

    @Test
    void aShortEntryGivesVectorAndDestination() {
        bench.memory.write32(table + INDEX * 4, 0x0041_0345 | 1);
        long m = remap(INDEX);
        assertThat(Interrupt.vector(m)).isEqualTo(0x41);
        assertThat(Interrupt.destination(m)).isEqualTo(3);
        assertThat(Interrupt.deliveryMode(m)).isEqualTo(1);
        assertThat(Interrupt.isLogical(m)).isTrue();
        assertThat(Interrupt.isUnchanged(m)).isFalse();
    }

    /** The values of the recorded hand-over: entry at offset 0x40 is lo 0x141, hi 0x24. */
    @Test
    void aWideEntryIsReadAsRecorded() {
        bench.control(Bench.RUNNING | Control.GA_EN.mask());
        bench.memory.write64(table + INDEX * 16, 0x141);
        bench.memory.write64(table + INDEX * 16 + 8, 0x24);
        long m = remap(INDEX);
        assertThat(Interrupt.vector(m)).isEqualTo(0x24);
        assertThat(Interrupt.destination(m)).isEqualTo(1);
        assertThat(Interrupt.isLogical(m)).isTrue();
        bench.control(Bench.RUNNING | Control.GA_EN.mask() | Control.XT_EN.mask());
        bench.memory.write64(table + 16, 0x1234_5601);
        bench.memory.write64(table + 24, 0xab00_0000_0000_0077L);
        assertThat(Interrupt.destination(remap(1))).isEqualTo(0xab12_3456L);
    }

    @Test
    void entriesStayUntilTheInterruptTableIsInvalidated() {
        bench.memory.write32(table + INDEX * 4, 0x0041_0001);
        remap(INDEX);
        bench.memory.write32(table + INDEX * 4, 0x0042_0001);
        bench.invalidateEntry(Bench.DEVICE);
        bench.invalidateDomain(5);
        assertThat(Interrupt.vector(remap(INDEX))).isEqualTo(0x41);
        bench.command(Bench.opcode(Command.INVALIDATE_INTERRUPT_TABLE, Bench.DEVICE), 0);
        assertThat(Interrupt.vector(remap(INDEX))).isEqualTo(0x42);
    }

    @Test
    void entriesMayBeKeptOutOfTheCache() {
        bench.control(Bench.RUNNING | Control.IRT_CACHE_DIS.mask());
        bench.memory.write32(table + INDEX * 4, 0x0041_0001);
        remap(INDEX);
        bench.memory.write32(table + INDEX * 4, 0x0042_0001);
        assertThat(Interrupt.vector(remap(INDEX))).isEqualTo(0x42);
    }

    @Test
    void anEntryThatIsNotValidOrBeyondTheTableFaultsWithFlagI() {
        assertThat(remap(INDEX)).isNegative();
        assertThat(Event.FLAGS.of(bench.eventLow(0))).isEqualTo(Event.INTERRUPT);
        describe(DeviceTableEntry.INT_REMAP, 2);
        assertThat(remap(INDEX)).isNegative();
        assertThat(bench.blocked).hasSize(2)
                .allSatisfy(f -> assertThat(f.key()).isEqualTo("amdvi:IO_PAGE_FAULT"));
    }

    @Test
    void messagesMayBeAbortedOrForwarded() {
        describe(DeviceTableEntry.INT_ABORT, 0);
        assertThat(remap(0)).isNegative();
        describe(DeviceTableEntry.INT_FORWARD, 0);
        assertThat(Interrupt.isUnchanged(remap(0))).isTrue();
        bench.memory.write64(bench.entryOf(Bench.DEVICE) + 16, 0);
        bench.invalidateEntry(Bench.DEVICE);
        assertThat(Interrupt.isUnchanged(remap(0))).as("IV = 0").isTrue();
        bench.memory.write64(bench.entryOf(Bench.DEVICE), 0);
        bench.invalidateEntry(Bench.DEVICE);
        assertThat(Interrupt.isUnchanged(remap(0))).as("V = 0").isTrue();
        bench.control(0);
        assertThat(Interrupt.isUnchanged(remap(0))).as("off").isTrue();
    }

    @Test
    void aTableOutsideMemoryIsAHardwareError() {
        table = Bench.OUTSIDE;
        describe(DeviceTableEntry.INT_REMAP, 9);
        assertThat(Interrupt.reason(remap(INDEX))).isEqualTo(4);
        assertThat(bench.eventHigh(0)).isEqualTo(Bench.OUTSIDE + INDEX * 4);
    }

    @Test
    void aLevelEntryIsLevel() {
        bench.memory.write32(table + INDEX * 4, 0x0041_0021);
        assertThat(Interrupt.isLevel(remap(INDEX))).isTrue();
        assertThat(Interrupt.isLogical(remap(INDEX))).isFalse();
    }

    /** Delivery mode of the message, the bit that lets it pass, and whether it needs one. */
    @ParameterizedTest
    @CsvSource({"SMI, 2, -1", "NMI, 4, 186", "INIT, 5, 184", "ExtInt, 7, 185"})
    void otherMessagesPassByABitOfTheirOwn(String what, int mode, int bit) {
        int data = mode << 8 | INDEX;
        boolean passes = bit < 0;
        assertThat(Interrupt.isUnchanged(bench.unit.interrupt(Bench.DEVICE, MESSAGE, data)))
                .isEqualTo(passes);
        if (!passes) {
            assertThat(bench.eventLow(0)).isEqualTo(0x2008_0005_0000_0028L);
            long at = bench.entryOf(Bench.DEVICE) + 16;
            bench.memory.write64(at, bench.memory.read64(at) | 1L << bit);
            bench.invalidateEntry(Bench.DEVICE);
            assertThat(Interrupt.isUnchanged(bench.unit.interrupt(Bench.DEVICE, MESSAGE, data)))
                    .isTrue();
        }
    }

    @Test
    void reservedDeliveryModesAreBlocked() {
        assertThat(Interrupt.reason(bench.unit.interrupt(Bench.DEVICE, MESSAGE, 0x300)))
                .isEqualTo(2);
        assertThat(Interrupt.reason(bench.unit.interrupt(Bench.DEVICE, MESSAGE, 0x600)))
                .isEqualTo(2);
    }

    @Test
    void with2048InterruptsTheIndexTakesTheDeliveryMode() {
        table = bench.page();
        describe(DeviceTableEntry.INT_REMAP, 11);
        bench.control(Bench.RUNNING | 1L << 43);
        bench.memory.write32(table + 0x3ff * 4, 0x0055_0001);
        assertThat(Interrupt.vector(bench.unit.interrupt(Bench.DEVICE, MESSAGE, 0x3ff)))
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
        bench.memory.write32(table + INDEX * 4, Integer.decode(entry));
        describe(control, length);
        assertThat(Interrupt.isBlocked(remap(INDEX))).isTrue();
        long expected = Long.decode(event);
        assertThat(bench.read(AmdViRegisters.EVENT_TAIL)).isEqualTo(expected == 0 ? 0 : 16);
        if (expected != 0) {
            assertThat(bench.eventLow(0)).isEqualTo(expected);
            assertThat(bench.eventHigh(0)).isEqualTo(MESSAGE);
        }
        assertThat(bench.logged).containsExactly(expected != 0);
    }

    @Test
    void igKeepsUnmappedInterruptsOutOfTheLog() {
        long at = bench.entryOf(Bench.DEVICE) + 16;
        bench.memory.write64(at, DeviceTableEntry.IG.with(bench.memory.read64(at), 1));
        bench.invalidateEntry(Bench.DEVICE);
        assertThat(Interrupt.isBlocked(remap(INDEX))).isTrue();
        bench.memory.write64(at, DeviceTableEntry.INT_TAB_LEN.with(bench.memory.read64(at), 1));
        bench.invalidateEntry(Bench.DEVICE);
        assertThat(Interrupt.isBlocked(remap(INDEX))).as("beyond the table").isTrue();
        assertThat(bench.read(AmdViRegisters.EVENT_TAIL)).isZero();
        bench.read(0x5000);
        bench.entry(Bench.DEVICE, 5, 0, 0, 0);
        bench.invalidateEntry(Bench.DEVICE);
        bench.read(0x5000);
        assertThat(bench.read(AmdViRegisters.EVENT_TAIL)).as("requests are").isEqualTo(16);
    }

    @Test
    void anInterruptForAGuestIsPostedToItsPage() {
        bench.control(Bench.RUNNING | Control.GA_EN.mask());
        bench.memory.write64(table + INDEX * 16, 0x81);
        bench.memory.write64(table + INDEX * 16 + 8, 0x0012_3456_7000L | 0x33);
        long m = remap(INDEX);
        assertThat(Interrupt.isPosted(m)).isTrue();
        assertThat(Interrupt.descriptor(m)).isEqualTo(0x12_3456_7000L);
    }

    @Test
    void anIllegalEntryBlocksMessagesTooAndSaysSo() {
        bench.memory.write64(bench.entryOf(Bench.DEVICE), Bench.low(7, 0, 3));
        bench.invalidateEntry(Bench.DEVICE);
        assertThat(Interrupt.reason(remap(INDEX))).isEqualTo(1);
        assertThat(bench.eventLow(0)).isEqualTo(0x1008_0000_0000_0028L);
    }
}
