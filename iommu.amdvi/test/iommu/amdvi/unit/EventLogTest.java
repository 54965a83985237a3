// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Control;
import iommu.amdvi.DeviceTableEntry;
import iommu.amdvi.Event;
import iommu.amdvi.EventCode;
import iommu.amdvi.Status;
import iommu.api.pcie.Access;
import iommu.api.unit.WalkListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is written into the event log, byte by byte, and when it stops. */
class EventLogTest {

    private static final long IOVA = 0x7000;

    private final Bench bench = Bench.on();

    private boolean status(iommu.api.bits.BitField bit) {
        return bit.isSet(bench.read(AmdViRegisters.STATUS));
    }

    private void setBits(int device, long bits) {
        long at = bench.entryOf(device) + 8;
        bench.memory.write64(at, bench.memory.read64(at) | bits);
    }

    @Test
    void aPageThatIsNotMappedIsSixteenBytes() {
        bench.domain(Bench.DEVICE, 5, 3);
        bench.read(IOVA + 0x123);
        assertThat(bench.eventLow(0)).isEqualTo(0x2000_0005_0000_0028L);
        assertThat(bench.eventHigh(0)).isEqualTo(0x7123);
        bench.write(IOVA);
        assertThat(bench.eventLow(1)).as("RW").isEqualTo(0x2020_0005_0000_0028L);
        assertThat(bench.read(AmdViRegisters.EVENT_TAIL)).isEqualTo(32);
        assertThat(bench.logged).containsExactly(true, true);
    }

    @Test
    void aPageWithoutTheRightHasThePermissionFlags() {
        bench.map(bench.domain(Bench.DEVICE, 5, 3), IOVA, 0x20_0000, Access.READ);
        bench.write(IOVA);
        assertThat(Event.FLAGS.of(bench.eventLow(0))).as("PR, RW, PE").isEqualTo(0x70);
        bench.read(IOVA);
        bench.write(IOVA);
        assertThat(Event.FLAGS.of(bench.eventLow(1))).as("out of the cache").isEqualTo(0x70);
    }

    /** What is wrong, the code and the flags of a write that meets it. */
    @ParameterizedTest
    @CsvSource({"tv, 2, 0x020", "mode0, 2, 0x020", "entry rights, 2, 0x070", "mode7, 1, 0x020",
        "reserved, 1, 0x0a0", "next level, 2, 0x030", "beyond levels, 2, 0x020",
        "table lost, 4, 0x220"})
    void eachFaultHasItsFlags(String what, int code, String flags) {
        long root = bench.domain(Bench.DEVICE, 5, 3);
        long entry = bench.entryOf(Bench.DEVICE);
        switch (what) {
            case "tv" -> bench.memory.write64(entry, Bench.low(3, root, 3) & ~2L);
            case "mode0" -> bench.memory.write64(entry, Bench.low(0, 0, 0));
            case "entry rights" -> bench.memory.write64(entry, Bench.low(3, root, 1));
            case "mode7" -> bench.memory.write64(entry, Bench.low(7, root, 3));
            case "reserved" -> bench.memory.write64(entry, Bench.low(3, root, 3) | 16);
            case "next level" -> bench.memory.write64(root, Bench.directory(root, 3));
            case "table lost" -> bench.memory.write64(root, Bench.directory(Bench.OUTSIDE, 2));
            default -> { }
        }
        bench.write(what.equals("beyond levels") ? 1L << 40 : IOVA);
        assertThat(Event.CODE.of(bench.eventLow(0))).isEqualTo(code);
        assertThat(Event.FLAGS.of(bench.eventLow(0))).isEqualTo(Long.decode(flags));
        assertThat(Event.DEVICE_ID.of(bench.eventLow(0))).isEqualTo(Bench.DEVICE);
        assertThat(Event.DOMAIN_ID.of(bench.eventLow(0))).isEqualTo(code == 1 ? 0 : 5);
        assertThat(bench.eventHigh(0))
                .isEqualTo(what.equals("table lost") ? Bench.OUTSIDE
                        : what.equals("beyond levels") ? 1L << 40 : IOVA);
    }

    @Test
    void aDeviceTableOutsideMemoryIsToldByTheAddressOfTheEntry() {
        bench.write(AmdViRegisters.DEV_TAB, Bench.OUTSIDE);
        bench.read(IOVA);
        assertThat(Event.CODE.of(bench.eventLow(0))).isEqualTo(3);
        assertThat(bench.eventHigh(0)).isEqualTo(Bench.OUTSIDE + Bench.DEVICE * 32);
    }

    @Test
    void theInterruptComesOnceUntilSoftwareClearsTheStatus() {
        bench.domain(Bench.DEVICE, 5, 3);
        bench.read(IOVA);
        bench.read(IOVA);
        assertThat(bench.interrupts).isEqualTo(1);
        assertThat(status(Status.EVENT_LOG_INT)).isTrue();
        bench.write(AmdViRegisters.STATUS, Status.EVENT_LOG_INT.mask());
        assertThat(status(Status.EVENT_LOG_INT)).isFalse();
        bench.read(IOVA);
        assertThat(bench.interrupts).isEqualTo(2);
    }

