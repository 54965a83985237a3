// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Status;
import iommu.api.pcie.Access;
import org.junit.jupiter.api.Test;

/** What the kernel prints of events, and how it keeps the log going. */
class EventHandlingTest {

    private static final int NIC = 0x40;
    private static final long IOVA = 0xffff_8000L;

    private final BenchKernel bench = new BenchKernel();
    private final LinuxAmdViDriver driver = bench.firstKernel();

    @Test
    void aPageFaultIsPrintedInTheKernelsWords() {
        driver.map(NIC, IOVA, 0x10_0000, 0x1000, Access.READ);
        bench.console.clear();
        bench.go(NIC, IOVA + 4, Access.WRITE);
        assertThat(bench.interrupts).isEqualTo(1);
        driver.handleFaults();
        assertThat(bench.console).containsExactly("pci 0000:00:08.0: AMD-Vi: Event logged"
                + " [IO_PAGE_FAULT domain=0x0001 address=0xffff8004 flags=0x0070]");
    }

    @Test
    void eachEventIsPrintedOnceAndClearedInMemory() {
        bench.go(NIC, IOVA);
        driver.handleFaults();
        bench.console.clear();
        driver.handleFaults();
        assertThat(bench.console).isEmpty();
        long log = AmdViRegisters.BASE.inPlace(bench.get(AmdViRegisters.EVENT_LOG));
        assertThat(bench.memory.read64(log)).isZero();
        assertThat(bench.get(AmdViRegisters.EVENT_HEAD)).isEqualTo(16);
        assertThat(bench.get(AmdViRegisters.STATUS) & Status.EVENT_LOG_INT.mask()).isZero();
        bench.go(NIC, IOVA);
        assertThat(bench.interrupts).isEqualTo(2);
    }

    @Test
    void aDevicesFaultsAreLimitedToTenLinesInFiveSeconds() {
        bench.console.clear();
        for (int i = 0; i < 40; i++) {
            bench.go(NIC, IOVA);
            bench.go(NIC + 8, IOVA);
        }
        driver.handleFaults();
        assertThat(bench.console).hasSize(20);
        bench.now += 6_000_000_000L;
        bench.go(NIC, IOVA);
        driver.handleFaults();
        assertThat(bench.console).hasSize(21);
    }

    @Test
    void anOverflowIsToldAndTheLogRestarted() {
        bench.console.clear();
        for (int i = 0; i < 600; i++) {
            bench.go(NIC, IOVA);
        }
        assertThat(bench.get(AmdViRegisters.STATUS) & 1).isOne();
        driver.handleFaults();
        assertThat(bench.console).last().isEqualTo("AMD-Vi: IOMMU event log overflow");
        assertThat(bench.get(AmdViRegisters.STATUS))
                .isEqualTo(Status.EVENT_LOG_RUN.mask() | Status.CMD_BUF_RUN.mask());
        bench.now += 6_000_000_000L;
        bench.go(NIC, IOVA);
        driver.handleFaults();
        assertThat(bench.console).last().asString().contains("IO_PAGE_FAULT");
    }

    @Test
    void otherEventsHaveLinesOfTheirOwn() {
        bench.console.clear();
        bench.go(0x400, IOVA);
        bench.go(NIC, 0xfee0_0000L);
        long ring = AmdViRegisters.BASE.inPlace(bench.get(AmdViRegisters.CMD_BUF));
        long tail = bench.get(AmdViRegisters.CMD_TAIL);
        bench.memory.write64(ring + tail, 0xfL << 60);
        bench.unit.writeRegister(0x2008, 8, tail + 16);
        driver.handleFaults();
        assertThat(bench.console).containsExactly(
                "AMD-Vi: Event logged [ILLEGAL_DEV_TABLE_ENTRY device=0000:04:00.0"
                        + " pasid=0x00000 address=0xffff8000 flags=0x0000]",
                "AMD-Vi: Event logged [INVALID_DEVICE_REQUEST device=0000:00:08.0"
                        + " pasid=0x00000 address=0xfee00000 flags=0x0000]",
                "AMD-Vi: Event logged [ILLEGAL_COMMAND_ERROR address=0x"
                        + Long.toHexString(ring + tail) + "]");
    }

    @Test
    void aCommandBufferThatHasStoppedTimesOutAndTheKernelGoesOn() {
        driver.map(NIC, IOVA, 0x10_0000, 0x1000, Access.READ);
        long tail = bench.get(AmdViRegisters.CMD_TAIL);
        long ring = AmdViRegisters.BASE.inPlace(bench.get(AmdViRegisters.CMD_BUF));
        bench.memory.write64(ring + tail, 0);
        bench.unit.writeRegister(0x2008, 8, tail + 16);
        bench.console.clear();
        long before = bench.now;
        driver.unmap(NIC, IOVA, 0x1000);
        assertThat(bench.console).containsExactly("AMD-Vi: Completion-Wait loop timed out");
        assertThat(bench.now - before).isBetween(100_000_000L, 101_000_000L);
    }

    @Test
    void aHostileLogEndsToo() {
        bench.unit.writeRegister(AmdViRegisters.EVENT_TAIL.offset(), 8, 0x7_fff0);
        bench.go(NIC, IOVA);
        driver.handleFaults();
        assertThat(bench.get(AmdViRegisters.EVENT_HEAD)).as("the tail, within the log")
                .isEqualTo(0x7_fff0 % 8192);
    }
}
