// SPDX-License-Identifier: Apache-2.0
package devices.pcie.xhci;

import static devices.pcie.usb.FirstKernel.MEMORY;
import static devices.pcie.usb.FirstKernel.pages;
import static devices.pcie.usb.FirstKernel.serve;
import static org.assertj.core.api.Assertions.assertThat;

import devices.pcie.link.DeviceOptions;
import iommu.api.memory.AddressRange;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Workload;
import iommu.testkit.FakeDeviceContext.Committed;
import iommu.testkit.FakeDriverPort;
import iommu.testkit.Request;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The driver under both kernels, and the hand-off of T5b. */
class XhciDriverTest {

    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1_000 * MILLI;
    private static final AddressRange ALL = new AddressRange(0, 16 << 20);

    private XhciMachine m = new XhciMachine(Map.of());

    private static Workload workload(int readsPerMille) {
        return new Workload(300, false, readsPerMille, 512, pages(0, 8), pages(8, 8), pages(16, 8),
                pages(24, 8), null);
    }

    /** The first kernel's driver, looked after for so long. */
    private XhciDriver busy(int readsPerMille, long nanos) {
        var driver = new XhciDriver(m.port);
        driver.start(workload(readsPerMille), 3);
        serve(driver, m.queue, nanos);
        return driver;
    }

    private XhciDriver capture() {
        return new XhciDriver(new FakeDriverPort(m.function, m.memory, m.queue, 0x80_0000,
                0x90_0000));
    }

    private long requestsTo(AddressRange range) {
        return m.root.requests().stream().filter(r -> range.contains(r.address())).count();
    }

    // ---- under the first kernel -----------------------------------------------------------------

    @Test
    void whatItPostsToTheDiskIsOnTheMedium() {
        for (long at = MEMORY.start() + 0x8000; at < MEMORY.start() + 0x1_0000; at += 8) {
            m.memory.write64(at, at * 0x9e37_79b9L);
        }
        busy(1000, 100 * MILLI);

        assertThat(m.port.posted()).hasSizeGreaterThan(8);
        assertThat(m.context.committed()).hasSizeGreaterThan(30);
        Committed first = m.context.committed().get(0);
        byte[] there = new byte[0x8000];
        m.memory.read(MEMORY.start() + 0x8000, there, 0, there.length);
        assertThat(first.position()).isZero();
        boolean found = false;
        for (int at = 0; at < there.length; at += 4096) {
            found |= java.util.Arrays.equals(there, at, at + 512, first.bytes(), 0, 512);
        }
        assertThat(found).isTrue();
    }

    @Test
    void whatTheDiskReadsIsInMemory() {
        busy(0, 20 * MILLI);

        assertThat(m.context.committed()).isEmpty();
        assertThat(m.root.requests()).filteredOn(r -> r.kind() == Request.Kind.WRITE
                && r.address() >= MEMORY.start() + 24 * 0x1000).isNotEmpty();
    }

    /** None of the recorded controllers sent anything for long; see docs/recordings.md. */
    @ParameterizedTest
    @CsvSource({"0", "500", "1000"})
    void whenNobodyLooksAfterItItFallsSilent(int readsPerMille) {
        busy(readsPerMille, 33 * MILLI);
        m.root.clear();
        m.queue.advance(100 * MILLI);
        long drained = m.root.requests().size();
        m.root.clear();
        m.queue.advance(60 * SECOND);

        assertThat(drained).isLessThan(100);
        assertThat(m.root.requests()).isEmpty();
    }

    @Test
    void oneReportOfTheKeyboardFollowsTheCrash() {
        m = new XhciMachine(Map.of(XhciOptions.REPORT_NANOS, 5 * MILLI));
        XhciDriver driver = busy(500, 33 * MILLI);
        assertThat(m.root.requests()).filteredOn(r -> r.address() == MEMORY.start() + 0xf0)
                .hasSizeBetween(3, 7);
        driver.service();
        m.root.clear();
        m.queue.advance(60 * SECOND);
        assertThat(m.root.requests()).filteredOn(r -> r.address() == MEMORY.start() + 0xf0)
                .hasSize(1);
        assertThat(driver.shutdown()).isNull();
    }

    @Test
    void withBusMasteringOffItKeepsWhatItHolds() {
        busy(1000, 33 * MILLI);
        m.function.writeConfig(4, 2, 2);
        m.root.clear();
        m.queue.advance(SECOND);
        assertThat(m.root.requests()).isEmpty();
        assertThat(m.read(XhciMachine.USBSTS) & 5).isZero();
    }

    @Test
    void anIdleWorkloadStartsNothing() {
        var driver = new XhciDriver(m.port);
        driver.start(Workload.none(), 1);
        assertThat(driver.service()).isZero();
        assertThat(m.root.requests()).isEmpty();
    }

    // ---- the hand-off of T5b --------------------------------------------------------------------

    @Test
    void theHandOffHaltsItAndEndsBusMastering() {
        busy(500, 33 * MILLI);
        assertThat(m.read(XhciMachine.USBSTS) & 1).isZero();
        capture().finalFixup();

        assertThat(m.read(XhciMachine.USBSTS) & 1).isEqualTo(1);
        assertThat(m.function.readConfig(4, 2)).isEqualTo(2);
        m.root.clear();
        m.queue.advance(SECOND);
        assertThat(m.root.requests()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"0, 0, 1", "5000000, 5, 6", "2000000000, 1000, 1001", "-1, 1000, 1001"})
    void firmwareIsAskedAndHasASecond(long handOffNanos, long least, long most) {
        m = new XhciMachine(Map.of(XhciOptions.HAND_OFF_NANOS, handOffNanos));
        assertThat(m.read(0x30)).as("firmware has it").isEqualTo(0x1_0001);
        long before = m.queue.nanos();
        capture().finalFixup();

        assertThat((m.queue.nanos() - before) / MILLI).isBetween(least, most);
        assertThat(m.read(0x30)).isEqualTo(0x100_0001);
        assertThat(m.read(0x34) & 0xe01f).as("no SMI").isZero();
    }

