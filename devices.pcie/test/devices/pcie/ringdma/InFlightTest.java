// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ringdma;

import static org.assertj.core.api.Assertions.assertThat;

import devices.pcie.link.DeviceOptions;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.Workload;
import iommu.api.sim.EventQueue;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.FakeDriverPort;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.Request;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What an engine holds, and what an aborted request does to it. */
class InFlightTest {

    private static final int REQUESTER = 0x100;
    private static final long RING = 0x1000;
    private static final long BUFFER = 0x2000;
    private static final long MILLI = 1_000_000;

    private final ByteBuffer config = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
    private final EventQueue clock = new EventQueue();
    private final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, 0x10_0000)));
    private final RecordingUpstream root = new RecordingUpstream(memory);
    private final Map<String, Long> options = new HashMap<>();
    private PciFunction function;

    @BeforeEach
    void networkController() {
        config.putShort(0x04, (short) 6).putInt(0x08, 0x0200_0000).put(0x3d, (byte) 1);
    }

    private FakeDriverPort port() {
        function = new PcieFabricOf(config, root, clock, options).function(REQUESTER);
        var port = new FakeDriverPort(function, memory, clock, 0x10000, 0x80000);
        port.interrupts(root::takeInterrupt);
        return port;
    }

    /** Builds the one function. */
    private record PcieFabricOf(ByteBuffer config, RecordingUpstream root, EventQueue clock,
            Map<String, Long> options) {

        PciFunction function(int requester) {
            return new devices.pcie.fabric.PcieFabricFactory().build(
                    List.of(new FunctionConfig(requester, config.array())), root, (f, dma) ->
                            new RingDma().device(new FakeDeviceContext(f, dma, clock, options)))
                    .function(requester);
        }
    }

    private static Workload writesOnce() {
        return new Workload(1000, false, 0, 64, List.of(new DmaBuffer(RING, RING, 4096)),
                List.of(), List.of(new DmaBuffer(BUFFER, BUFFER, 4096)), List.of(), null);
    }

    private List<Request> since(int seen) {
        return root.requests().subList(seen, root.requests().size());
    }

    @Test
    void descriptorsThatAreHeldAreUsedWhateverBecomesOfTheRing() {
        new RingDriver(port(), true).start(writesOnce(), 1);
        clock.advance(MILLI + 500_000);
        for (long at = RING; at < RING + 4096; at += 8) {
            memory.write64(at, 0x5000);
        }
        int seen = root.requests().size();
        clock.advance(3 * MILLI);
        assertThat(since(seen).stream().filter(r -> r.address() >= BUFFER
                && r.address() < BUFFER + 4096)).as("three more are held").hasSize(3);
        seen = root.requests().size();
        clock.advance(MILLI);
        assertThat(since(seen)).as("then the ring is believed").anyMatch(
                r -> r.address() >= 0x5000 && r.address() < 0x6000);
    }

    @Test
    void dataGoesFirstAndTheCompletionLater() {
        new RingDriver(port(), true).start(writesOnce(), 1);
        clock.advance(MILLI);
        assertThat(root.requests()).noneMatch(r -> r.address() == RING + 24);
        assertThat(root.requests()).anyMatch(r -> r.address() == BUFFER);
        clock.advance(10_000);
        assertThat(root.requests()).anyMatch(r -> r.address() == RING + 24);
    }

    // ---- the gate of its own function ----------------------------------------------------------

    private List<Request> toBuffer(int seen) {
        return since(seen).stream().filter(r -> r.address() >= BUFFER
                && r.address() < BUFFER + 4096).toList();
    }

    @ParameterizedTest
    @ValueSource(ints = {0x0100_0000, 0x0200_0000})
    void behindAClosedGateItStandsStillAndThenGoesOnWithWhatItHolds(int classCode) {
        config.putInt(0x08, classCode);
        new RingDriver(port(), true).start(writesOnce(), 1);
        clock.advance(MILLI + 500_000);
        function.writeConfig(4, 2, 2);
        int seen = root.requests().size();
        clock.advance(50 * MILLI);
        assertThat(since(seen)).isEmpty();
        assertThat(function.readRegister(0, RingLayout.STATUS.offset(), 4)).as("halted").isZero();
        assertThat(function.readRegister(0, RingLayout.ABORTS.offset(), 4)).isZero();

        for (long at = RING; at < RING + 4096; at += 8) {
            memory.write64(at, 0x5000);
        }
        function.writeConfig(4, 2, 6);
        clock.advance(1);
        assertThat(toBuffer(seen)).as("what was held goes out at once").hasSize(1);
        clock.advance(2 * MILLI);
        assertThat(toBuffer(seen)).hasSize(3);
    }

    @Test
    void aCompletionThatTheGateHeldBackComesWhenItOpens() {
        new RingDriver(port(), true).start(writesOnce(), 1);
        clock.advance(MILLI);
        function.writeConfig(4, 2, 2);
        clock.advance(5 * MILLI);
        assertThat(root.requests()).noneMatch(r -> r.address() == RING + 24);
        function.writeConfig(4, 2, 6);
        assertThat(root.requests()).anyMatch(r -> r.address() == RING + 24);
    }

    @Test
    void oneThatWedgesOnAbortsIsNotWedgedByItsOwnGate() {
        options.put(DeviceOptions.WEDGES_ON_ABORT, 1L);
        FakeDriverPort port = port();
        new RingDriver(port, true).start(writesOnce(), 1);
        clock.advance(MILLI);
        function.writeConfig(4, 2, 2);
        clock.advance(20 * MILLI);
        assertThat(new RingDriver(port, true).probe()).isNull();
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "500000, 1", "3000000, 3"})
    void fromBusMasteringToTheResetOfAProbeItGoesOn(long window, int writes) {
        FakeDriverPort port = port();
        port.ask(DeviceOptions.MASTER_TO_RESET_NANOS, window);
        new RingDriver(port, true).start(writesOnce(), 1);
        clock.advance(MILLI / 2);
        function.writeConfig(4, 2, 2);
        clock.advance(50 * MILLI);
        int seen = root.requests().size();
        assertThat(new RingDriver(port, true).probe()).isNull();
        assertThat(toBuffer(seen)).hasSize(writes);
    }

    @Test
    void aResetDropsWhatIsHeld() {
        new RingDriver(port(), true).start(writesOnce(), 1);
        clock.advance(MILLI + 500_000);
        function.writeRegister(0, 0, 4, 4);
        int seen = root.requests().size();
        clock.advance(20 * MILLI);
        assertThat(since(seen)).isEmpty();
    }

    @Test
    void oneThatWedgesAnswersNoProbeAfterAnAbort() {
        options.put(DeviceOptions.WEDGES_ON_ABORT, 1L);
        FakeDriverPort port = port();
        new RingDriver(port, true).start(writesOnce(), 1);
        root.refuse(new AddressRange(RING, RING + 4096));
        clock.advance(20 * MILLI);
        root.refuse(new AddressRange(0xf_f000, 0x10_0000));
        assertThat(new RingDriver(port, true).probe())
                .isEqualTo("hardware does not come out of reset");
        assertThat(new RingDriver(port, false).probe()).isEqualTo("I/O timeout");
    }

    @Test
    void oneThatToleratesAbortsIsProbedAfterwards() {
        FakeDriverPort port = port();
        new RingDriver(port, true).start(writesOnce(), 1);
        root.refuse(new AddressRange(RING, RING + 4096));
        clock.advance(20 * MILLI);
        root.refuse(new AddressRange(0xf_f000, 0x10_0000));
        assertThat(new RingDriver(port, true).probe()).isNull();
    }

    @Test
    void aDriverThatHearsNothingFailsThoughItsRequestIsDone() {
        FakeDriverPort port = port();
        port.interrupts(vector -> false);
        assertThat(new RingDriver(port, false).probe())
                .isEqualTo("I/O timeout, done but no interrupt came");
    }

    // ---- before a restart ----------------------------------------------------------------------

    @Test
    void whatIsShutDownDoesNothingMore() {
        FakeDriverPort port = port();
        var driver = new RingDriver(port, true);
        assertThat(driver.probe()).isNull();
        assertThat(driver.shutdown()).isNull();
        int seen = root.requests().size();
        function.writeRegister(0, RingLayout.TAIL.offset(), 4, 5);
        clock.advance(100 * MILLI);
        assertThat(since(seen)).isEmpty();
    }

    @Test
    void aDriverThatFailedShutsNothingDown() {
        options.put(DeviceOptions.WEDGES_ON_ABORT, 1L);
        FakeDriverPort port = port();
        root.refuse(new AddressRange(0, 0x10_0000));
        var driver = new RingDriver(port, false);
        assertThat(driver.probe()).isNotNull();
        long before = clock.nanos();
        assertThat(driver.shutdown()).isNull();
        assertThat(clock.nanos()).isEqualTo(before);
    }

    private PciFunction function() {
        function = new devices.pcie.fabric.PcieFabricFactory().build(
                List.of(new FunctionConfig(REQUESTER, config.array())), root, (f, dma) ->
                        new RingDma(false).device(new FakeDeviceContext(f, dma, clock, options)))
                .function(REQUESTER);
        return function;
    }

    @ParameterizedTest
    @CsvSource({"true, controller halted on an aborted descriptor fetch", "false,"})
    void aUsbControllerThatHaltedOverAnAbortShutsDownAllTheSame(boolean aborts, String failure) {
        config.putInt(0x08, 0x0c03_1000);
        var port = new FakeDriverPort(function(), memory, clock, 0x10000, 0x80000);
        port.interrupts(root::takeInterrupt);
        if (aborts) {
            root.refuse(new AddressRange(0x10000, 0x80000));
        }
        var driver = new RingDriver(port, false, Duty.SCHEDULE);
        assertThat(driver.probe()).isEqualTo(failure);
        assertThat(driver.shutdown()).isNull();
    }
}
