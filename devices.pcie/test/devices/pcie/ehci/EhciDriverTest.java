// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ehci;

import static devices.pcie.ehci.EhciMachine.CMD;
import static devices.pcie.ehci.EhciMachine.CONFIG;
import static devices.pcie.ehci.EhciMachine.INTR;
import static devices.pcie.ehci.EhciMachine.LEGSUP;
import static devices.pcie.ehci.EhciMachine.MILLI;
import static devices.pcie.ehci.EhciMachine.STS;
import static devices.pcie.usb.FirstKernel.MEMORY;
import static devices.pcie.usb.FirstKernel.pages;
import static devices.pcie.usb.FirstKernel.serve;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.Workload;
import iommu.testkit.FakeDeviceContext.Committed;
import iommu.testkit.FakeDriverPort;
import iommu.testkit.Request;
import iommu.testkit.seeds.Seeds;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The driver under both kernels, and the hand-off of T5b. */
class EhciDriverTest {

    private static final long SECOND = 1_000 * MILLI;
    private static final AddressRange RESERVED = new AddressRange(0x8_0000, 0x9_0000);
    private static final int BIOS_OWNED = 1 << 16;
    private static final int OS_OWNED = 1 << 24;

    private EhciMachine m = new EhciMachine(Map.of("reportNanos", 5 * MILLI));

    private static Map<String, Long> firmware(long handOffNanos) {
        return new HashMap<>(Map.of("legacyUse", 1L, "reservedStart", RESERVED.start(),
                "reservedBytes", RESERVED.bytes(), "reportNanos", 20 * MILLI, "handOffNanos",
                handOffNanos));
    }

    private static Workload workload(int readsPerMille) {
        return new Workload(300, false, readsPerMille, 512, pages(0, 8), pages(8, 8), pages(16, 8),
                pages(24, 8), null);
    }

    private EhciDriver busy(int readsPerMille, long nanos) {
        var driver = new EhciDriver(m.port);
        driver.start(workload(readsPerMille), 3);
        serve(driver, m.queue, nanos);
        return driver;
    }

    private FakeDriverPort capturePort() {
        return new FakeDriverPort(m.function, m.memory, m.queue, 0x80_0000, 0x90_0000);
    }

    private EhciDriver capture() {
        return new EhciDriver(capturePort());
    }

    // ---- under the first kernel -----------------------------------------------------------------

    @Test
    void whatItPostsToTheDiskIsOnTheMedium() {
        for (long at = MEMORY.start() + 0x8000; at < MEMORY.start() + 0x1_0000; at += 8) {
            m.memory.write64(at, at * 0x9e37_79b9L);
        }
        busy(1000, 200 * MILLI);
        assertThat(m.port.posted()).hasSizeGreaterThan(8);
        assertThat(m.context.committed()).hasSizeGreaterThan(30);
        byte[] there = new byte[0x8000];
        m.memory.read(MEMORY.start() + 0x8000, there, 0, there.length);
        for (int i = 0; i < 4; i++) {
            byte[] first = m.context.committed().get(i).bytes();
            boolean found = false;
            for (int at = 0; at < there.length; at += 4096) {
                found |= Arrays.equals(there, at, at + 512, first, 0, 512);
            }
            assertThat(found).as("of the first command, sector %d", i).isTrue();
        }
    }

    /** So nothing that was posted counts as lost while all is well. */
    @Seeds(count = 5)
    void requestsAreCountedAsTheDriverCountsThem(long seed) {
        var driver = new EhciDriver(m.port);
        driver.start(workload(500), seed);
        serve(driver, m.queue, 300 * MILLI);
        List<Long> reached = m.context.committed().stream().map(Committed::sequence).distinct()
                .toList();
        List<Long> posted = m.port.posted();
        assertThat(reached).isNotEmpty();
        assertThat(posted.subList(0, reached.size())).isEqualTo(reached);
        assertThat(posted.size() - reached.size()).as("under way").isBetween(0, 1);
    }

    @Test
    void whatTheDiskReadsIsInMemory() {
        busy(0, 50 * MILLI);
        assertThat(m.context.committed()).isEmpty();
        assertThat(m.root.requests()).filteredOn(r -> r.kind() == Request.Kind.WRITE
                && r.address() >= MEMORY.start() + 24 * 0x1000).isNotEmpty();
    }