    @Test
    void withoutEventIntEnThereIsNoInterrupt() {
        bench.control(Bench.RUNNING & ~Control.EVENT_INT_EN.mask());
        bench.domain(Bench.DEVICE, 5, 3);
        bench.read(IOVA);
        assertThat(bench.interrupts).isZero();
        assertThat(bench.eventLow(0)).isNotZero();
    }

    @Test
    void withoutEventLogEnNothingIsLogged() {
        bench.control(Bench.RUNNING & ~Control.EVENT_LOG_EN.mask());
        bench.domain(Bench.DEVICE, 5, 3);
        assertThat(bench.read(IOVA)).isNegative();
        assertThat(bench.eventLow(0)).isZero();
        assertThat(bench.logged).containsExactly(false);
    }

    @Test
    void aFullLogOverflowsStopsAndIsRestarted() {
        bench.domain(Bench.DEVICE, 5, 3);
        for (int i = 0; i < 255; i++) {
            bench.read(IOVA);
        }
        assertThat(bench.logged).doesNotContain(false);
        assertThat(status(Status.EVENT_OVERFLOW)).isFalse();
        bench.write(AmdViRegisters.STATUS, Status.EVENT_LOG_INT.mask());
        bench.read(IOVA);
        assertThat(bench.logged).last().isEqualTo(false);
        assertThat(status(Status.EVENT_OVERFLOW)).isTrue();
        assertThat(status(Status.EVENT_LOG_RUN)).isFalse();
        assertThat(bench.interrupts).as("the overflow interrupts too").isEqualTo(2);
        bench.write(AmdViRegisters.EVENT_HEAD, bench.read(AmdViRegisters.EVENT_TAIL));
        bench.read(IOVA);
        assertThat(bench.logged).last().as("room alone does not help").isEqualTo(false);
        bench.write(AmdViRegisters.STATUS, Status.EVENT_OVERFLOW.mask());
        bench.control(Bench.RUNNING & ~Control.EVENT_LOG_EN.mask());
        bench.control(Bench.RUNNING);
        bench.read(IOVA);
        assertThat(bench.logged).last().isEqualTo(true);
        assertThat(bench.read(AmdViRegisters.EVENT_TAIL)).as("the ring's end").isZero();
    }

    @Test
    void aLogOutsideMemoryLosesEvents() {
        bench.write(AmdViRegisters.EVENT_LOG, Bench.OUTSIDE | 8L << 56);
        bench.domain(Bench.DEVICE, 5, 3);
        bench.read(IOVA);
        assertThat(bench.logged).containsExactly(false);
        assertThat(status(Status.EVENT_OVERFLOW)).isTrue();
    }

    @Test
    void saSuppressesPageFaultsAndSeAllButTheFirst() {
        bench.domain(Bench.DEVICE, 5, 3);
        setBits(Bench.DEVICE, DeviceTableEntry.SA.mask());
        bench.read(IOVA);
        assertThat(bench.logged).containsExactly(false);
        bench.domain(Bench.OTHER, 6, 3);
        setBits(Bench.OTHER, DeviceTableEntry.SE.mask());
        for (int i = 0; i < 3; i++) {
            bench.unit.translate(Bench.OTHER, IOVA, 1);
        }
        assertThat(bench.logged).containsExactly(false, true, false, false);
        bench.invalidateEntry(Bench.OTHER);
        bench.unit.translate(Bench.OTHER, IOVA, 1);
        assertThat(bench.logged).last().as("cached anew").isEqualTo(true);
    }

    @Test
    void explainingLogsNothingAndCachesNothing() {
        long root = bench.domain(Bench.DEVICE, 5, 3);
        bench.unit.explain(Bench.DEVICE, IOVA, 1, WalkListener.NONE);
        assertThat(bench.blocked).isEmpty();
        assertThat(bench.eventLow(0)).isZero();
        bench.memory.write64(bench.entryOf(Bench.DEVICE), Bench.low(3, bench.page(), 3));
        bench.map(root, IOVA, 0x20_0000, 3);
        assertThat(bench.read(IOVA)).as("the new root").isNegative();
    }

    @Test
    void reasonsAreSpeltWithTheManualsNames() {
        assertThat(bench.unit.fault(2).key()).isEqualTo("amdvi:IO_PAGE_FAULT");
        assertThat(bench.unit.fault(1).key()).isEqualTo("amdvi:ILLEGAL_DEV_TABLE_ENTRY");
        assertThat(bench.unit.fault(0xc).key()).isEqualTo("amdvi:0xc");
        for (EventCode code : EventCode.values()) {
            assertThat(bench.unit.fault(code.number()).text()).isEqualTo(code.text());
        }
    }
}
