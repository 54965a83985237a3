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

    private final Fixture fixture = Fixture.on();

    private boolean status(iommu.api.bits.BitField bit) {
        return bit.isSet(fixture.read(AmdViRegisters.STATUS));
    }

    private void setBits(int device, long bits) {
        long at = fixture.entryOf(device) + 8;
        fixture.memory.write64(at, fixture.memory.read64(at) | bits);
    }

    @Test
    void aPageThatIsNotMappedIsSixteenBytes() {
        fixture.domain(Fixture.DEVICE, 5, 3);
        fixture.read(IOVA + 0x123);
        assertThat(fixture.eventLow(0)).isEqualTo(0x2000_0005_0000_0028L);
        assertThat(fixture.eventHigh(0)).isEqualTo(0x7123);
        fixture.write(IOVA);
        assertThat(fixture.eventLow(1)).as("RW").isEqualTo(0x2020_0005_0000_0028L);
        assertThat(fixture.read(AmdViRegisters.EVENT_TAIL)).isEqualTo(32);
        assertThat(fixture.logged).containsExactly(true, true);
    }

    @Test
    void aPageWithoutTheRightHasThePermissionFlags() {
        fixture.map(fixture.domain(Fixture.DEVICE, 5, 3), IOVA, 0x20_0000, Access.READ);
        fixture.write(IOVA);
        assertThat(Event.FLAGS.of(fixture.eventLow(0))).as("PR, RW, PE").isEqualTo(0x70);
        fixture.read(IOVA);
        fixture.write(IOVA);
        assertThat(Event.FLAGS.of(fixture.eventLow(1))).as("out of the cache").isEqualTo(0x70);
    }

    /** What is wrong, the code and the flags of a write that meets it. */
    @ParameterizedTest
    @CsvSource({"tv, 2, 0x020", "mode0, 2, 0x020", "entry rights, 2, 0x070", "mode7, 1, 0x020",
        "reserved, 1, 0x0a0", "next level, 2, 0x030", "beyond levels, 2, 0x020",
        "table lost, 4, 0x220"})
    void eachFaultHasItsFlags(String what, int code, String flags) {
        long root = fixture.domain(Fixture.DEVICE, 5, 3);
        long entry = fixture.entryOf(Fixture.DEVICE);
        switch (what) {
            case "tv" -> fixture.memory.write64(entry, Fixture.low(3, root, 3) & ~2L);
            case "mode0" -> fixture.memory.write64(entry, Fixture.low(0, 0, 0));
            case "entry rights" -> fixture.memory.write64(entry, Fixture.low(3, root, 1));
            case "mode7" -> fixture.memory.write64(entry, Fixture.low(7, root, 3));
            case "reserved" -> fixture.memory.write64(entry, Fixture.low(3, root, 3) | 16);
            case "next level" -> fixture.memory.write64(root, Fixture.directory(root, 3));
            case "table lost" -> fixture.memory.write64(root, Fixture.directory(Fixture.OUTSIDE,
                    2));
            default -> { }
        }
        fixture.write(what.equals("beyond levels") ? 1L << 40 : IOVA);
        assertThat(Event.CODE.of(fixture.eventLow(0))).isEqualTo(code);
        assertThat(Event.FLAGS.of(fixture.eventLow(0))).isEqualTo(Long.decode(flags));
        assertThat(Event.DEVICE_ID.of(fixture.eventLow(0))).isEqualTo(Fixture.DEVICE);
        assertThat(Event.DOMAIN_ID.of(fixture.eventLow(0))).isEqualTo(code == 1 ? 0 : 5);
        assertThat(fixture.eventHigh(0))
                .isEqualTo(what.equals("table lost") ? Fixture.OUTSIDE
                        : what.equals("beyond levels") ? 1L << 40 : IOVA);
    }

    @Test
    void aDeviceTableOutsideMemoryIsToldByTheAddressOfTheEntry() {
        fixture.write(AmdViRegisters.DEV_TAB, Fixture.OUTSIDE);
        fixture.read(IOVA);
        assertThat(Event.CODE.of(fixture.eventLow(0))).isEqualTo(3);
        assertThat(fixture.eventHigh(0)).isEqualTo(Fixture.OUTSIDE + Fixture.DEVICE * 32);
    }

    @Test
    void theInterruptComesOnceUntilSoftwareClearsTheStatus() {
        fixture.domain(Fixture.DEVICE, 5, 3);
        fixture.read(IOVA);
        fixture.read(IOVA);
        assertThat(fixture.interrupts).isEqualTo(1);
        assertThat(status(Status.EVENT_LOG_INT)).isTrue();
        fixture.write(AmdViRegisters.STATUS, Status.EVENT_LOG_INT.mask());
        assertThat(status(Status.EVENT_LOG_INT)).isFalse();
        fixture.read(IOVA);
        assertThat(fixture.interrupts).isEqualTo(2);
    }

    @Test
    void withoutEventIntEnThereIsNoInterrupt() {
        fixture.control(Fixture.RUNNING & ~Control.EVENT_INT_EN.mask());
        fixture.domain(Fixture.DEVICE, 5, 3);
        fixture.read(IOVA);
        assertThat(fixture.interrupts).isZero();
        assertThat(fixture.eventLow(0)).isNotZero();
    }

    @Test
    void withoutEventLogEnNothingIsLogged() {
        fixture.control(Fixture.RUNNING & ~Control.EVENT_LOG_EN.mask());
        fixture.domain(Fixture.DEVICE, 5, 3);
        assertThat(fixture.read(IOVA)).isNegative();
        assertThat(fixture.eventLow(0)).isZero();
        assertThat(fixture.logged).containsExactly(false);
    }

    @Test
    void aFullLogOverflowsStopsAndIsRestarted() {
        fixture.domain(Fixture.DEVICE, 5, 3);
        for (int i = 0; i < 255; i++) {
            fixture.read(IOVA);
        }
        assertThat(fixture.logged).doesNotContain(false);
        assertThat(status(Status.EVENT_OVERFLOW)).isFalse();
        fixture.write(AmdViRegisters.STATUS, Status.EVENT_LOG_INT.mask());
        fixture.read(IOVA);
        assertThat(fixture.logged).last().isEqualTo(false);
        assertThat(status(Status.EVENT_OVERFLOW)).isTrue();
        assertThat(status(Status.EVENT_LOG_RUN)).isFalse();
        assertThat(fixture.interrupts).as("the overflow interrupts too").isEqualTo(2);
        fixture.write(AmdViRegisters.EVENT_HEAD, fixture.read(AmdViRegisters.EVENT_TAIL));
        fixture.read(IOVA);
        assertThat(fixture.logged).last().as("room alone does not help").isEqualTo(false);
        fixture.write(AmdViRegisters.STATUS, Status.EVENT_OVERFLOW.mask());
        fixture.control(Fixture.RUNNING & ~Control.EVENT_LOG_EN.mask());
        fixture.control(Fixture.RUNNING);
        fixture.read(IOVA);
        assertThat(fixture.logged).last().isEqualTo(true);
        assertThat(fixture.read(AmdViRegisters.EVENT_TAIL)).as("the ring's end").isZero();
    }

    @Test
    void aLogOutsideMemoryLosesEvents() {
        fixture.write(AmdViRegisters.EVENT_LOG, Fixture.OUTSIDE | 8L << 56);
        fixture.domain(Fixture.DEVICE, 5, 3);
        fixture.read(IOVA);
        assertThat(fixture.logged).containsExactly(false);
        assertThat(status(Status.EVENT_OVERFLOW)).isTrue();
    }

    @Test
    void saSuppressesPageFaultsAndSeAllButTheFirst() {
        fixture.domain(Fixture.DEVICE, 5, 3);
        setBits(Fixture.DEVICE, DeviceTableEntry.SA.mask());
        fixture.read(IOVA);
        assertThat(fixture.logged).containsExactly(false);
        fixture.domain(Fixture.OTHER, 6, 3);
        setBits(Fixture.OTHER, DeviceTableEntry.SE.mask());
        for (int i = 0; i < 3; i++) {
            fixture.unit.translate(Fixture.OTHER, IOVA, 1);
        }
        assertThat(fixture.logged).containsExactly(false, true, false, false);
        fixture.invalidateEntry(Fixture.OTHER);
        fixture.unit.translate(Fixture.OTHER, IOVA, 1);
        assertThat(fixture.logged).last().as("cached anew").isEqualTo(true);
    }

    @Test
    void explainingLogsNothingAndCachesNothing() {
        long root = fixture.domain(Fixture.DEVICE, 5, 3);
        fixture.unit.explain(Fixture.DEVICE, IOVA, 1, WalkListener.NONE);
        assertThat(fixture.blocked).isEmpty();
        assertThat(fixture.eventLow(0)).isZero();
        fixture.memory.write64(fixture.entryOf(Fixture.DEVICE), Fixture.low(3, fixture.page(), 3));
        fixture.map(root, IOVA, 0x20_0000, 3);
        assertThat(fixture.read(IOVA)).as("the new root").isNegative();
    }

    @Test
    void reasonsAreSpeltWithTheManualsNames() {
        assertThat(fixture.unit.fault(2).key()).isEqualTo("amdvi:IO_PAGE_FAULT");
        assertThat(fixture.unit.fault(1).key()).isEqualTo("amdvi:ILLEGAL_DEV_TABLE_ENTRY");
        assertThat(fixture.unit.fault(0xc).key()).isEqualTo("amdvi:0xc");
        for (EventCode code : EventCode.values()) {
            assertThat(fixture.unit.fault(code.number()).text()).isEqualTo(code.text());
        }
    }
}