    /** A crash unlinks nothing: both schedules are gone through, and nobody has anything to say. */
    @ParameterizedTest
    @CsvSource({"0", "500", "1000"})
    void withoutAKernelItReadsItsSchedulesForEver(int readsPerMille) {
        busy(readsPerMille, 33 * MILLI);
        m.queue.advance(10 * SECOND);
        List<Request> late = m.during(SECOND);
        assertThat(late).hasSizeBetween(8000, 8500).allMatch(r -> MEMORY.contains(r.address()))
                .allMatch(r -> r.kind() == Request.Kind.READ);
    }

    @Test
    void oneReportOfTheKeyboardFollowsTheCrash() {
        EhciDriver driver = busy(500, 33 * MILLI);
        driver.service();
        List<Request> late = m.during(60 * SECOND);
        assertThat(late).filteredOn(r -> r.address() == MEMORY.start() + 0x1c40).hasSize(1);
    }

    @Test
    void anIdleWorkloadStartsNothing() {
        var driver = new EhciDriver(m.port);
        driver.start(Workload.none(), 1);
        assertThat(driver.service()).isZero();
        assertThat(m.during(SECOND)).isEmpty();
    }

    // ---- the hand-off of T5b --------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"6, 1, false", "3, 6, false", "3, 5, true"})
    void theHandOffHaltsIt(int major, int minor, boolean master) {
        busy(500, 33 * MILLI);
        assertThat(m.function.readConfig(LEGSUP, 4)).as("ours since it was started")
                .isEqualTo(OS_OWNED | 1);
        FakeDriverPort port = capturePort();
        port.version(major, minor);
        new EhciDriver(port).finalFixup();
        assertThat(m.read(STS) & 0x103f).isEqualTo(0x1000);
        assertThat(m.read(INTR)).isZero();
        assertThat(m.read(CONFIG)).as("firmware had nothing of it").isEqualTo(1);
        assertThat(m.function.busMaster()).isEqualTo(master);
        assertThat(m.during(SECOND)).isEmpty();
    }

    @Test
    void oldKernelsLeaveAloneWhatDecodesNothing() {
        busy(500, 33 * MILLI);
        FakeDriverPort port = capturePort();
        port.version(3, 5);
        m.function.writeConfig(4, 2, 4);
        new EhciDriver(port).finalFixup();
        assertThat(m.during(SECOND)).isNotEmpty();
    }

    // ---- firmware -------------------------------------------------------------------------------

    @Test
    void firmwareUsesItsKeyboardThroughWhatIsReserved() {
        m = new EhciMachine(firmware(MILLI));
        assertThat(m.function.readConfig(LEGSUP + 4, 4)).isEqualTo(0x2001);
        List<Request> requests = m.during(SECOND);
        assertThat(requests).allMatch(r -> RESERVED.contains(r.address()));
        assertThat(requests).filteredOn(r -> r.kind() == Request.Kind.READ)
                .hasSizeBetween(1100, 1400);
        long place = RESERVED.start() + 5 * 0x2000;
        assertThat(requests).filteredOn(r -> r.kind() == Request.Kind.WRITE
                && r.address() == place + 0x1080).as("reports, each after its SMI")
                .hasSizeBetween(20, 50);
        assertThat(m.function.pinAsserted()).isFalse();
    }

    /** Asked for it, firmware halts it and gives it up. */
    @Test
    void itGoesOnUntilTheHandOff() {
        m = new EhciMachine(firmware(30 * MILLI));
        m.queue.advance(10 * SECOND);
        assertThat(m.during(100 * MILLI)).isNotEmpty();
        long before = m.queue.nanos();
        capture().finalFixup();
        assertThat(m.queue.nanos() - before).isBetween(30 * MILLI, 45 * MILLI);
        assertThat(m.function.readConfig(LEGSUP, 4)).isEqualTo(OS_OWNED | 1);
        assertThat(m.function.readConfig(LEGSUP + 4, 4)).as("no SMIs").isZero();
        assertThat(m.read(CONFIG)).isZero();
        assertThat(m.during(60 * SECOND)).isEmpty();
    }

    @Test
    void firmwareThatKeepsItIsOverruledAfterASecond() {
        m = new EhciMachine(firmware(-1));
        long before = m.queue.nanos();
        capture().finalFixup();
        assertThat(m.queue.nanos() - before).isBetween(SECOND, SECOND + 20 * MILLI);
        assertThat(m.function.readConfig(LEGSUP, 4) & BIOS_OWNED).isZero();
        assertThat(m.during(60 * SECOND)).isEmpty();
    }

