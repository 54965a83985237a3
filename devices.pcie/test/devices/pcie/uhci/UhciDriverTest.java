// SPDX-License-Identifier: Apache-2.0
package devices.pcie.uhci;

import static devices.pcie.uhci.UhciMachine.CMD;
import static devices.pcie.uhci.UhciMachine.INTR;
import static devices.pcie.uhci.UhciMachine.LEGSUP;
import static devices.pcie.uhci.UhciMachine.MILLI;
import static devices.pcie.uhci.UhciMachine.PORT1;
import static devices.pcie.uhci.UhciMachine.STS;
import static devices.pcie.usb.FirstKernel.MEMORY;
import static devices.pcie.usb.FirstKernel.pages;
import static devices.pcie.usb.FirstKernel.serve;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.Workload;
import iommu.testkit.FakeDriverPort;
import iommu.testkit.Request;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The driver under both kernels, and the hand-off of T5b. */
class UhciDriverTest {

    private static final long SECOND = 1_000 * MILLI;
    private static final AddressRange RESERVED = new AddressRange(0x8_0000, 0x9_0000);
    private static final Map<String, Long> FIRMWARE = Map.of("legacyUse", 1L, "reservedStart",
            RESERVED.start(), "reservedBytes", RESERVED.bytes(), "reportNanos", 20 * MILLI);

    private UhciMachine m = new UhciMachine(Map.of("reportNanos", 5 * MILLI));

    private static Workload workload(int rings, int writable) {
        return new Workload(500, false, 500, 512, pages(0, rings), List.of(), pages(8, writable),
                List.of(), null);
    }

    private UhciDriver busy(Workload work, long nanos) {
        var driver = new UhciDriver(m.port);
        driver.start(work, 3);
        serve(driver, m.queue, nanos);
        return driver;
    }

    private FakeDriverPort capturePort() {
        return new FakeDriverPort(m.function, m.memory, m.queue, 0x80_0000, 0x90_0000);
    }

    private List<Request> during(long nanos) {
        m.root.clear();
        m.queue.advance(nanos);
        return List.copyOf(m.root.requests());
    }

    // ---- under the first kernel -----------------------------------------------------------------

    @Test
    void reportsComeOneAfterTheOther() {
        busy(workload(2, 4), 100 * MILLI);
        long reports = m.root.requests().stream().filter(r -> r.kind() == Request.Kind.WRITE
                && r.address() == MEMORY.start() + 0x1040).count();
        assertThat(reports).isBetween(5L, 20L);
        assertThat(m.root.requests()).allMatch(r -> MEMORY.contains(r.address()));
    }

    /** Two pages of it: the second may be one that is not for rings, or a new one. */
    @ParameterizedTest
    @CsvSource({"2, 0", "1, 3", "1, 0"})
    void itsScheduleLiesInWhatIsMapped(int rings, int writable) {
        busy(workload(rings, writable), 20 * MILLI);
        List<DmaBuffer> all = new ArrayList<>(pages(0, rings));
        all.addAll(pages(8, writable));
        all.addAll(m.port.mapped());
        assertThat(m.root.requests()).isNotEmpty().allMatch(r -> all.stream().anyMatch(
                p -> r.address() >= p.iova() && r.address() < p.iova() + 4096));
        assertThat(m.port.mapped()).hasSize(rings + writable >= 2 ? 0 : 1);
    }

    @Test
    void pagesBeyond32BitsAreNotForIt() {
        var beyond = new DmaBuffer(1L << 32, MEMORY.start(), 4096);
        var driver = new UhciDriver(m.port);
        driver.start(new Workload(100, false, 500, 512, List.of(beyond), List.of(),
                pages(8, 1), List.of(), null), 1);
        m.queue.advance(10 * MILLI);
        assertThat(m.root.requests()).isNotEmpty().allMatch(r -> r.address() >> 32 == 0);
        assertThat(m.port.mapped()).hasSize(1);
    }

