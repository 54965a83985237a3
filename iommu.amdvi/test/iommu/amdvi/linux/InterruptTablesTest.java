// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.DeviceTableEntry;
import iommu.api.pcie.Message;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.Interrupt;
import iommu.api.unit.StepRefusedException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Interrupts of a capture kernel's drivers, by tables of its own. */
class InterruptTablesTest {

    private static final int DISK = KernelFixture.DISK;
    private static final int NIC = KernelFixture.NIC;
    private static final long OLD_TABLE = 0x180_0000;

    private final KernelFixture fixture = new KernelFixture();

    @BeforeEach
    void crashedKernel() throws StepRefusedException {
        fixture.firstKernel();
    }

    /** The crashed kernel has the interrupts of a device remapped by a table without entries. */
    private void remapped(int device) {
        long base = AmdViRegisters.BASE.inPlace(fixture.get(AmdViRegisters.DEV_TAB));
        long q2 = DeviceTableEntry.INT_TAB_LEN.with(OLD_TABLE, 9);
        q2 = DeviceTableEntry.INT_CTL.with(q2, DeviceTableEntry.INT_REMAP);
        fixture.memory.write64(base + 32L * device + 16, DeviceTableEntry.IV.with(q2, 1));
        for (long at = OLD_TABLE; at < OLD_TABLE + 4096; at += 8) {
            fixture.memory.write64(at, 0);
        }
    }

    private LinuxAmdViDriver capture() throws StepRefusedException {
        fixture.captureKernelPages();
        LinuxAmdViDriver driver = fixture.driver();
        driver.initialiseInterrupts();
        driver.adoptTables(AdoptDepth.CONTEXTS);
        return driver;
    }

    private int vector(int source, long address, int data) {
        long outcome = fixture.unit.interrupt(source, address, data);
        return Interrupt.isBlocked(outcome) ? -1 : Interrupt.isUnchanged(outcome) ? -2
                : Interrupt.vector(outcome);
    }

    private int vector(int source, Message message) {
        return vector(source, message.address(), message.data());
    }

    @Test
    void whereNothingIsRemappedMessagesAreThePlatforms() throws StepRefusedException {
        assertThat(capture().interruptMessage(DISK, 0x31)).isNull();
        assertThat(vector(DISK, 0xfee0_0000L, 0x31)).as("unchanged").isEqualTo(-2);
    }

    @Test
    void eachDeviceGetsATableOfThisKernelAndEntriesInTurn() throws StepRefusedException {
        remapped(DISK);
        LinuxAmdViDriver driver = capture();
        assertThat(vector(DISK, 0xfee0_0000L, 0x31)).as("the old table has no entry").isEqualTo(-1);
        Message first = driver.interruptMessage(DISK, 0x31);
        Message second = driver.interruptMessage(DISK, 0x32);
        Message other = driver.interruptMessage(NIC, 0x33);
        assertThat(first.data()).isZero();
        assertThat(second.data()).isEqualTo(1);
        assertThat(other.data()).isZero();
        assertThat(vector(DISK, first)).isEqualTo(0x31);
        assertThat(vector(DISK, second)).isEqualTo(0x32);
        assertThat(vector(NIC, other)).isEqualTo(0x33);
        assertThat(vector(DISK, 0xfee0_0000L, 7)).as("not given out").isEqualTo(-1);
    }
}