    /** It is an SMI that asks it. */
    @Test
    void firmwareIsNotAskedWhileSmisAreOff() {
        m = new EhciMachine(firmware(MILLI));
        m.function.writeConfig(LEGSUP + 4, 4, 0);
        m.function.writeConfig(LEGSUP + 3, 1, 1);
        m.queue.advance(SECOND);
        assertThat(m.function.readConfig(LEGSUP, 4)).isEqualTo(OS_OWNED | BIOS_OWNED | 1);
        assertThat(m.during(SECOND)).isNotEmpty();
    }

    @Test
    void theFirstKernelsDriverTakesItFromFirmware() {
        m = new EhciMachine(firmware(MILLI));
        m.queue.advance(50 * MILLI);
        m.root.clear();
        busy(500, 200 * MILLI);
        assertThat(m.root.requests()).isNotEmpty().allMatch(r -> MEMORY.contains(r.address())
                || RESERVED.contains(r.address()));
        m.queue.advance(SECOND);
        assertThat(m.during(SECOND)).allMatch(r -> MEMORY.contains(r.address()));
    }

    // ---- under the capture kernel ---------------------------------------------------------------

    @Test
    void aProbeTakesItOver() {
        busy(500, 33 * MILLI);
        EhciDriver driver = capture();
        driver.finalFixup();
        m.root.clear();
        assertThat(driver.probe()).isNull();
        serve(driver, m.queue, SECOND);
        assertThat(m.root.requests()).isNotEmpty().allMatch(r -> r.address() >= 0x80_0000
                && r.address() < 0x90_0000);
        assertThat(m.during(SECOND)).as("the list of frames and the keyboard's queue in it")
                .hasSizeBetween(1000, 1400);
        assertThat(driver.write(0, 512, 0)).isEqualTo("has no medium");
        assertThat(driver.shutdown()).isNull();
        assertThat(m.during(SECOND)).isEmpty();
        assertThat(m.read(CONFIG)).isZero();
        assertThat(m.function.busMaster()).isFalse();
    }

    @Test
    void betweenBusMasteringAndItsResetItGoesOn() {
        busy(500, 33 * MILLI);
        m.function.writeConfig(4, 2, 2);
        FakeDriverPort port = capturePort();
        port.ask("masterToResetNanos", 20 * MILLI);
        m.root.clear();
        assertThat(new EhciDriver(port).probe()).isNull();
        assertThat(m.root.requests()).filteredOn(r -> MEMORY.contains(r.address()))
                .hasSizeBetween(60, 200);
    }

    @ParameterizedTest
    @CsvSource({"ignoresReset, 1, can't setup: -110", "resetNanos, 251000000, can't setup: -110",
        "resetNanos, 249000000, ", "attached, 0, ", "companions, 3, ", "legacyUse, 0, "})
    void whatAProbeSaysOf(String option, long value, String failure) {
        m = new EhciMachine(Map.of(option, value));
        assertThat(capture().probe()).isEqualTo(failure);
    }

    @Test
    void withoutAnInterruptItIsPolled() {
        m.function.set(0x3d, 1, 0);
        assertThat(capture().probe()).isNull();
    }

    @Test
    void anAbortedReadFailsTheProbe() {
        m.root.refuse(new AddressRange(0x80_0000, 0x90_0000));
        EhciDriver driver = capture();
        assertThat(driver.probe()).isEqualTo("fatal error, HC died; cleaning up");
        assertThat(driver.shutdown()).isNull();
    }

    /** Only when it is enumerated: queues are read, what they lead to is not. */
    @Test
    void anAbortedReadOfDataFailsItToo() {
        busy(500, 33 * MILLI);
        m.function.set(0x3d, 1, 1);
        FakeDriverPort port = capturePort();
        port.allocatePages(2);
        m.root.refuse(new AddressRange(0x80_3000, 0x80_4000));
        assertThat(new EhciDriver(port).probe()).isEqualTo("fatal error, HC died; cleaning up");
    }

    @Test
    void interruptsThatDoNotComeFailItByTime() {
        m.function.writeConfig(4, 2, 0x406);
        long before = m.queue.nanos();
        assertThat(capture().probe()).isEqualTo("device not accepting address 1, error -110");
        assertThat(m.queue.nanos() - before).isGreaterThanOrEqualTo(5 * SECOND);
    }

    @Test
    void onePulledOutIsNoController() {
        m.function.device(null);
        assertThat(capture().probe()).isEqualTo("can't setup: -110");
        assertThat(capture().shutdown()).isNull();
        assertThat(m.read(CMD)).isEqualTo(-1);
    }
}