    /** What firmware reserved memory for; so it was seen of controllers of this kind. */
    @Test
    void withoutAKernelItReadsItsScheduleForEver() {
        busy(workload(2, 0), 33 * MILLI);
        m.queue.advance(SECOND);
        List<Request> late = during(SECOND);
        assertThat(late).hasSizeBetween(2000, 3000).allMatch(r -> r.kind() == Request.Kind.READ)
                .allMatch(r -> MEMORY.contains(r.address()));
        assertThat(during(60 * SECOND)).hasSizeGreaterThan(100_000);
    }

    @Test
    void anIdleWorkloadStartsNothing() {
        var driver = new UhciDriver(m.port);
        driver.start(Workload.none(), 1);
        assertThat(driver.service()).isZero();
        assertThat(during(SECOND)).isEmpty();
    }

    // ---- the hand-off of T5b --------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"6, 1, false", "3, 6, false", "3, 5, true", "2, 6, true"})
    void theHandOffResetsIt(int major, int minor, boolean master) {
        busy(workload(2, 0), 33 * MILLI);
        FakeDriverPort port = capturePort();
        port.version(major, minor);
        m.function.writeConfig(4, 2, 5);
        new UhciDriver(port).finalFixup();
        assertThat(m.read(STS)).isEqualTo(0x20);
        assertThat(m.read(CMD)).isZero();
        assertThat(m.read(PORT1) & 0x7).as("as if just plugged in").isEqualTo(3);
        assertThat(m.function.readConfig(LEGSUP, 2)).isZero();
        assertThat(m.function.busMaster()).isEqualTo(master);
        assertThat(during(SECOND)).isEmpty();
    }

    @Test
    void oldKernelsLeaveAloneWhatDecodesNothing() {
        busy(workload(2, 0), 33 * MILLI);
        FakeDriverPort port = capturePort();
        port.version(3, 5);
        m.function.writeConfig(4, 2, 4);
        new UhciDriver(port).finalFixup();
        assertThat(during(SECOND)).isNotEmpty();
    }

    /** As a kernel leaves it that has suspended it. */
    @Test
    void aSuspendedOneIsNotReset() {
        m.function.writeConfig(LEGSUP, 2, 0);
        m.write(CMD, 0x48);
        int resets = m.context.resets();
        new UhciDriver(capturePort()).finalFixup();
        assertThat(m.context.resets()).isEqualTo(resets);
        m.write(INTR, 1);
        new UhciDriver(capturePort()).finalFixup();
        assertThat(m.context.resets()).isEqualTo(resets + 1);
    }

    @Test
    void aResetThatDoesNothingIsAWarning() {
        m = new UhciMachine(Map.of("ignoresReset", 1L, "reportNanos", 5 * MILLI));
        busy(workload(2, 0), 33 * MILLI);
        var driver = new UhciDriver(capturePort());
        driver.finalFixup();
        assertThat(during(SECOND)).as("halted all the same").isEmpty();
        assertThat(driver.probe()).isNull();
    }

    // ---- firmware -------------------------------------------------------------------------------

    @Test
    void firmwareUsesItsKeyboardThroughWhatIsReserved() {
        m = new UhciMachine(FIRMWARE);
        assertThat(m.function.readConfig(LEGSUP, 2)).isEqualTo(0x1f);
        List<Request> requests = during(SECOND);
        assertThat(requests).allMatch(r -> RESERVED.contains(r.address()));
        assertThat(requests).filteredOn(r -> r.kind() == Request.Kind.READ)
                .hasSizeBetween(1100, 1400);
        long place = RESERVED.start() + 5 * 0x2000;
        assertThat(requests).filteredOn(r -> r.kind() == Request.Kind.WRITE
                && r.address() == place + 0x1040).as("reports, each after its SMI")
                .hasSizeBetween(20, 50);
        assertThat(m.function.pinAsserted()).as("interrupts are SMIs").isFalse();
    }

    @Test
    void itGoesOnUntilTheHandOff() {
        m = new UhciMachine(FIRMWARE);
        m.queue.advance(10 * SECOND);
        assertThat(during(100 * MILLI)).isNotEmpty();
        new UhciDriver(capturePort()).finalFixup();
        assertThat(during(60 * SECOND)).isEmpty();
    }

