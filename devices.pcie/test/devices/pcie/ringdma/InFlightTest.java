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
        assertThat(new RingDriver(port, true).probe()).isEqualTo("I/O timeout");
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
        assertThat(new RingDriver(port, true).probe())
                .isEqualTo("I/O timeout, done but no interrupt came");
    }
}
