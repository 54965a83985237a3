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

    private final KernelFixture fixture = new KernelFixture();
    private final LinuxAmdViDriver driver = fixture.firstKernel();

    @Test
    void aPageFaultIsPrintedInTheKernelsWords() {
        driver.map(NIC, IOVA, 0x10_0000, 0x1000, Access.READ);
        fixture.console.clear();
        fixture.go(NIC, IOVA + 4, Access.WRITE);
        assertThat(fixture.interrupts).isEqualTo(1);
        driver.handleFaults();
        assertThat(fixture.console).containsExactly("pci 0000:00:08.0: AMD-Vi: Event logged"
                + " [IO_PAGE_FAULT domain=0x0001 address=0xffff8004 flags=0x0070]");
    }

    @Test
    void eachEventIsPrintedOnceAndClearedInMemory() {
        fixture.go(NIC, IOVA);
        driver.handleFaults();
        fixture.console.clear();
        driver.handleFaults();
        assertThat(fixture.console).isEmpty();
        long log = AmdViRegisters.BASE.inPlace(fixture.get(AmdViRegisters.EVENT_LOG));
        assertThat(fixture.memory.read64(log)).isZero();
        assertThat(fixture.get(AmdViRegisters.EVENT_HEAD)).isEqualTo(16);
        assertThat(fixture.get(AmdViRegisters.STATUS) & Status.EVENT_LOG_INT.mask()).isZero();
        fixture.go(NIC, IOVA);
        assertThat(fixture.interrupts).isEqualTo(2);
    }

    @Test
    void aDevicesFaultsAreLimitedToTenLinesInFiveSeconds() {
        fixture.console.clear();
        for (int i = 0; i < 40; i++) {
            fixture.go(NIC, IOVA);
            fixture.go(NIC + 8, IOVA);
        }
        driver.handleFaults();
        assertThat(fixture.console).hasSize(20);
        fixture.now += 6_000_000_000L;
        fixture.go(NIC, IOVA);
        driver.handleFaults();
        assertThat(fixture.console).hasSize(21);
    }

    @Test
    void anOverflowIsToldAndTheLogRestarted() {
        fixture.console.clear();
        for (int i = 0; i < 600; i++) {
            fixture.go(NIC, IOVA);
        }
        assertThat(fixture.get(AmdViRegisters.STATUS) & 1).isOne();
        driver.handleFaults();
        assertThat(fixture.console).last().isEqualTo("AMD-Vi: IOMMU event log overflow");
        assertThat(fixture.get(AmdViRegisters.STATUS))
                .isEqualTo(Status.EVENT_LOG_RUN.mask() | Status.CMD_BUF_RUN.mask());
        fixture.now += 6_000_000_000L;
        fixture.go(NIC, IOVA);
        driver.handleFaults();
        assertThat(fixture.console).last().asString().contains("IO_PAGE_FAULT");
    }

    @Test
    void otherEventsHaveLinesOfTheirOwn() {
        fixture.console.clear();
        fixture.go(0x400, IOVA);
        fixture.go(NIC, 0xfee0_0000L);
        long ring = AmdViRegisters.BASE.inPlace(fixture.get(AmdViRegisters.CMD_BUF));
        long tail = fixture.get(AmdViRegisters.CMD_TAIL);
        fixture.memory.write64(ring + tail, 0xfL << 60);
        fixture.unit.writeRegister(0x2008, 8, tail + 16);
        driver.handleFaults();
        assertThat(fixture.console).containsExactly(
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
        long tail = fixture.get(AmdViRegisters.CMD_TAIL);
        long ring = AmdViRegisters.BASE.inPlace(fixture.get(AmdViRegisters.CMD_BUF));
        fixture.memory.write64(ring + tail, 0);
        fixture.unit.writeRegister(0x2008, 8, tail + 16);
        fixture.console.clear();
        long before = fixture.now;
        driver.unmap(NIC, IOVA, 0x1000);
        assertThat(fixture.console).containsExactly("AMD-Vi: Completion-Wait loop timed out");
        assertThat(fixture.now - before).isBetween(100_000_000L, 101_000_000L);
    }

    @Test
    void aHostileLogEndsToo() {
        fixture.unit.writeRegister(AmdViRegisters.EVENT_TAIL.offset(), 8, 0x7_fff0);
        fixture.go(NIC, IOVA);
        driver.handleFaults();
        assertThat(fixture.get(AmdViRegisters.EVENT_HEAD)).as("the tail, within the log")
                .isEqualTo(0x7_fff0 % 8192);
    }
}
