// SPDX-License-Identifier: Apache-2.0
package devices.pcie.rdma;

import static org.assertj.core.api.Assertions.assertThat;

import devices.pcie.fabric.PcieFabricFactory;
import devices.pcie.link.DeviceOptions;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.Medium;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.Workload;
import iommu.api.sim.EventQueue;
import iommu.api.sim.RandomStream;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.FakeDriverPort;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.Request;
import iommu.testkit.seeds.Seeds;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An adapter whose peers use registered memory, and its driver. */
class RdmaTest {

    private static final int ID = 0x200;
    private static final long MILLI = 1_000_000;
    private static final AddressRange NOWHERE = new AddressRange(0xf_f000, 0x10_0000);

    private final ByteBuffer config = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
    private final EventQueue clock = new EventQueue();
    private final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, 0x10_0000)));
    private final RecordingUpstream root = new RecordingUpstream(memory);
    private final Map<String, Long> options = new HashMap<>(
            Map.of(RdmaAdapter.OPERATION_NANOS, MILLI));
    private FakeDeviceContext context;
    private PciFunction function;

    @BeforeEach
    void adapter() {
        config.putShort(0, (short) 0x15b3).putShort(0x04, (short) 6).putInt(0x08, 0x0207_0000)
                .put(0x3d, (byte) 1);
    }

    private RdmaDriver driver() {
        if (function == null) {
            function = new PcieFabricFactory().build(
                    List.of(new FunctionConfig(ID, config.array())), root, (f, dma) -> {
                        context = new FakeDeviceContext(f, dma, clock, options);
                        return new Rdma().device(context);
                    }).function(ID);
        }
        var port = new FakeDriverPort(function, memory, clock, 0x40000, 0x80000);
        port.interrupts(root::takeInterrupt);
        return new RdmaDriver(port);
    }

    private static List<DmaBuffer> page(long address) {
        return List.of(new DmaBuffer(address, address, 4096));
    }

    private static Workload registered() {
        return new Workload(1000, false, 500, 512, page(0x1000), page(0x2000), page(0x3000),
                page(0x4000), null);
    }

    private List<Request> after(long millis) {
        root.clear();
        clock.advance(millis * MILLI);
        return List.copyOf(root.requests());
    }

    @ParameterizedTest
    @CsvSource({"0x15b3, 0x020700, true", "0x8086, 0x020700, true", "0x15b3, 0x020000, true",
        "0x8086, 0x020000, false", "0x15b3, 0x010802, false"})
    void itSitsBehindAdaptersThatHaveIt(String vendor, String classCode, boolean accepted) {
        config.putShort(0, (short) (int) Integer.decode(vendor))
                .putInt(8, Integer.decode(classCode) << 8);
        assertThat(new Rdma().accepts(new FunctionConfig(ID, config.array()))).isEqualTo(accepted);
        config.put(0x0e, (byte) 1);
        assertThat(new Rdma().accepts(new FunctionConfig(ID, config.array()))).isFalse();
    }

    @Test
    void peersReadAndWriteWhatTheyHaveTheRightTo() {
        driver().start(registered(), 1);
        List<Request> requests = after(400);
        assertThat(requests).isNotEmpty().allMatch(r -> r.address() >= 0x1000
                && r.address() < 0x5000);
        assertThat(requests).filteredOn(r -> r.address() >>> 12 == 2).isNotEmpty()
                .allMatch(r -> r.kind() == Request.Kind.READ);
        assertThat(requests).filteredOn(r -> r.address() >>> 12 == 4).isNotEmpty()
                .allMatch(r -> r.kind() == Request.Kind.WRITE);
        assertThat(requests).extracting(Request::kind).contains(Request.Kind.READ,
                Request.Kind.WRITE);
    }

    @Test
    void theyGoOnForEverAndNobodyIsAsked() {
        driver().start(registered(), 1);
        after(60_000);
        assertThat(after(1_000)).as("a minute later").hasSizeGreaterThan(900);
    }

    @Test
    void whatPeersReadIsOnTheWire() {
        for (long at = 0x1000; at < 0x5000; at += 8) {
            memory.write64(at, at * 0x9e37_79b9L);
        }
        driver().start(new Workload(1000, false, 500, 512, List.of(), page(0x2000), List.of(),
                List.of(), null), 1);
        clock.advance(20 * MILLI);
        assertThat(context.committed()).hasSizeGreaterThanOrEqualTo(18).allMatch(frame -> {
            byte[] there = new byte[4096];
            memory.read(0x2000, there, 0, there.length);
            return frame.medium() == Medium.FRAMES && contains(there, frame.bytes());
        });
    }

    private static boolean contains(byte[] all, byte[] part) {
        for (int at = 0; at <= all.length - part.length; at += 64) {
            if (java.util.Arrays.equals(all, at, at + part.length, part, 0, part.length)) {
                return true;
            }
        }
        return false;
    }

    @Test
    void aCaptureKernelsProbeEndsThem() {
        driver().start(registered(), 1);
        clock.advance(10 * MILLI);
        assertThat(driver().probe()).isNull();
        assertThat(context.resets()).isEqualTo(1);
        assertThat(after(1_000)).isEmpty();
    }

    @Test
    void withoutAnInterruptTheProbeFails() {
        driver();
        var port = new FakeDriverPort(function, memory, clock, 0x40000, 0x80000);
        port.interrupts(vector -> false);
        assertThat(new RdmaDriver(port).probe()).isEqualTo("command timed out, no interrupt came");
        assertThat(port.mapped()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"ignoresReset, 1", "resetNanos, 20000000000"})
    void oneThatDoesNotComeBackIsGivenUp(String option, long value) {
        options.put(option, value);
        driver().start(registered(), 1);
        assertThat(driver().probe()).isEqualTo(option.equals("resetNanos")
                ? "device did not come back from reset" : null);
    }

    @Test
    void oneThatWedgesAnswersNothingUntilItsFunctionIsReset() {
        options.put(DeviceOptions.WEDGES_ON_ABORT, 1L);
        driver().start(registered(), 1);
        root.refuse(new AddressRange(0x1000, 0x5000));
        clock.advance(100 * MILLI);
        root.refuse(NOWHERE);
        assertThat(after(100)).isEmpty();
        assertThat(driver().probe()).isEqualTo("command timed out, no interrupt came");
        context.function().writeConfig(0x04, 2, 6);
        assertThat(context.resets()).isZero();
    }

    @Test
    void withBusMasteringOffNobodyAbortsAnything() {
        options.put(DeviceOptions.WEDGES_ON_ABORT, 1L);
        driver().start(registered(), 1);
        function.writeConfig(0x04, 2, 2);
        assertThat(after(50)).isEmpty();
        assertThat(driver().probe()).isNull();
    }

    @Test
    void oneThatIsGoneDoesNothing() {
        options.put(DeviceOptions.GONE_FROM_NANOS, 50 * MILLI);
        driver().start(registered(), 1);
        assertThat(after(40)).isNotEmpty();
        after(20);
        assertThat(after(100)).isEmpty();
        assertThat(function.readConfig(0, 2)).isEqualTo(0xffff);
    }

    @Test
    void withBusMasteringOffNothingGoesOutAndLaterItGoesOn() {
        driver().start(registered(), 1);
        function.writeConfig(0x04, 2, 2);
        assertThat(after(50)).isEmpty();
        function.writeConfig(0x04, 2, 6);
        assertThat(after(50)).isNotEmpty();
    }

    @Test
    void shutdownEndsWhatPeersDo() {
        var driver = driver();
        assertThat(driver.probe()).isNull();
        assertThat(driver.shutdown()).isNull();
        assertThat(function.readConfig(4, 2) & 4).isZero();
        assertThat(after(100)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"0, 0, 0", "20, 15, 80"})
    void peersGoOnFromBusMasteringToTheReset(long millis, int least, int most) {
        driver().start(registered(), 1);
        function.writeConfig(0x04, 2, 2);
        after(50);
        var port = new FakeDriverPort(function, memory, clock, 0x40000, 0x80000);
        port.interrupts(root::takeInterrupt);
        port.ask(DeviceOptions.MASTER_TO_RESET_NANOS, millis * MILLI);
        assertThat(new RdmaDriver(port).probe()).isNull();
        assertThat(root.requests().stream().filter(r -> r.address() < 0x5000).count())
                .isBetween((long) least, (long) most);
    }

    /** Whatever software does, requests stay inside regions that are registered just then. */
    @Seeds
    void requestsStayInsideRegions(long seed) {
        var random = new RandomStream(seed, "regions");
        driver();
        long[] pages = new long[8];
        int[] rights = new int[8];
        function.writeRegister(0, RdmaLayout.CTRL.offset(), 4, 1);
        for (int step = 0; step < 200; step++) {
            int index = random.nextInt(8);
            if (random.oneIn(40)) {
                function.writeRegister(0, RdmaLayout.CTRL.offset(), 4, 2);
                java.util.Arrays.fill(rights, 0);
                function.writeRegister(0, RdmaLayout.CTRL.offset(), 4, 1);
            } else {
                pages[index] = random.between(0, 64) << 12;
                rights[index] = random.nextInt(4);
                function.writeRegister(0, RdmaLayout.REGION.offset(), 4, index);
                function.writeRegister(0, RdmaLayout.REGION_ADDRESS.offset(), 8, pages[index]);
                function.writeRegister(0, RdmaLayout.REGION_BYTES.offset(), 4, 4096);
                function.writeRegister(0, RdmaLayout.REGION_RIGHTS.offset(), 4, rights[index]);
            }
            for (Request request : after(random.nextInt(4))) {
                boolean reads = request.kind() == Request.Kind.READ;
                assertThat(java.util.stream.IntStream.range(0, 8).anyMatch(i ->
                        (rights[i] & (reads ? 1 : 2)) != 0
                                && request.address() >>> 12 == pages[i] >>> 12)).isTrue();
            }
        }
    }
}
