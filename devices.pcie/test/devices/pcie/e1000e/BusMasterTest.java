// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.e1000e.NicMachine.EXPRESS;
import static devices.pcie.e1000e.NicMachine.MILLI;
import static iommu.testkit.Request.Kind.READ;
import static org.assertj.core.api.Assertions.assertThat;

import devices.pcie.link.DeviceOptions;
import iommu.api.memory.AddressRange;
import iommu.api.pcie.CompletionStatus;
import iommu.testkit.Request;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How transfers become requests, and what an aborted one leads to. */
class BusMasterTest {

    private static final long DATA = 0x200000;
    private static final long EOP_RS = 1 << 24 | 1 << 27;

    private NicMachine machine;

    private void machine(Map<String, Long> options) {
        machine = new NicMachine(EXPRESS, options);
    }

    /** Adds the capability of PCI Express; chips read it when they are reset. */
    private void sizes(int payload, int read) {
        machine.function.writeConfig(0xa1, 1, 0x40);
        machine.function.writeConfig(0x40, 1, 0x10);
        machine.function.writeConfig(0x48, 2, read << 12 | payload << 5);
        machine.write(NicLayout.CTRL, 1 << 26);
    }

    private List<Integer> bytesOf(Request.Kind kind, long from, long end) {
        return machine.root.requests().stream().filter(r -> r.kind() == kind
                && r.address() >= from && r.address() < end).map(Request::value).toList();
    }

    /** Max_Payload_Size and Max_Read_Request_Size as config space has them; data requests. */
    @ParameterizedTest
    @CsvSource({"0, 0, 11, 9", "1, 0, 6, 9", "2, 2, 3, 3", "0, 5, 11, 2", "5, 5, 1, 2",
        "7, 7, 1, 2"})
    void requestsAreAsLargeAsConfigSpaceAllows(int payload, int read, int writes, int reads) {
        machine(Map.of("frameNanos", 10 * MILLI, "frameBytes", 1400L));
        sizes(payload, read);
        machine.receive(8, 0);
        machine.transmit(16);
        machine.run(15 * MILLI);
        machine.descriptor(0, DATA + 4096 - 100, EOP_RS | 1000);
        machine.write(NicLayout.TDT, 1);
        machine.run(MILLI);

        assertThat(bytesOf(Request.Kind.WRITE, NicMachine.BUFFERS, NicMachine.BUFFERS + 2048))
                .hasSize(writes);
        assertThat(bytesOf(READ, DATA, DATA + 8192)).hasSize(reads).startsWith(100);
        assertThat(bytesOf(READ, DATA, DATA + 8192).stream().mapToInt(i -> i).sum())
                .isEqualTo(1000);
    }

    @ParameterizedTest
    @CsvSource({"0, false", "2, false", "4, true", "6, true", "0x404, true"})
    void requestsLeaveWithBusMasteringAlone(String command, boolean leave) {
        machine(Map.of("frameNanos", MILLI));
        machine.function.writeConfig(4, 2, 6);
        machine.receive(8, 0);
        machine.transmit(16);
        machine.descriptor(0, DATA, EOP_RS | 100);
        machine.write(NicLayout.TDT, 1);
        machine.function.writeConfig(4, 2, Integer.decode(command));
        machine.run(3 * MILLI);

        assertThat(machine.root.requests().isEmpty()).isEqualTo(!leave);
        assertThat(machine.context.committed()).hasSize(leave ? 1 : 0);
    }

    /** Between any two events of a frame: off, long enough, and on again. */
    @ParameterizedTest
    @ValueSource(longs = {500, 1500, 2500, 4000, 6000, 9000, 12_000, 13_500})
    void switchedOffAnywhereAFrameIsStillSentOnce(long instant) {
        machine(Map.of());
        byte[] frame = machine.frame(DATA, 1000);
        machine.transmit(16);
        machine.descriptor(0, DATA, EOP_RS | 1000);
        machine.write(NicLayout.TDT, 1);
        machine.run(instant);
        machine.function.writeConfig(4, 2, 2);
        machine.root.clear();
        machine.run(35 * MILLI);
        assertThat(machine.root.requests()).isEmpty();
        machine.function.writeConfig(4, 2, 6);
        machine.run(20 * MILLI);

        assertThat(machine.context.committed()).hasSize(1);
        assertThat(machine.context.committed().get(0).bytes()).isEqualTo(frame);
        assertThat(machine.read(NicLayout.TDH)).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(value = CompletionStatus.class, names = "SUCCESS", mode = EnumSource.Mode.EXCLUDE)
    void howeverAReadIsAbortedTheUnitStopsAndTheOtherGoesOn(CompletionStatus status) {
        machine(Map.of("frameNanos", 10 * MILLI));
        machine.receive(8, 0);
        machine.run(15 * MILLI);
        machine.transmit(16);
        machine.root.answer(status);
        machine.write(NicLayout.TDT, 1);
        machine.run(MILLI);
        machine.root.answer(CompletionStatus.SUCCESS);
        machine.run(30 * MILLI);

        assertThat(machine.read(NicLayout.TDH)).as("transmitting has stopped").isZero();
        assertThat(machine.read(NicLayout.RDH)).as("receiving goes on").isEqualTo(4);
    }

    /** abortedReads, wedgesOnAbort; sent, and whether registers still take writes. */
    @ParameterizedTest
    @CsvSource({"0, 0, 0, true", "1, 0, 1, true", "0, 1, 0, false", "1, 1, 0, false"})
    void whatAnAbortLeadsToIsAChoice(long zeros, long wedges, int sent, boolean writable) {
        machine(Map.of(NicOptions.ABORTED_READS, zeros, DeviceOptions.WEDGES_ON_ABORT, wedges));
        machine.transmit(16);
        machine.descriptor(0, DATA, EOP_RS | 100);
        machine.root.refuse(AddressRange.of(DATA, 4096));
        machine.write(NicLayout.TDT, 1);
        machine.run(MILLI);
        machine.write(NicLayout.TIPG, 0x1234);

        assertThat(machine.context.committed()).hasSize(sent);
        assertThat(machine.read(NicLayout.TIPG) == 0x1234).isEqualTo(writable);
        machine.device.reset();
        machine.root.refuse(null);
        machine.transmit(16);
        machine.write(NicLayout.TDT, 1);
        machine.run(MILLI);
        assertThat(machine.context.committed()).as("after a reset of the function")
                .hasSize(sent + 1);
    }

    @Test
    void writesThatAreAbortedNobodyTellsTheChip() {
        machine(Map.of("frameNanos", MILLI, DeviceOptions.WEDGES_ON_ABORT, 1L));
        machine.receive(8, 0);
        machine.root.refuse(AddressRange.of(NicMachine.BUFFERS, 1 << 20));
        machine.run(4 * MILLI + MILLI / 2);

        assertThat(machine.read(NicLayout.RDH)).isEqualTo(4);
        assertThat(machine.read(Statistics.GPRC)).isEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 4 * MILLI})
    void oneThatIsGoneSendsNothing(long from) {
        machine(Map.of("frameNanos", MILLI, DeviceOptions.GONE_FROM_NANOS, from));
        machine.receive(8, 0);
        machine.run(from);
        machine.root.clear();
        machine.run(100 * MILLI);

        assertThat(machine.root.requests()).isEmpty();
        assertThat(machine.device.present()).isFalse();
        assertThat(machine.queue.pending()).isZero();
    }
}
