// SPDX-License-Identifier: Apache-2.0
package devices.pcie.rdma;

import static org.assertj.core.api.Assertions.assertThat;

import devices.pcie.link.DeviceOptions;
import devices.pcie.link.RegisterBits;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Medium;
import iommu.api.sim.EventQueue;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.FakeFunction;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.Request;
import iommu.testkit.RootPort;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The adapter's registers, its regions, and what peers do by them. */
class RdmaAdapterTest {

    private static final long MILLI = 1_000_000;
    private static final int CTRL = 0;
    private static final int STATUS = 4;
    private static final int SELF_TEST = 0x20;
    private static final int CAUSE = 0x24;

    private final EventQueue clock = new EventQueue();
    private final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, 0x10_0000)));
    private final RecordingUpstream root = new RecordingUpstream(memory);
    private final FakeFunction function = new FakeFunction(0x200, 0x020700);
    private FakeDeviceContext context;
    private RdmaAdapter adapter = adapter(Map.of());

    private RdmaAdapter adapter(Map<String, Long> more) {
        var options = new HashMap<>(Map.of(RdmaAdapter.OPERATION_NANOS, MILLI));
        options.putAll(more);
        function.set(0x3d, 1, 1);
        context = new FakeDeviceContext(function, new RootPort(root, 0x200), clock, options);
        var made = new RdmaAdapter(context);
        function.device(made);
        return made;
    }

    private void write(int offset, long value) {
        function.writeRegister(0, offset, 4, value);
    }

    private long read(int offset) {
        return function.readRegister(0, offset, 4);
    }

    private void region(int index, long address, long bytes, int rights) {
        write(0x08, index);
        function.writeRegister(0, 0x10, 8, address);
        write(0x18, bytes);
        write(0x1c, rights);
    }

    /** Lets peers go on for so many operations; returns their requests as "r" and "w". */
    private String requests(int operations) {
        root.clear();
        clock.advance(operations * MILLI);
        var told = new StringBuilder();
        root.requests().forEach(r -> told.append(r.kind() == Request.Kind.READ ? "r" : "w"));
        return told.toString();
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "CTRL.RUN,           0x00/4, 0,     RW,   0",
        "CTRL.RESET,         0x00/4, 1,     SC,   0",
        "CTRL.Rsvd,          0x00/4, 31:2,  RO,   0",
        "STATUS.READY,       0x04/4, 0,     RO,   1",
        "STATUS.WEDGED,      0x04/4, 1,     RO,   0",
        "STATUS.Rsvd,        0x04/4, 31:2,  RO,   0",
        "REGION.INDEX,       0x08/4, 9:0,   RW,   0",
        "REGION.Rsvd,        0x08/4, 31:10, RO,   0",
        "REGION_ADDRESS,     0x10/8, 63:0,  RW,   0",
        "REGION_BYTES,       0x18/4, 31:0,  RW,   0",
        "REGION_RIGHTS.READ, 0x1c/4, 0,     RW,   0",
        "REGION_RIGHTS.WRITE, 0x1c/4, 1,    RW,   0",
        "REGION_RIGHTS.Rsvd, 0x1c/4, 31:2,  RO,   0",
        "SELF_TEST.INDEX,    0x20/4, 9:0,   RW,   0",
        "SELF_TEST.Rsvd,     0x20/4, 31:10, RO,   0",
        "CAUSE,              0x24/4, 0,     RW1C, 0",
        "Rsvd,               0x28/4, 31:0,  RO,   0"})
    void fieldIs(String name, String at, String bits, String kind, long reset) {
        new RegisterBits(at, bits, kind, reset).check(new RegisterBits.Access(function, 0));
    }

    @ParameterizedTest
    @CsvSource({"0x40, 4, 0xffffffff", "0xffc, 4, 0xffffffff", "0x40, 1, 0xff", "0x38, 8, 0"})
    void behindItsRegistersItReadsOnes(String offset, int bytes, String value) {
        assertThat(function.readRegister(0, Integer.decode(offset), bytes))
                .isEqualTo((long) Long.decode(value));
    }

    // ---- regions --------------------------------------------------------------------------------

    /** Bytes and rights of a region; what peers do with it. */
    @ParameterizedTest(name = "{0} bytes, rights {1}")
    @CsvSource({
        "64,         1, r",
        "64,         2, w",
        "4096,       1, r",
        "4096,       2, w",
        "63,         1, ''",
        "0,          3, ''",
        "4096,       0, ''",
        "0xffffffff, 0, ''"})
    void aRegionIsUsedByItsRights(String bytes, int rights, String kind) {
        region(7, 0x2000, Long.decode(bytes), rights);
        write(CTRL, 1);
        String done = requests(20);
        if (kind.isEmpty()) {
            assertThat(done).isEmpty();
            assertThat(clock.pending()).as("nothing is scheduled").isZero();
        } else {
            assertThat(done).hasSizeGreaterThanOrEqualTo(20).containsPattern("^" + kind + "+$");
        }
    }

    @Test
    void withBothRightsPeersDoBoth() {
        region(7, 0x2000, 4096, 3);
        write(CTRL, 1);
        assertThat(requests(50)).contains("r", "w");
    }

    @Test
    void nothingIsDoneBeforeItRuns() {
        region(7, 0x2000, 4096, 3);
        assertThat(requests(50)).isEmpty();
        write(CTRL, 1);
        assertThat(requests(5)).isNotEmpty();
        write(CTRL, 0);
        requests(1);
        assertThat(requests(50)).isEmpty();
    }

    @Test
    void aRegionThatIsGivenUpIsUsedNoMore() {
        region(0, 0x2000, 4096, 2);
        region(1, 0x8000, 4096, 2);
        region(2, 0xc000, 4096, 2);
        write(CTRL, 1);
        region(1, 0, 0, 0);
        requests(60);
        assertThat(root.requests()).noneMatch(r -> r.address() >= 0x8000 && r.address() < 0x9000)
                .anyMatch(r -> r.address() < 0x8000).anyMatch(r -> r.address() >= 0xc000);
        region(0, 0, 0, 0);
        region(2, 0, 0, 0);
        requests(1);
        assertThat(requests(50)).isEmpty();
    }

    @Test
    void aRegionMayMove() {
        region(3, 0x2000, 4096, 2);
        write(CTRL, 1);
        requests(10);
        region(3, 0x8000, 4096, 2);
        assertThat(requests(20)).isNotEmpty();
        assertThat(root.requests()).allMatch(r -> r.address() >= 0x8000 && r.address() < 0x9000);
    }

    /** No request leaves the region, nor crosses a boundary of 256 bytes. */
    @ParameterizedTest(name = "{1} bytes at {0}")
    @CsvSource({"0x2000, 64", "0x2001, 65", "0x20ff, 300", "0x2080, 1024", "0x2000, 65536"})
    void requestsStayWithinTheRegion(String address, int bytes) {
        long start = Long.decode(address);
        region(0, start, bytes, 3);
        write(CTRL, 1);
        requests(200);
        assertThat(root.requests()).isNotEmpty().allSatisfy(r -> {
            assertThat(r.address()).isGreaterThanOrEqualTo(start);
            assertThat(r.address() + r.value()).isLessThanOrEqualTo(start + bytes);
            assertThat((r.address() & 255) + r.value()).isLessThanOrEqualTo(256);
        });
    }

    @Test
    void whatPeersReadIsSentWithItsBytes() {
        for (long at = 0x2000; at < 0x3000; at += 8) {
            memory.write64(at, at * 0x9e37_79b9_7f4a_7c15L);
        }
        region(0, 0x2000, 64, 1);
        write(CTRL, 1);
        requests(3);
        byte[] there = new byte[64];
        memory.read(0x2000, there, 0, 64);
        assertThat(context.committed()).isNotEmpty().allSatisfy(c -> {
            assertThat(c.medium()).isEqualTo(Medium.FRAMES);
            assertThat(c.bytes()).isEqualTo(there);
        });
        assertThat(context.committed()).extracting(c -> c.position()).startsWith(0L, 1L);
    }

    // ---- self test, resets, faults --------------------------------------------------------------

    @ParameterizedTest(name = "region {0} has rights {1}")
    @CsvSource({"5, 1, true", "5, 2, true", "5, 0, false", "1023, 3, true"})
    void aSelfTestWritesToARegisteredRegion(int index, int rights, boolean answers) {
        region(index, 0x5000, 4096, rights);
        root.clear();
        write(SELF_TEST, index);
        assertThat(read(CAUSE)).isZero();
        clock.advance(999);
        assertThat(root.requests()).isEmpty();
        clock.advance(1);
        assertThat(read(CAUSE)).isEqualTo(answers ? 1 : 0);
        assertThat(function.pinAsserted()).isEqualTo(answers);
        byte[] there = new byte[64];
        memory.read(0x5000, there, 0, 64);
        assertThat(there).isEqualTo(answers ? FakeDeviceContext.onMedium(index, 64)
                : new byte[64]);
        write(CAUSE, 1);
        assertThat(read(CAUSE)).isZero();
        assertThat(function.pinAsserted()).isFalse();
    }

    @Test
    void aResetForgetsRegionsAndTakesItsTime() {
        adapter = adapter(Map.of(DeviceOptions.RESET_NANOS, 5 * MILLI));
        region(0, 0x2000, 4096, 3);
        write(CTRL, 1);
        requests(3);
        write(CTRL, 2);
        assertThat(read(STATUS)).as("not ready").isZero();
        assertThat(read(CTRL)).as("stopped; the bit reads as zero").isZero();
        clock.advance(5 * MILLI - 1);
        assertThat(read(STATUS)).isZero();
        clock.advance(1);
        assertThat(read(STATUS)).isEqualTo(1);
        write(CTRL, 1);
        assertThat(requests(20)).as("no region").isEmpty();
        assertThat(context.resets()).isEqualTo(1);
    }

    @Test
    void aResetOfTheFunctionIsDoneAtOnce() {
        region(0, 0x2000, 4096, 3);
        write(CTRL, 1);
        write(SELF_TEST, 0);
        adapter.reset();
        assertThat(read(STATUS)).isEqualTo(1);
        assertThat(read(0x10) | read(0x18) | read(0x1c) | read(CTRL)).isZero();
        assertThat(requests(20)).as("nor does the test go on").isEmpty();
    }

    @Test
    void aResetMayBeIgnored() {
        adapter = adapter(Map.of(DeviceOptions.IGNORES_RESET, 1L));
        region(0, 0x2000, 4096, 2);
        write(CTRL, 1);
        write(CTRL, 3);
        assertThat(read(STATUS)).isEqualTo(1);
        assertThat(requests(5)).isNotEmpty();
    }

    /** An aborted read wedges it if the machine says so; an aborted write never does. */
    @ParameterizedTest(name = "rights {0}, wedges {1}")
    @CsvSource({"1, 1, true", "1, 0, false", "2, 1, false", "2, 0, false"})
    void anAbortedReadMayWedgeIt(int rights, long wedges, boolean wedged) {
        adapter = adapter(Map.of(DeviceOptions.WEDGES_ON_ABORT, wedges));
        region(0, 0x2000, 4096, rights);
        write(CTRL, 1);
        root.refuse(new AddressRange(0, 0x10_0000));
        requests(5);
        root.refuse(null);
        assertThat(read(STATUS)).isEqualTo(wedged ? 3 : 1);
        assertThat(requests(5).isEmpty()).isEqualTo(wedged);
        write(CTRL, 0);
        assertThat(read(CTRL)).as("takes no more writes").isEqualTo(wedged ? 1 : 0);
        adapter.reset();
        assertThat(read(STATUS)).isEqualTo(1);
    }

    @Test
    void whatWasAbortedIsNotSent() {
        region(0, 0x2000, 4096, 1);
        write(CTRL, 1);
        root.refuse(new AddressRange(0, 0x10_0000));
        requests(10);
        assertThat(context.committed()).isEmpty();
    }
}
