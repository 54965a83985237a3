// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.DeviceTableEntry;
import iommu.amdvi.Event;
import iommu.amdvi.EventCode;
import iommu.amdvi.Status;
import iommu.api.bits.BitField;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every single bit of entries and commands: which are reserved, so that one alone is an error. */
class ReservedBitsTest {

    private static final long IOVA = 0x7000;
    private static final long PAGE = 0x20_0000;

    private static String bits(int first, int last, IntPredicate holds) {
        long found = 0;
        for (int bit = first; bit <= last; bit++) {
            found |= holds.test(bit) ? 1L << bit : 0;
        }
        return BitField.ranges(found);
    }

    /** Flips one bit of the entry of a device that has a mapping; returns what a read gives. */
    private static Fixture flipped(int bit) {
        var fixture = Fixture.on();
        long root = fixture.domain(Fixture.DEVICE, Fixture.DOMAIN, 3);
        fixture.map(root, IOVA, PAGE, Fixture.RW);
        long at = fixture.entryOf(Fixture.DEVICE) + bit / 64 * 8;
        fixture.memory.write64(at, fixture.memory.read64(at) ^ 1L << bit);
        return fixture;
    }

    /** Bit 11 makes 7 of Mode 3. */
    @Test
    void ofTheDeviceTableEntry() {
        for (int quadword = 0; quadword < 4; quadword++) {
            int first = 64 * quadword;
            assertThat(bits(0, 63, bit -> flipped(first + bit).read(IOVA)
                    == -EventCode.ILLEGAL_DEV_TABLE_ENTRY.number())).as("quadword %d", quadword)
                    .isEqualTo(quadword == 0 ? "63, 11, 6:2" : "");
        }
    }

    @ParameterizedTest(name = "bit {0}")
    @CsvSource({"2", "4", "6", "63"})
    void aReservedBitIsLoggedWithRz(int bit) {
        Fixture fixture = flipped(bit);
        fixture.read(IOVA);
        assertThat(Event.CODE.of(fixture.eventLow(0))).isEqualTo(1);
        assertThat(Event.FLAGS.of(fixture.eventLow(0))).isEqualTo(Event.RESERVED);
        assertThat(Event.DEVICE_ID.of(fixture.eventLow(0))).isEqualTo(Fixture.DEVICE);
        assertThat(Event.DOMAIN_ID.of(fixture.eventLow(0))).as("of no domain").isZero();
        assertThat(fixture.eventHigh(0)).isEqualTo(IOVA);
    }

    /** Without V nothing else counts; without TV the mode does not. */
    @Test
    void ofAnEntryThatIsNotValidNothingCounts() {
        for (int bit = 1; bit < 64; bit++) {
            var fixture = Fixture.on();
            fixture.memory.write64(fixture.entryOf(Fixture.DEVICE), 1L << bit);
            assertThat(fixture.read(IOVA)).as("bit %d", bit).isEqualTo(Long.MIN_VALUE);
        }
        var fixture = Fixture.on();
        fixture.memory.write64(fixture.entryOf(Fixture.DEVICE),
                DeviceTableEntry.MODE.with(DeviceTableEntry.V.mask(), 7));
        assertThat(fixture.read(IOVA)).as("blocked, not illegal")
                .isEqualTo(-EventCode.IO_PAGE_FAULT.number());
    }

    private static boolean stops(int opcode, long q0, long q1) {
        var fixture = Fixture.on();
        fixture.command(Fixture.opcode(opcode, q0), q1);
        return !Status.CMD_BUF_RUN.isSet(fixture.read(AmdViRegisters.STATUS));
    }

    /** The store address of a completion that stores nothing need not be in memory. */
    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "COMPLETION_WAIT            | 1 | 59:52       | ",
        "INVALIDATE_DEVTAB_ENTRY    | 2 | 59:16       | 63:0",
        "INVALIDATE_IOMMU_PAGES     | 3 | 59:48, 31:20 | 11:3",
        "INVALIDATE_INTERRUPT_TABLE | 5 | 59:16       | 63:0",
        "INVALIDATE_IOMMU_ALL       | 8 | 59:0        | 63:0"})
    void ofCommands(String name, int opcode, String low, String high) {
        assertThat(bits(1, 59, bit -> stops(opcode, 1L << bit, 0))).as(name)
                .isEqualTo(low.endsWith(":0") ? "59:1" : low);
        assertThat(bits(0, 63, bit -> stops(opcode, 0, 1L << bit))).as(name)
                .isEqualTo(high == null ? "" : high);
    }

    /** Of a page table entry none is reserved here; what changes the way changes the outcome. */
    @ParameterizedTest(name = "bits {0} to {1}")
    @CsvSource({"1, 8, true", "52, 60, true", "63, 63, true", "0, 0, false", "9, 11, false",
        "21, 51, false", "61, 61, false"})
    void ofAPage(int first, int last, boolean ignored) {
        for (int bit = first; bit <= last; bit++) {
            var fixture = Fixture.on();
            long root = fixture.domain(Fixture.DEVICE, Fixture.DOMAIN, 3);
            fixture.map(root, IOVA, PAGE, Fixture.RW);
            long at = fixture.entry(root, 3, IOVA, 1);
            fixture.memory.write64(at, fixture.memory.read64(at) ^ 1L << bit);
            assertThat(fixture.read(IOVA) == PAGE).as("bit %d", bit).isEqualTo(ignored);
        }
    }
}
