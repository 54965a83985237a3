// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import iommu.api.memory.AddressRange;
import iommu.api.memory.LateView;
import iommu.api.memory.PhysicalMemory;
import iommu.api.unit.KernelPort.Range;
import iommu.testkit.FakeKernelPort.RegisterWrite;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The kernel port keeps its contract, and does what a test sets up. */
class FakeKernelPortTest {

    private static final int NIC = 0x100;

    private final PhysicalMemory memory =
            new PhysicalMemory(List.of(new AddressRange(0, 0x10_0000)), 3);
    private final PlainUnit unit = new PlainUnit();
    private final FakeKernelPort port = new FakeKernelPort(unit, memory, 0x1_0000, 0x2_0000);

    @Test
    void registersAreTheUnitsAndWritesAreRecorded() {
        port.writeRegister(8, 4, 5);
        assertThat(port.readRegister(8, 4)).isEqualTo(5);
        port.deaf(true);
        port.writeRegister(8, 8, 6);
        assertThat(port.readRegister(8, 4)).as("it does not obey").isEqualTo(5);
        assertThat(port.registerWrites()).containsExactly(new RegisterWrite(8, 4, 5),
                new RegisterWrite(8, 8, 6));
    }

    @Test
    void aWaitEndsWhenTheRegisterHasTheValueOrTheTimeIsUp() {
        port.writeRegister(8, 4, 0xf0);
        assertThat(port.waitRegister(8, 4, 0xf0, 0xf0, 1000)).isTrue();
        assertThat(port.nanos()).isZero();
        assertThat(port.waitRegister(8, 4, 0x0f, 1, 1000)).isFalse();
        assertThat(port.nanos()).isEqualTo(1000);
        assertThat(port.failedWaits()).isEqualTo(1);
        port.whenTimePasses(() -> unit.writeRegister(8, 4, 1));
        assertThat(port.waitRegister(8, 4, 0x0f, 1, 1000)).as("it came meanwhile").isTrue();
    }

    @Test
    void pagesAreClearedAdjacentAndAligned() {
        long one = port.allocatePages(1);
        long three = port.allocatePages(3);
        assertThat(one).isEqualTo(0x1_0000);
        assertThat(three).as("aligned to four pages").isEqualTo(0x1_4000);
        for (long at = three; at < three + 3 * 4096; at += 8) {
            assertThat(port.read64(at)).isZero();
        }
        assertThat(port.pagesInUse()).isEqualTo(4);
        port.freePages(three, 3);
        assertThat(port.pagesInUse()).isEqualTo(1);
        assertThat(port.pagesLeft()).isEqualTo(8);
        assertThatIllegalStateException().isThrownBy(() -> port.allocatePages(9));
        port.pagesFrom(0x3_0000, 0x3_1000);
        assertThat(port.allocatePages(1)).isEqualTo(0x3_0000);
    }

    @Test
    void writesAreFlushedOnlyIfTheKernelDoes() {
        LateView unitsView = memory.lateView(false);
        long before = unitsView.read64(0x5000);
        port.write64(0x5000, 1);
        assertThat(unitsView.read64(0x5000)).as("kept back").isEqualTo(before);
        port.flushWrites(true);
        port.write64(0x5000, 2);
        assertThat(unitsView.read64(0x5000)).isEqualTo(2);
        port.copy(0x5000, 0x6000, 16);
        assertThat(unitsView.read64(0x6000)).isEqualTo(2);
        port.forgetsToFlush(true);
        port.write64(0x5000, 3);
        assertThat(unitsView.read64(0x5000)).isEqualTo(2);
        long page = port.allocatePages(1);
        assertThat(unitsView.read64(page)).as("clearing is a write too").isNotZero();
    }

    @Test
    void functionsAreWhatTheTestDescribes() {
        assertThat(port.functions()).isEmpty();
        assertThat(port.sourceIds(NIC)).containsExactly(NIC);
        assertThat(port.readConfig(NIC, 0, 2)).isEqualTo(0xffff);
        assertThat(port.extendedCapability(NIC, 0x0f)).isZero();
        port.functions(List.of(NIC));
        port.sourceIds(NIC, List.of(NIC, 0x200));
        port.reservedRanges(NIC, List.of(new Range(0x1000, 4096)));
        port.configOf(NIC).writeConfig(0, 2, 0x8086);
        port.extendedCapability(NIC, 0x0f, 0x140);
        port.allowAts(NIC);
        assertThat(port.functions()).containsExactly(NIC);
        assertThat(port.sourceIds(NIC)).containsExactly(NIC, 0x200);
        assertThat(port.reservedRanges(NIC)).containsExactly(new Range(0x1000, 4096));
        assertThat(port.reservedRanges(0x200)).isEmpty();
        assertThat(port.readConfig(NIC, 0, 2)).isEqualTo(0x8086);
        assertThat(port.extendedCapability(NIC, 0x0f)).isEqualTo(0x140);
        assertThat(port.allowsAts(NIC)).isTrue();
        assertThat(port.allowsAts(0x200)).isFalse();
        port.writeConfig(NIC, 0x146, 2, 0x8000);
        assertThat(port.readConfig(NIC, 0x146, 2)).isEqualTo(0x8000);
        port.unplug(NIC);
        port.writeConfig(NIC, 0x146, 2, 0);
        assertThat(port.readConfig(NIC, 0x146, 4)).as("nothing answers").isEqualTo(-1);
    }

    @Test
    void timePassesAsTheTestSays() {
        port.read64(0);
        assertThat(port.nanos()).isZero();
        port.accessNanos(100);
        port.read64(0);
        port.readRegister(8, 4);
        port.writeRegister(8, 4, 0);
        port.pause(50);
        assertThat(port.nanos()).isEqualTo(350);
    }

    @Test
    void whatHappensAfterAWriteComesAfterIt() {
        port.afterWrite(() -> port.print("now " + unit.readRegister(8, 4)));
        port.writeRegister(8, 4, 9);
        assertThat(port.console()).containsExactly("now 9");
    }

    @Test
    void memoryIsThereOrNot() {
        assertThat(port.isMemory(0xf_fff8, 8)).isTrue();
        assertThat(port.isMemory(0xf_fff8, 9)).isFalse();
        var other = new PlainUnit();
        other.writeRegister(8, 4, 77);
        port.unit(other);
        assertThat(port.readRegister(8, 4)).isEqualTo(77);
    }
}