    /** With SMIs off a key that is pressed is the last; the schedule goes on. */
    @Test
    void withoutSmisTheScheduleGoesOnAndNothingElse() {
        m = new UhciMachine(FIRMWARE);
        m.function.writeConfig(LEGSUP, 2, 0x2000);
        m.queue.advance(SECOND);
        assertThat(during(SECOND)).hasSizeBetween(1100, 1300)
                .allMatch(r -> r.kind() == Request.Kind.READ);
    }

    @Test
    void theFirstKernelsDriverTakesItFromFirmware() {
        m = new UhciMachine(FIRMWARE);
        m.queue.advance(50 * MILLI);
        m.root.clear();
        busy(workload(2, 0), 200 * MILLI);
        assertThat(m.root.requests()).isNotEmpty().allMatch(r -> MEMORY.contains(r.address()));
    }

    /** Controllers of one chip get places that follow each other, and nothing but theirs. */
    @ParameterizedTest
    @ValueSource(longs = {0x2000, 0x2fff, 0x3000, 0x10000})
    void itStaysInItsPlace(long bytes) {
        m = new UhciMachine(Map.of("legacyUse", 1L, "reservedStart", 0x8_0000L, "reservedBytes",
                bytes));
        assertThat(during(10 * MILLI)).isNotEmpty().allMatch(r -> r.address() >= 0x8_0000
                && r.address() < 0x8_0000 + bytes);
    }

    // ---- under the capture kernel ---------------------------------------------------------------

    @Test
    void aProbeTakesItOver() {
        busy(workload(2, 0), 33 * MILLI);
        var driver = new UhciDriver(capturePort());
        driver.finalFixup();
        m.root.clear();
        assertThat(driver.probe()).isNull();
        serve(driver, m.queue, SECOND);
        assertThat(m.root.requests()).isNotEmpty().allMatch(r -> r.address() >= 0x80_0000
                && r.address() < 0x90_0000);
        assertThat(driver.write(0, 512, 0)).isEqualTo("has no medium");
        assertThat(driver.shutdown()).isNull();
        assertThat(during(SECOND)).isEmpty();
        assertThat(m.function.busMaster()).isFalse();
    }

    @Test
    void betweenBusMasteringAndItsResetItGoesOn() {
        busy(workload(2, 0), 33 * MILLI);
        m.function.writeConfig(4, 2, 1);
        FakeDriverPort port = capturePort();
        port.ask("masterToResetNanos", 20 * MILLI);
        m.root.clear();
        assertThat(new UhciDriver(port).probe()).isNull();
        assertThat(m.root.requests()).filteredOn(r -> MEMORY.contains(r.address()))
                .hasSizeBetween(20, 80);
    }

    @Test
    void withNothingPluggedInThereIsNothingToEnumerate() {
        m = new UhciMachine(Map.of("attached", 0L));
        assertThat(new UhciDriver(capturePort()).probe()).isNull();
    }

    @Test
    void withoutAnInterruptItIsPolled() {
        m.function.set(0x3d, 1, 0);
        assertThat(new UhciDriver(capturePort()).probe()).isNull();
    }

    @Test
    void anAbortedReadFailsTheProbe() {
        m.root.refuse(new AddressRange(0x80_0000, 0x90_0000));
        assertThat(new UhciDriver(capturePort()).probe()).isEqualTo(
                "host system error, PCI problems? host controller halted, very bad!");
    }

    @Test
    void interruptsThatDoNotComeFailItByTime() {
        m.function.writeConfig(4, 2, 0x405);
        long before = m.queue.nanos();
        assertThat(new UhciDriver(capturePort()).probe())
                .isEqualTo("device not accepting address 1, error -110");
        assertThat(m.queue.nanos() - before).isGreaterThanOrEqualTo(5 * SECOND);
    }

    @Test
    void onePulledOutIsNoController() {
        m.function.device(null);
        assertThat(new UhciDriver(capturePort()).probe()).isEqualTo("init error -19");
        assertThat(new UhciDriver(capturePort()).shutdown()).isNull();
    }

    @Test
    void itsModelSaysHowLongItGoesOn() {
        assertThat(new UhciModel().activity(null)).contains("until it is halted");
        assertThat(new UhciModel().name()).isEqualTo("uhci");
        assertThat(new UhciModel().options()).contains("legacyUse", "reportNanos");
        assertThat(m.read(CMD)).isZero();
    }
}