    @Test
    void theFirstKernelHasTakenItFromFirmware() {
        busy(500, 33 * MILLI);
        assertThat(m.read(0x30)).isEqualTo(0x100_0001);
        long before = m.queue.nanos();
        capture().finalFixup();
        assertThat(m.queue.nanos() - before).isZero();
    }

    @ParameterizedTest
    @CsvSource({"3, 5, 6", "3, 6, 2"})
    void olderKernelsLeaveBusMasteringAlone(int major, int minor, int command) {
        m.port.version(major, minor);
        new XhciDriver(m.port).finalFixup();
        assertThat(m.function.readConfig(4, 2)).isEqualTo(command);
    }

    @Test
    void olderKernelsPassOneByThatDecodesNoMemory() {
        m.port.version(3, 5);
        m.function.writeConfig(4, 2, 0);
        new XhciDriver(m.port).finalFixup();
        m.function.writeConfig(4, 2, 2);
        assertThat(m.read(0x30)).isEqualTo(0x1_0001);
    }

    // ---- under a capture kernel -----------------------------------------------------------------

    @Test
    void aCaptureKernelTakesItOver() {
        busy(500, 33 * MILLI);
        XhciDriver driver = capture();
        driver.finalFixup();
        assertThat(driver.probe()).isNull();
        m.root.clear();
        m.queue.advance(SECOND);
        assertThat(requestsTo(MEMORY)).isZero();
        assertThat(driver.write(0, 512, 0)).isEqualTo("has no medium");
        assertThat(driver.shutdown()).isNull();
        assertThat(m.function.readConfig(4, 2)).isEqualTo(2);
        assertThat(m.read(XhciMachine.USBSTS) & 1).isEqualTo(1);
    }

    @Test
    void withNothingPluggedInAProbeNeedsNoCommand() {
        m = new XhciMachine(Map.of(XhciOptions.ATTACHED, 0L));
        assertThat(capture().probe()).isNull();
        assertThat(m.root.requests()).isEmpty();
    }

    @Test
    void oneThatIgnoresItsResetIsGivenUp() {
        m = new XhciMachine(Map.of(DeviceOptions.IGNORES_RESET, 1L));
        assertThat(capture().probe()).isEqualTo("can't setup: -110");
    }

    @ParameterizedTest
    @CsvSource({"3, 16, true", "7, 3, true", "3, 15, false"})
    void blockedRequestsHaltItAndLaterKernelsWaitForEver(int major, int minor, boolean forEver) {
        m.root.refuse(ALL);
        m.port.version(major, minor);
        var driver = new XhciDriver(m.port);
        assertThat(driver.probe()).isEqualTo("Timeout while waiting for setup device command,"
                + " controller halted over a host system error");
        assertThat(m.read(XhciMachine.USBSTS) & 5).isEqualTo(5);
        long before = m.queue.nanos();
        if (forEver) {
            assertThat(driver.shutdown()).startsWith("a worker holds the hub's lock");
            assertThat(m.queue.nanos() - before).isEqualTo(DriverPort.WITHOUT_BOUND_NANOS);
        } else {
            assertThat(driver.shutdown()).isNull();
        }
    }

    @Test
    void withoutInterruptsItsCommandIsAborted() {
        m.port.interrupts(vector -> false);
        var driver = new XhciDriver(m.port);
        long before = m.queue.nanos();
        assertThat(driver.probe()).isEqualTo("Timeout while waiting for setup device command");
        assertThat(m.queue.nanos() - before).isBetween(SECOND / 10, 12 * SECOND);
        assertThat(driver.shutdown()).isNull();
    }

    /** Events go elsewhere, as through a stale translation, and the controller tells on and on. */
    @Test
    void interruptsThatTellOfNothingDoNotKeepItWaiting() {
        byte[] nothing = new byte[0x1_0000];
        m.port.interrupts(vector -> {
            m.queue.advance(MILLI / 10);
            m.memory.write(0x10_1000, nothing, 0, nothing.length);
            return true;
        });
        long before = m.queue.nanos();
        assertThat(new XhciDriver(m.port).probe())
                .startsWith("Timeout while waiting for setup device command");
        assertThat(m.queue.nanos() - before).isBetween(5 * SECOND, 12 * SECOND);
    }

    @Test
    void aFunctionWithoutAnInterruptIsPolled() {
        m.function.set(0x3d, 1, 0);
        assertThat(capture().probe()).isNull();
    }

    @Test
    void workGoesOnFromBusMasteringToTheReset() {
        m = new XhciMachine(Map.of(DeviceContext.MEDIUM_NANOS, 3 * MILLI));
        busy(0, 33 * MILLI);
        m.function.writeConfig(4, 2, 2);
        m.queue.advance(SECOND);
        m.root.clear();
        var port = new FakeDriverPort(m.function, m.memory, m.queue, 0x80_0000, 0x90_0000);
        port.ask(DeviceOptions.MASTER_TO_RESET_NANOS, 20 * MILLI);
        assertThat(new XhciDriver(port).probe()).isNull();
        assertThat(requestsTo(MEMORY)).isBetween(0L, 100L);
    }
}
