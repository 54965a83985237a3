// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Event;
import iommu.amdvi.Status;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The line of each event, and what kind of line it is. */
class EventReportTest {

    private final KernelFixture fixture = new KernelFixture();
    private final LinuxAmdViDriver driver = fixture.firstKernel();
    private long log;

    @BeforeEach
    void anEmptyLog() {
        log = AmdViRegisters.BASE.inPlace(fixture.get(AmdViRegisters.EVENT_LOG));
        fixture.console.clear();
        fixture.told.clear();
    }

    /** Has the unit log an event, and puts another one in its place. */
    private void event(long low, long high) {
        long tail = fixture.get(AmdViRegisters.EVENT_TAIL);
        fixture.go(KernelFixture.NIC, 0x7000);
        fixture.memory.write64(log + tail, low);
        fixture.memory.write64(log + tail + 8, high);
    }

    private static long low(int code, int flags, int domain, int device) {
        return (long) code << 60 | (long) flags << 48 | (long) domain << 32 | device;
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "1 | ILLEGAL_DEV_TABLE_ENTRY device=0000:12:06.5 pasid=0x00042 address=0x7f00 flags=0x0a0",
        "3 | DEV_TAB_HARDWARE_ERROR device=0000:12:06.5 address=0x7f00 flags=0x0a0",
        "4 | PAGE_TAB_HARDWARE_ERROR device=0000:12:06.5 pasid=0x00042 address=0x7f00"
            + " flags=0x0a0",
        "5 | ILLEGAL_COMMAND_ERROR address=0x7f00",
        "6 | COMMAND_HARDWARE_ERROR address=0x7f00 flags=0x0a0",
        "7 | IOTLB_INV_TIMEOUT device=0000:12:06.5 pasid=0x00042 address=0x7f00 flags=0x0a0",
        "8 | INVALID_DEVICE_REQUEST device=0000:12:06.5 pasid=0x00042 address=0x7f00"
            + " flags=0x0a0",
        "9 | INVALID_PPR_REQUEST device=0000:12:06.5 pasid=0x00042 address=0x7f00 flags=0x0a0"})
    void eachCodeHasItsLine(int code, String line) {
        event(low(code, 0x0a0, 0x42, 0x1235), 0x7f00);
        driver.handleFaults();
        assertThat(fixture.console).containsExactly("AMD-Vi: Event logged ["
                + line.replace("0x0a0", "0x00a0") + "]");
        assertThat(fixture.told).containsExactly("FAULT " + 0x1235);
    }

    @ParameterizedTest(name = "domain {0}, flags {1}, address {2}")
    @CsvSource({"0x1, 0x000, 0x0", "0xffff, 0xfff, 0xfffffffffffff000", "0x10, 0x020, 0xffff8004"})
    void aPageFaultBeginsWithTheDevice(String domain, String flags, String address) {
        event(low(2, Integer.decode(flags), Integer.decode(domain), 0xff),
                Long.parseUnsignedLong(address.substring(2), 16));
        driver.handleFaults();
        assertThat(fixture.console).containsExactly(String.format("pci 0000:00:1f.7: AMD-Vi: Event"
                + " logged [IO_PAGE_FAULT domain=0x%04x address=%s flags=0x%04x]",
                Integer.decode(domain), address, Integer.decode(flags)));
    }

    @ParameterizedTest(name = "code {0}")
    @CsvSource({"0", "10", "11", "12", "15"})
    void anEventThatTheKernelDoesNotKnowIsFourWords(int code) {
        event(low(code, 0x123, 0x4567, 0x89ab), 0x1111_2222_3333_4444L);
        driver.handleFaults();
        assertThat(fixture.console).containsExactly(String.format("AMD-Vi: Event logged [UNKNOWN"
                + " event[0]=0x000089ab event[1]=0x%x1234567 event[2]=0x33334444"
                + " event[3]=0x11112222]", code));
    }

    @Test
    void anOverflowIsALineAboutFaultsThatTellsNone() {
        for (int i = 0; i < 600; i++) {
            fixture.go(KernelFixture.NIC, 0x7000);
        }
        driver.handleFaults();
        assertThat(fixture.told).hasSize(11).last().isEqualTo("FAULT_STATUS -1");
        assertThat(fixture.told.subList(0, 10)).containsOnly("FAULT " + KernelFixture.NIC);
    }

    /** Page faults are held back by device; events of other kinds never are. */
    @Test
    void onlyPageFaultsAreHeldBackAndEachDeviceByItself() {
        for (int i = 0; i < 30; i++) {
            event(low(2, 0, 1, 0x10), 0x7000);
            event(low(2, 0, 1, 0x11), 0x7000);
            event(low(1, 0, 0, 0x10), 0x7000);
        }
        driver.handleFaults();
        assertThat(fixture.console).filteredOn(l -> l.contains("00:02.0: ")).hasSize(10);
        assertThat(fixture.console).filteredOn(l -> l.contains("00:02.1: ")).hasSize(10);
        assertThat(fixture.console).filteredOn(l -> l.contains("ILLEGAL_DEV")).hasSize(30);
    }

    @Test
    void whatWasReadIsClearedAndTheHeadIsAtTheTail() {
        for (int i = 0; i < 700; i++) {
            event(low(8, 0, 0, i), 0x7000);
            if (i % 100 == 99) {
                driver.handleFaults();
            }
        }
        assertThat(fixture.console).hasSize(700);
        assertThat(fixture.get(AmdViRegisters.EVENT_HEAD)).isEqualTo(700 % 512 * Event.BYTES)
                .isEqualTo(fixture.get(AmdViRegisters.EVENT_TAIL));
        for (int i = 0; i < 512; i++) {
            assertThat(fixture.memory.read64(log + 16L * i)).isZero();
            assertThat(fixture.memory.read64(log + 16L * i + 8)).isZero();
        }
        assertThat(Status.EVENT_LOG_INT.isSet(fixture.get(AmdViRegisters.STATUS))).isFalse();
    }

    @ParameterizedTest(name = "after {0} ns")
    @CsvSource({"4999999999, 0", "5000000000, 0", "5000000001, 10"})
    void aRateHasTenLinesInFiveSeconds(long later, int allowed) {
        var limit = new RateLimit();
        for (int i = 0; i < 12; i++) {
            assertThat(limit.allows(77)).isEqualTo(i < 10);
        }
        int found = 0;
        for (int i = 0; i < 25; i++) {
            found += limit.allows(77 + later) ? 1 : 0;
        }
        assertThat(found).isEqualTo(allowed);
    }
}
