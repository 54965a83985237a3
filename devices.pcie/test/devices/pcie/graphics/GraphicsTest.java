// SPDX-License-Identifier: Apache-2.0
package devices.pcie.graphics;

import static devices.pcie.graphics.GraphicsMachine.MILLI;
import static devices.pcie.graphics.GraphicsMachine.PAGE;
import static devices.pcie.graphics.GraphicsMachine.STOLEN;
import static devices.pcie.graphics.GraphicsMachine.SURFACES;
import static devices.pcie.graphics.GraphicsMachine.SURFACE_PAGES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import iommu.api.memory.AddressRange;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.Workload;
import iommu.testkit.FakeDriverPort;
import iommu.testkit.Request;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A display that reads stolen memory, a blitter, and their driver under two kernels. */
class GraphicsTest {

    private static final long SECOND = 1_000 * MILLI;
    private static final long BUFFERS = 0x10_0000;

    private GraphicsMachine m;
    private FakeDriverPort port;

    @BeforeEach
    void build() {
        build(Map.of());
    }

    private void build(Map<String, Long> more) {
        Map<String, Long> options = GraphicsMachine.options(more);
        m = new GraphicsMachine(options);
        port = new FakeDriverPort(m.function, m.memory, m.clock, 0x80_0000, 0x90_0000);
        options.forEach(port::ask);
    }

    private static List<DmaBuffer> pages(int first, int count) {
        var all = new ArrayList<DmaBuffer>();
        for (int i = first; i < first + count; i++) {
            all.add(new DmaBuffer(BUFFERS + (long) i * PAGE, BUFFERS + (long) i * PAGE, PAGE));
        }
        return all;
    }

    private GraphicsDriver busy(int readsPerMille, long nanos) {
        var driver = new GraphicsDriver(port);
        driver.start(new Workload(1000, false, readsPerMille, 512, pages(0, 1), pages(1, 4),
                List.of(), pages(5, 4), null), 3);
        for (long until = m.clock.nanos() + nanos; m.clock.nanos() < until;) {
            m.clock.advance(driver.service());
        }
        return driver;
    }

    private GraphicsDriver capture() {
        return new GraphicsDriver(port);
    }

