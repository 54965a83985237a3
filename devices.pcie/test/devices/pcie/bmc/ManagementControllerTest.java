// SPDX-License-Identifier: Apache-2.0
package devices.pcie.bmc;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import devices.pcie.link.DeviceOptions;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.Workload;
import iommu.api.sim.EventQueue;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.FakeDriverPort;
import iommu.testkit.FakeFunction;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.Request;
import iommu.testkit.RootPort;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A controller that reports into its reserved memory, and a driver that lets it. */
class ManagementControllerTest {

    private static final long SECOND = 1_000_000_000L;
    private static final long RESERVED = 0xe8000;
    private static final long BYTES = 0x1000;

    private final EventQueue clock = new EventQueue();
    private final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, 0x20_0000)));
    private final RecordingUpstream root = new RecordingUpstream(memory);
    private final FakeFunction function = new FakeFunction(0x100, 0x088000);
    private final Map<String, Long> options = new HashMap<>(Map.of(
            DeviceContext.RESERVED_START, RESERVED, DeviceContext.RESERVED_BYTES, BYTES));
    private Device device;

    private void build() {
        var context = new FakeDeviceContext(function, new RootPort(root, 0x100), clock, options);
        device = new BmcModel().device(context);
        function.device(device);
    }

    private List<Request> during(long nanos) {
        root.clear();
        clock.advance(nanos);
        return List.copyOf(root.requests());
    }

    @ParameterizedTest
    @CsvSource({"0x3306103c, 0x088000, 0, true", "0x3307103c, 0x088000, 0, true",
        "0x3306103c, 0x0c0500, 0, false", "0x33068086, 0x088000, 0, false",
        "0x3308103c, 0x088000, 0, false", "0x3306103c, 0x088000, 1, false"})
    void itSitsBehindFunctionsThatAreKnown(String ids, String classCode, int header, boolean is) {
        byte[] config = new byte[256];
        ByteBuffer.wrap(config).order(ByteOrder.LITTLE_ENDIAN).putInt(0, Integer.decode(ids))
                .putInt(8, Integer.decode(classCode) << 8).put(0x0e, (byte) header);
        var model = new BmcModel();
        assertThat(model.accepts(new FunctionConfig(0x100, config))).isEqualTo(is);
        assertThat(model.worksByItself(new FunctionConfig(0x100, config))).isTrue();
        assertThat(model.activity(new FunctionConfig(0x100, config))).startsWith("for ever");
    }

    @Test
    void itReportsForEverAndStaysInsideItsMemory() {
        build();
        assertThat(during(SECOND)).hasSize(20);
        clock.advance(600 * SECOND);
        assertThat(during(10 * SECOND)).hasSize(200).allMatch(r -> r.address() >= RESERVED
                && r.address() < RESERVED + BYTES).filteredOn(r -> r.kind() == Request.Kind.READ)
                .allMatch(r -> r.address() == RESERVED).hasSize(100);
        assertThat(root.requests().stream().filter(r -> r.kind() == Request.Kind.WRITE)
                .map(Request::address).distinct().count()).as("all of it but the mailbox")
                .isEqualTo(63);
    }

    @Test
    void aReportSaysWhichRequestItHasFound() {
        memory.write64(RESERVED, 0x5a);
        build();
        clock.advance(SECOND);
        assertThat(memory.read64(RESERVED + 64) & 0xff).isEqualTo(0x5a);
        assertThat(memory.read64(RESERVED)).isEqualTo(0x5a);
        root.refuse(new AddressRange(RESERVED, RESERVED + 64));
        clock.advance(10 * SECOND);
        assertThat(memory.read64(RESERVED + 64) & 0xff).as("an aborted read is none").isZero();
    }

    @ParameterizedTest
    @CsvSource({"reportNanos, 0, 0", "reportNanos, 1000000000, 2", "reservedBytes, 64, 0",
        "reservedBytes, 0, 0"})
    void optionsSayHowOftenAndWhere(String option, long value, int requests) {
        options.put(option, value);
        build();
        assertThat(during(SECOND)).hasSize(requests);
    }

    @Test
    void aDriverTakesNothingFromIt() {
        build();
        var port = new FakeDriverPort(function, memory, clock, 0x10_0000, 0x20_0000);
        var driver = new BmcModel().driver(port);
        driver.start(Workload.none(), 1);
        assertThat(driver.service()).isZero();
        driver.finalFixup();
        assertThat(driver.probe()).isNull();
        assertThat(port.mapped()).isEmpty();
        assertThat(during(SECOND)).hasSize(20);
        assertThat(driver.write(0, 512, 0)).isEqualTo("has no medium");
        assertThat(driver.shutdown()).isNull();
        assertThat(during(SECOND)).hasSize(20);
    }

    @Test
    void withBusMasteringOffItWaits() {
        build();
        clock.advance(SECOND);
        function.writeConfig(4, 2, 2);
        assertThat(during(10 * SECOND)).isEmpty();
        function.writeConfig(4, 2, 6);
        assertThat(during(SECOND)).hasSize(20);
    }

    @Test
    void aResetOfItsFunctionSilencesIt() {
        build();
        clock.advance(SECOND);
        device.reset();
        assertThat(during(10 * SECOND)).isEmpty();
        function.writeConfig(4, 2, 2);
        function.writeConfig(4, 2, 6);
        assertThat(during(10 * SECOND)).isEmpty();
    }

    @Test
    void oneThatIsGoneFailsItsProbe() {
        options.put(DeviceOptions.GONE_FROM_NANOS, SECOND);
        build();
        clock.advance(SECOND);
        assertThat(device.present()).isFalse();
        assertThat(during(10 * SECOND)).isEmpty();
        function.device(null);
        assertThat(new BmcModel().driver(new FakeDriverPort(function, memory, clock, 0x10_0000,
                0x20_0000)).probe()).isEqualTo("probe failed with error -19");
    }

    @Test
    void aReportAllocatesNothing() {
        build();
        root.recording(false);
        clock.advance(100 * SECOND);
        var thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long most = Long.MAX_VALUE;
        var quiet = new long[20];
        for (int i = 0; i < quiet.length; i++) {
            long before = thread.getCurrentThreadAllocatedBytes();
            clock.advance(100 * SECOND);
            quiet[i] = thread.getCurrentThreadAllocatedBytes() - before;
            most = Math.min(most, quiet[i]);
        }
        // the fake medium makes an array of what it gives, 80 bytes a report
        assertThat(most).isLessThanOrEqualTo(1000 * 80);
    }
}
