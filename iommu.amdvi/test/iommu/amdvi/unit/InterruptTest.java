// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.Command;
import iommu.amdvi.Control;
import iommu.amdvi.DeviceTableEntry;
import iommu.amdvi.Event;
import iommu.api.unit.Translation;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Interrupt messages through the table that the device table entry gives. */
class InterruptTest {

    private static final int INDEX = 4;

    private final Bench bench = Bench.on();
    private long table;

    @BeforeEach
    void interruptTable() {
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
        return bench.unit.remap(Bench.DEVICE, 0x1800 | index);
    }

    @Test
    void aShortEntryGivesVectorAndDestination() {
        bench.memory.write32(table + INDEX * 4, 0x0041_0345 | 1);
        long m = remap(INDEX);
        assertThat(InterruptMessage.VECTOR.of(m)).isEqualTo(0x41);
        assertThat(InterruptMessage.DESTINATION.of(m)).isEqualTo(3);
        assertThat(InterruptMessage.TYPE.of(m)).isEqualTo(1);
        assertThat(InterruptMessage.LOGICAL.of(m)).isEqualTo(1);
        assertThat(InterruptMessage.UNCHANGED.isSet(m)).isFalse();
    }

    /** The values of the recorded hand-over: entry at offset 0x40 is lo 0x141, hi 0x24. */
    @Test
    void aWideEntryIsReadAsRecorded() {
        bench.control(Bench.RUNNING | Control.GA_EN.mask());
        bench.memory.write64(table + INDEX * 16, 0x141);
        bench.memory.write64(table + INDEX * 16 + 8, 0x24);
        long m = remap(INDEX);
        assertThat(InterruptMessage.VECTOR.of(m)).isEqualTo(0x24);
        assertThat(InterruptMessage.DESTINATION.of(m)).isEqualTo(1);
        assertThat(InterruptMessage.LOGICAL.of(m)).isEqualTo(1);
        bench.control(Bench.RUNNING | Control.GA_EN.mask() | Control.XT_EN.mask());
        bench.memory.write64(table + 16, 0x1234_5601);
        bench.memory.write64(table + 24, 0xab00_0000_0000_0077L);
        assertThat(InterruptMessage.DESTINATION.of(remap(1))).isEqualTo(0xab12_3456L);
    }

    @Test
    void entriesStayUntilTheInterruptTableIsInvalidated() {
        bench.memory.write32(table + INDEX * 4, 0x0041_0001);
        remap(INDEX);
        bench.memory.write32(table + INDEX * 4, 0x0042_0001);
        bench.invalidateEntry(Bench.DEVICE);
        bench.invalidateDomain(5);
        assertThat(InterruptMessage.VECTOR.of(remap(INDEX))).isEqualTo(0x41);
        bench.command(Bench.opcode(Command.INVALIDATE_INTERRUPT_TABLE, Bench.DEVICE), 0);
        assertThat(InterruptMessage.VECTOR.of(remap(INDEX))).isEqualTo(0x42);
    }

    @Test
    void entriesMayBeKeptOutOfTheCache() {
        bench.control(Bench.RUNNING | Control.IRT_CACHE_DIS.mask());
        bench.memory.write32(table + INDEX * 4, 0x0041_0001);
        remap(INDEX);
        bench.memory.write32(table + INDEX * 4, 0x0042_0001);
        assertThat(InterruptMessage.VECTOR.of(remap(INDEX))).isEqualTo(0x42);
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
        assertThat(InterruptMessage.UNCHANGED.isSet(remap(0))).isTrue();
        bench.memory.write64(bench.entryOf(Bench.DEVICE) + 16, 0);
        bench.invalidateEntry(Bench.DEVICE);
        assertThat(InterruptMessage.UNCHANGED.isSet(remap(0))).as("IV = 0").isTrue();
        bench.memory.write64(bench.entryOf(Bench.DEVICE), 0);
        bench.invalidateEntry(Bench.DEVICE);
        assertThat(InterruptMessage.UNCHANGED.isSet(remap(0))).as("V = 0").isTrue();
        bench.control(0);
        assertThat(InterruptMessage.UNCHANGED.isSet(remap(0))).as("off").isTrue();
    }

    @Test
    void aTableOutsideMemoryIsAHardwareError() {
        table = Bench.OUTSIDE;
        describe(DeviceTableEntry.INT_REMAP, 9);
        assertThat(Translation.reason(remap(INDEX))).isEqualTo(4);
        assertThat(bench.eventHigh(0)).isEqualTo(Bench.OUTSIDE + INDEX * 4);
    }
}
