// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ahci;

import static devices.pcie.ahci.AhciMachine.MILLI;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.Workload;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The driver under both kernels. */
class AhciDriverTest {

    private AhciMachine machine = new AhciMachine(Map.of());

    private static Workload workload(int rings, int readsPerMille) {
        List<DmaBuffer> ring = new ArrayList<>();
        for (int i = 0; i < rings; i++) {
            ring.add(new DmaBuffer(0x10000 + i * 0x1000L, 0x10000 + i * 0x1000L, 4096));
        }
        List<DmaBuffer> buffers = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            buffers.add(new DmaBuffer(0x20000 + i * 0x1000L, 0x20000 + i * 0x1000L, 4096));
        }
        return new Workload(500, false, readsPerMille, 600, ring, List.of(), buffers, List.of(),
                null);
    }

    /** Serves the driver for a while as a kernel does: within events. */
    private void serve(DeviceDriver driver, long nanos) {
        machine.clock.schedule(1, new Runnable() {
            @Override
            public void run() {
                long again = driver.service();
                if (again > 0) {
                    machine.clock.schedule(again, this);
                }
            }
        });
        machine.clock.advance(nanos);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void keepsTheDiskBusyWithAnyNumberOfPages(int pages) {
        machine.fill(0x20000, 0x8000);
        DeviceDriver driver = machine.driver();
        driver.start(workload(pages, 1000), 1);
        serve(driver, 1000 * MILLI);
        assertThat(machine.context.committed()).hasSizeBetween(450, 550);
        assertThat(machine.context.committed()).allMatch(c -> c.bytes().length == 1024);
        assertThat(machine.context.committed().stream().map(c -> c.position()).distinct())
                .hasSameSizeAs(machine.context.committed());
        assertThat(machine.port.mapped()).hasSizeLessThanOrEqualTo(32);
    }

    @Test
    void countsRequestsAsTheDiskDoes() {
        machine = new AhciMachine(Map.of("mediumNanos", 2 * MILLI));
        DeviceDriver driver = machine.driver();
        driver.start(workload(3, 600), 4);
        serve(driver, 300 * MILLI);
        List<Long> reached = machine.context.committed().stream().map(c -> c.position() / 8)
                .toList();
        assertThat(machine.port.posted()).startsWith(reached.toArray(Long[]::new));
        assertThat(reached).hasSizeGreaterThan(50);
    }

    @Test
    void whatIsInFlightAtACrashIsFinite() {
        machine = new AhciMachine(Map.of("mediumNanos", 2 * MILLI));
        machine.driver().start(workload(3, 1000), 1);
        DeviceDriver driver = machine.driver();
        driver.start(workload(3, 1000), 1);
        machine.clock.advance(10 * MILLI);
        driver.service();
        machine.clock.advance(10 * MILLI);
        int before = machine.context.committed().size();
        machine.clock.advance(1000 * MILLI);
        assertThat(before).isBetween(2, 10);
        assertThat(machine.context.committed()).hasSize(32);
        assertThat(machine.clock.pending()).isZero();
    }

    @Test
    void recoversFromAnErrorByResettingTheLink() {
        machine = new AhciMachine(Map.of("mediumNanos", 2 * MILLI));
        DeviceDriver driver = machine.driver();
        driver.start(workload(1, 1000), 1);
        serve(driver, 20 * MILLI);
        machine.root.answer(CompletionStatus.UNSUPPORTED_REQUEST);
        machine.clock.advance(10 * MILLI);
        machine.root.answer(CompletionStatus.SUCCESS);
        int before = machine.context.committed().size();
        machine.clock.advance(1000 * MILLI);
        assertThat(machine.context.resets()).isEqualTo(1);
        assertThat(machine.context.committed()).hasSizeGreaterThan(before + 200);
    }

    @ParameterizedTest
    @CsvSource({"5, 5, true", "5, 6, false"})
    void itsPortIsStoppedBeforeARestart(int major, int minor, boolean runs) {
        machine.port.version(major, minor);
        DeviceDriver driver = machine.driver();
        assertThat(driver.probe()).isNull();
        assertThat(driver.shutdown()).isNull();
        assertThat((machine.read(AhciMachine.PX_CMD) & 1) != 0).isEqualTo(runs);
        assertThat(machine.read(AhciMachine.PX_IE) != 0).isEqualTo(runs);
    }

    @Test
    void whatAClosedGateHeldBackIsNeverSentAsTheResetComesFirst() {
        machine = new AhciMachine(Map.of("mediumNanos", 2 * MILLI));
        machine.driver().start(workload(3, 0), 1);
        machine.driver().service();
        DeviceDriver driver = machine.driver();
        driver.start(workload(3, 0), 1);
        serve(driver, 20 * MILLI);
        machine.function.writeConfig(4, 2, 3);
        machine.clock.advance(100 * MILLI);
        assertThat(machine.root.requests()).as("it was busy").isNotEmpty();
        machine.root.clear();
        assertThat(machine.driver().probe()).isNull();
        assertThat(machine.root.requests()).noneMatch(r -> r.address() >= 0x20000
                && r.address() < 0x28000);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void probeTakesOverARunningDisk(boolean messages) {
        if (messages) {
            machine.enableMessages();
        }
        machine.driver().start(workload(3, 500), 1);
        machine.clock.advance(MILLI);
        DeviceDriver capture = machine.driver();
        assertThat(capture.probe()).isNull();
        machine.fill(0x9000, 4096);
        int before = machine.context.committed().size();
        assertThat(capture.write(0x9000, 4096, 0xabcd_1234L)).isNull();
        assertThat(machine.context.committed()).hasSize(before + 1);
        assertThat(machine.context.committed().get(before).position()).isEqualTo(0xabcd_1234L);
        assertThat(machine.context.committed().get(before).bytes())
                .isEqualTo(machine.bytes(0x9000, 4096));
        assertThat(capture.write(0x9000, 4096, 8)).isNull();
        assertThat(machine.port.mapped()).as("the port's memory").hasSize(1);
    }

    @Test
    void probeFindsADiskAtAnotherPort() {
        machine = new AhciMachine(Map.of("port", 3L));
        assertThat(machine.driver().probe()).isNull();
    }

    @Test
    void probeFailsIfTheResetDoesNot() {
        machine = new AhciMachine(Map.of("ignoresReset", 1L));
        assertThat(machine.driver().probe()).isEqualTo("controller reset failed (0x80000001)");
        assertThat(machine.clock.nanos()).isGreaterThanOrEqualTo(1000 * MILLI);
    }

    @Test
    void probeFailsWithoutADisk() {
        machine = new AhciMachine(Map.of("sectors", 0L));
        assertThat(machine.driver().probe())
                .isEqualTo("SATA link down (SStatus 0 SControl 300)");
    }

    @Test
    void probeFailsOnADiskThatNeverGetsReady() {
        machine = new AhciMachine(Map.of("linkNanos", 600_000 * MILLI));
        assertThat(machine.driver().probe()).startsWith("SATA link down");
    }

    @Test
    void identifyTimesOutWithoutInterrupts() {
        machine.port.interrupts(vector -> false);
        assertThat(machine.driver().probe())
                .isEqualTo("failed to IDENTIFY (I/O error, err_mask=0x4)");
        assertThat(machine.clock.nanos() / (1000 * MILLI)).as("5, 10 and 30 seconds, resets")
                .isBetween(45L, 48L);
    }

    @Test
    void identifyFailsAtOnceIfReadsAreAborted() {
        machine.root.answer(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(machine.driver().probe())
                .isEqualTo("failed to IDENTIFY (I/O error, err_mask=0x20)");
        assertThat(machine.clock.nanos()).isLessThan(5000 * MILLI);
    }

    @Test
    void identifyFailsIfItsDataGoElsewhere() {
        AhciMachine lost = machine;
        lost.root.refuse(AddressRange.of(0x104000, 0x10000));
        assertThat(lost.driver().probe())
                .isEqualTo("failed to IDENTIFY (INIT_DEV_PARAMS failed, err_mask=0x80)");
    }

    @Test
    void writeIsTriedOnceMoreAfterAReset() {
        DeviceDriver capture = machine.driver();
        assertThat(capture.probe()).isNull();
        int resets = machine.context.resets();
        machine.root.refuse(AddressRange.of(0x9000, 4096));
        assertThat(capture.write(0x9000, 4096, 8))
                .isEqualTo("I/O error, dev sda, sector 8 op 0x1:(WRITE)");
        assertThat(machine.context.resets()).isEqualTo(resets + 1);
        assertThat(machine.context.committed()).isEmpty();
    }

    @Test
    void wedgedAdapterIsLeftAlone() {
        machine = new AhciMachine(Map.of("wedgesOnAbort", 1L));
        DeviceDriver capture = machine.driver();
        assertThat(capture.probe()).isNull();
        machine.root.refuse(AddressRange.of(0x9000, 4096));
        assertThat(capture.write(0x9000, 4096, 8)).isNotNull();
        assertThat(machine.driver().probe())
                .isEqualTo("failed to IDENTIFY (I/O error, err_mask=0x4)");
    }
}
