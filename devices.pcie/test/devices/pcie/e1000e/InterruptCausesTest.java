// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.NicMachine.CONVENTIONAL;
import static devices.pcie.e1000e.NicMachine.EXPRESS;
import static devices.pcie.e1000e.NicMachine.MILLI;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.testkit.FakeDriverPort;
import iommu.testkit.Request;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Causes, masks, the pin and messages. */
class InterruptCausesTest {

    private NicMachine machine;

    private void pin(int id) {
        machine = new NicMachine(id, Map.of("frameNanos", MILLI));
        machine.function.writeConfig(0x3d, 1, 1);
        var context = new iommu.testkit.FakeDeviceContext(machine.function,
                new iommu.testkit.RootPort(machine.root, 0x100), machine.queue,
                Map.of("frameNanos", MILLI));
        machine.function.device(new E1000eModel().device(context));
    }

    private void table() {
        machine = new NicMachine(EXPRESS, Map.of("frameNanos", MILLI));
        machine.port.enableInterrupts(3);
        machine.write(NicLayout.IVAR, 0x800a_0908L);
    }

    private List<Request> messages() {
        return machine.root.requests().stream()
                .filter(r -> r.address() >= FakeDriverPort.INTERRUPTS).toList();
    }

    @Test
    void thePinFollowsCausesThatAreEnabled() {
        pin(CONVENTIONAL);
        machine.write(NicLayout.ICS, 4);
        assertThat(machine.function.pinAsserted()).isFalse();
        machine.write(NicLayout.IMS, 4);
        assertThat(machine.function.pinAsserted()).isTrue();
        assertThat(machine.read(NicLayout.ICR)).isEqualTo(4);
        assertThat(machine.function.pinAsserted()).as("read, so cleared").isFalse();
        machine.write(NicLayout.ICS, 0x84);
        machine.write(NicLayout.IMC, 4);
        assertThat(machine.function.pinAsserted()).isFalse();
        assertThat(machine.read(NicLayout.IMS)).isZero();
    }

    @Test
    void readingCausesClearsThemOnlyIfOneIsAssertedOrNoneEnabled() {
        pin(EXPRESS);
        machine.write(NicLayout.ICS, 1);
        assertThat(machine.read(NicLayout.ICR)).as("none enabled").isEqualTo(1);
        assertThat(machine.read(NicLayout.ICR)).isZero();
        machine.write(NicLayout.IMS, 0x80);
        machine.write(NicLayout.ICS, 1);
        assertThat(machine.read(NicLayout.ICR)).as("not asserted").isEqualTo(1);
        assertThat(machine.read(NicLayout.ICR)).isEqualTo(1);
        machine.write(NicLayout.ICS, 0x80);
        assertThat(machine.read(NicLayout.ICR)).isEqualTo(0x8000_0081L);
        assertThat(machine.read(NicLayout.ICR)).isZero();
    }

    @Test
    void writtenOnesClearAndMayDisable() {
        pin(EXPRESS);
        machine.write(NicLayout.IMS, 0x81);
        machine.write(NicLayout.ICS, 0x81);
        machine.write(NicLayout.ICR, 0x80);
        assertThat(machine.read(NicLayout.ICS)).isEqualTo(1);
        machine.write(NicLayout.IAM, 0x80);
        machine.write(NicLayout.CTRL_EXT, 1 << 27);
        machine.write(NicLayout.ICR, 1);

        assertThat(machine.read(NicLayout.IMS)).isEqualTo(1);
        assertThat(machine.function.pinAsserted()).isFalse();
    }

    @Test
    void theTableTellsQueuesApart() {
        table();
        machine.write(NicLayout.IMS, 0x0150_0004L);
        machine.write(NicLayout.ICS, 1 << 20);
        machine.write(NicLayout.ICS, 1 << 22);
        machine.write(NicLayout.ICS, 4);
        machine.write(NicLayout.ICS, 1 << 21);

        assertThat(messages()).extracting(Request::value).containsOnly(4);
        assertThat(machine.root.requests()).extracting(Request::address).containsExactly(
                FakeDriverPort.INTERRUPTS, FakeDriverPort.INTERRUPTS, FakeDriverPort.INTERRUPTS);
        assertThat(machine.read(NicLayout.ICS)).as("other, and the queue without an entry")
                .isEqualTo(0x0170_0004L);
    }

    @Test
    void aMessageClearsWhatIsToBeClearedByItself() {
        table();
        machine.write(NicLayout.EIAC, 1 << 20);
        machine.write(NicLayout.IMS, 1 << 20);
        machine.write(NicLayout.ICS, 1 << 20);

        assertThat(messages()).hasSize(1);
        assertThat(machine.read(NicLayout.ICS)).isZero();
        assertThat(machine.read(NicLayout.IMS)).isZero();
    }

    @Test
    void throttlingHoldsMessagesBack() {
        table();
        machine.write(NicLayout.eitr(0), 4000);
        machine.write(NicLayout.IMS, 1 << 20);
        for (int i = 0; i < 5; i++) {
            machine.write(NicLayout.ICS, 1 << 20);
        }
        assertThat(messages()).hasSize(1);
        machine.run(MILLI);
        assertThat(messages()).hasSize(1);
        machine.run(MILLI / 10);
        assertThat(messages()).as("1.024 ms apart").hasSize(2);
        machine.run(10 * MILLI);
        assertThat(messages()).hasSize(2);
    }

    @Test
    void aFrameReceivedIsTold() {
        table();
        machine.write(NicLayout.IMS, 1 << 20);
        machine.receive(8, 0);
        machine.run(2 * MILLI + MILLI / 2);

        assertThat(messages()).hasSize(2);
    }

    @Test
    void aResetForgetsCausesAndMasks() {
        pin(EXPRESS);
        machine.write(NicLayout.IMS, 0x80);
        machine.write(NicLayout.ICS, 0x80);
        assertThat(machine.function.pinAsserted()).isTrue();
        machine.write(NicLayout.CTRL, 1 << 26);

        assertThat(machine.function.pinAsserted()).isFalse();
        assertThat(machine.read(NicLayout.ICS)).isZero();
        assertThat(machine.read(NicLayout.IMS)).isZero();
    }
}