    // ---- model ----------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"0x59178086, 0x030000, 0, true", "0x11111234, 0x030000, 0, false",
        "0x59178086, 0x038000, 0, false", "0x59178086, 0x030000, 1, false"})
    void itSitsBehindGraphicsOfIntels(String ids, String classCode, int header, boolean is) {
        byte[] config = new byte[256];
        ByteBuffer.wrap(config).order(ByteOrder.LITTLE_ENDIAN).putInt(0, Integer.decode(ids))
                .putInt(8, Integer.decode(classCode) << 8).put(0x0e, (byte) header);
        assertThat(new GraphicsModel().accepts(new FunctionConfig(0x10, config))).isEqualTo(is);
    }

    @ParameterizedTest
    @CsvSource({"0x4800000, 0x800000, 16384", "0x2200000, 0x200000, 8192", "0x100000, 0x800000, 0",
        "0, 0x800000, 0", "0x11000, 0x800000, 0", "0x110000, 0x10000, 256",
        "0x900000, 0x100000, 2048"})
    void theTableHasWhatIsOddOfTheMemory(String reserved, String table, long pages) {
        var stolen = StolenMemory.of((name, otherwise) ->
                name.equals(DeviceContext.RESERVED_BYTES) ? Long.decode(reserved) : otherwise);
        assertThat(stolen.tableBytes()).isEqualTo(Long.decode(table));
        assertThat(stolen.pages()).isEqualTo(pages);
    }

    // ---- display --------------------------------------------------------------------------------

    @Test
    void firmwaresScreenIsReadForEver() {
        assertThat(m.read(GraphicsLayout.PIPEACONF)).isEqualTo(3L << 30);
        m.clock.advance(600 * SECOND);
        List<Request> late = m.during(768 * MILLI);
        assertThat(late).hasSize(768).allMatch(r -> r.kind() == Request.Kind.READ);
        assertThat(late.stream().map(Request::address).distinct()).hasSize(768)
                .allMatch(a -> a >= SURFACES && a < SURFACES + 768 * PAGE);
    }

    @Test
    void aSurfaceOfMemoryIsReadWhereTheTableSays() {
        m.entry(0x1000, 0x1234_5000 | 1);
        assertThat(m.entry(0x1000)).isEqualTo(0x1234_5001);
        assertThat(m.entry(0xfff)).as("of the same piece").isZero();
        assertThat(m.entry(1)).as("firmware's").isEqualTo(SURFACES + PAGE | 1);
        m.write(GraphicsLayout.DSPASURF, 0x1000L * PAGE);
        m.write(GraphicsLayout.PIPEASRC, 15 << 16 | 1);
        m.write(GraphicsLayout.DSPASTRIDE, 2048);
        assertThat(m.during(10 * MILLI)).hasSize(10).allMatch(r -> r.address() == 0x1234_5000);
        assertThat(m.read(GraphicsLayout.PIPEASTAT)).as("there is no memory").isEqualTo(1L << 31);
        m.write(GraphicsLayout.PIPEASTAT, 1L << 31);
        assertThat(m.read(GraphicsLayout.PIPEASTAT)).isZero();
        m.entry(0x1000, 0);
        assertThat(m.during(10 * MILLI)).as("not mapped").isEmpty();
        assertThat(m.read(GraphicsLayout.PIPEASTAT)).isEqualTo(1L << 31);
    }

    /** What is blocked makes the screen flicker, and nothing else. */
    @Test
    void anUnderrunStopsNothing() {
        m.root.refuse(STOLEN);
        assertThat(m.during(SECOND)).hasSize(1000);
        assertThat(m.read(GraphicsLayout.PIPEASTAT)).isEqualTo(1L << 31);
    }

    @Test
    void itIsDarkAfterAResetAndWithoutStolenMemory() {
        assertThat(m.during(SECOND)).isNotEmpty();
        m.device.reset();
        assertThat(m.during(SECOND)).isEmpty();
        assertThat(m.read(GraphicsLayout.PIPEACONF)).isZero();
        for (Map<String, Long> other : List.of(Map.of("displayOn", 0L),
                Map.of(DeviceContext.RESERVED_BYTES, 0L))) {
            build(other);
            assertThat(m.during(SECOND)).isEmpty();
        }
        assertThat(capture().probe()).as("without a screen").isNull();
    }

    @Test
    void withoutBusMasteringItWaits() {
        m.function.writeConfig(4, 2, 2);
        assertThat(m.during(SECOND)).isEmpty();
        m.function.writeConfig(4, 2, 6);
        assertThat(m.during(SECOND)).hasSize(1000);
    }

    @Test
    void aPeriodOfNothingIsRefused() {
        assertThatThrownBy(() -> build(Map.of("scanNanos", 999L)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("scanNanos");
    }

    // ---- blitter --------------------------------------------------------------------------------

    @Test
    void linesOfMemoryArriveOnTheScreen() {
        for (long at = BUFFERS + PAGE; at < BUFFERS + 5 * PAGE; at += 8) {
            m.memory.write64(at, at * 0x9e37_79b9L);
        }
        busy(1000, 300 * MILLI);
        int found = 0;
        for (long page = 0; page < SURFACE_PAGES; page++) {
            long first = m.memory.read64(SURFACES + page * PAGE);
            if (first != 0) {
                found++;
                assertThat(first % 0x9e37_79b9L).isZero();
                long from = first / 0x9e37_79b9L;
                assertThat(m.memory.read64(SURFACES + page * PAGE + 504))
                        .isEqualTo(m.memory.read64(from + 504));
                assertThat(m.memory.read64(SURFACES + page * PAGE + 512)).isZero();
            }
        }
        assertThat(found).as("one a millisecond, past the ring's end").isBetween(230, 300);
    }

    @Test
    void linesOfTheScreenArriveInMemory() {
        for (long page = 0; page < SURFACE_PAGES; page++) {
            m.memory.write64(SURFACES + page * PAGE, page + 1);
        }
        busy(0, 50 * MILLI);
        for (DmaBuffer buffer : pages(5, 4)) {
            assertThat(m.memory.read64(buffer.physicalAddress())).isBetween(1L, SURFACE_PAGES);
        }
    }

    /** The ring is done some microseconds after the crash; the display is never. */
    @Test
    void afterACrashOnlyTheDisplayGoesOn() {
        busy(500, 33 * MILLI);
        m.clock.advance(MILLI);
        assertThat(m.during(10 * SECOND)).hasSize(10_000).allMatch(r ->
                r.kind() == Request.Kind.READ && STOLEN.contains(r.address()));
    }

    @ParameterizedTest
    @CsvSource({"0x00800000", "0x13000008", "0x54c00007", "0xffffffff"})
    void aCommandThatItDoesNotKnowHangsItUntilItIsReset(String command) {
        GraphicsDriver driver = busy(500, 5 * MILLI);
        long head = m.read(GraphicsLayout.RING_HEAD);
        m.memory.write64(BUFFERS + head, Long.decode(command));
        m.write(GraphicsLayout.RING_TAIL, (head + 64) % PAGE);
        m.clock.advance(SECOND);
        assertThat(m.read(GraphicsLayout.RING_HEAD)).isEqualTo(head);
        driver.service();
        m.clock.advance(SECOND);
        assertThat(m.read(GraphicsLayout.RING_HEAD)).isEqualTo(head);
        assertThat(capture().probe()).isNull();
    }

    /** A tail outside the ring is one inside: the engine comes to an end. */
    @Test
    void aTailBehindTheRingsEndIsOneInside() {
        busy(500, 5 * MILLI);
        m.clock.advance(MILLI);
        m.write(GraphicsLayout.RING_TAIL, m.read(GraphicsLayout.RING_HEAD) + 3 * PAGE);
        m.root.clear();
        m.clock.advance(10 * MILLI);
        assertThat(m.root.requests()).as("the display's").hasSize(10);
    }

    @Test
    void aRequestAllocatesNothing() {
        busy(500, SECOND);
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        m.root.recording(false);
        m.clock.advance(10 * SECOND);
        long before = threads.getCurrentThreadAllocatedBytes();
        m.clock.advance(10 * SECOND);
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).as("10 000 lines")
                .isLessThan(20_000);
    }

    // ---- capture kernel -------------------------------------------------------------------------

    @Test
    void aProbeKeepsFirmwaresScreenAndTriesTheBlitterOut() {
        busy(500, 33 * MILLI);
        assertThat(capture().probe()).isNull();
        m.clock.advance(MILLI);
        assertThat(m.during(SECOND)).hasSize(1000);
        m.write(GraphicsLayout.DSPASURF, SURFACE_PAGES * PAGE);
        GraphicsDriver second = capture();
        assertThat(second.probe()).isNull();
        m.clock.advance(MILLI);
        assertThat(m.during(SECOND)).as("a surface that is not stolen").isEmpty();
        assertThat(second.write(0, 512, 0)).isEqualTo("has no medium");
    }

    @Test
    void whatItCannotDoIsTold() {
        m.root.refuse(new AddressRange(0x80_0000, 0x90_0000));
        assertThat(capture().probe()).isEqualTo("Failed to initialize GPU, declaring it wedged!");
        build(Map.of("ignoresReset", 1L));
        assertThat(capture().probe()).isEqualTo("Failed to initialize GPU, declaring it wedged!");
        m.function.device(null);
        assertThat(capture().probe()).isEqualTo("device is gone");
        assertThat(capture().shutdown()).isNull();
    }

    @Test
    void aShutdownLeavesItDark() {
        GraphicsDriver driver = capture();
        assertThat(driver.probe()).isNull();
        assertThat(driver.shutdown()).isNull();
        assertThat(m.during(SECOND)).isEmpty();
        assertThat(m.function.busMaster()).isFalse();
    }
}
