// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import static devices.pcie.nvme.NvmeMachine.CC;
import static devices.pcie.nvme.NvmeMachine.CSTS;
import static devices.pcie.nvme.NvmeMachine.ENABLE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.FunctionConfig;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Registers; being enabled, reset, shut down; what ends a controller's work. */
class NvmeControllerTest {

    private static final long PAGE = 0x20000;

    private NvmeMachine m = new NvmeMachine(Map.of());

    private static NvmeMachine with(Object... options) {
        var map = new HashMap<String, Long>();
        for (int i = 0; i < options.length; i += 2) {
            map.put((String) options[i], ((Number) options[i + 1]).longValue());
        }
        return new NvmeMachine(map);
    }

    @Test
    void propertiesAreThoseOfTheSpecification() {
        assertThat(m.function.readRegister(0, 0, 8)).isEqualTo(0x0040_0020_0f01_07ffL);
        assertThat(m.read(8)).as("version 1.4").isEqualTo(0x10400);
        m.write(8, 0);
        m.write(0, 0);
        assertThat(m.read(8)).isEqualTo(0x10400);
        assertThat(m.read(0x1000)).as("doorbells").isZero();
        assertThat(m.device.bars()).singleElement().satisfies(b -> assertThat(b.wide()).isTrue());
    }

    @ParameterizedTest
    @CsvSource({"0x24, 0x0fff0fff", "0x28, 0xfffff000", "0x2c, 0xffffffff", "0x30, 0xfffff000",
        "0x34, 0xffffffff", "0x1c, 0", "0x20, 0", "0x0c, 0xffffffff"})
    void bitsThatTakeWrites(String offset, String bits) {
        int at = Integer.decode(offset);
        m.write(at, 0xffff_ffffL);
        assertThat(m.read(at)).isEqualTo(Long.decode(bits));
    }

    @Test
    void maskHasTwoRegisters() {
        m.write(0x0c, 0x5);
        m.write(0x0c, 0x2);
        assertThat(m.read(0x0c)).isEqualTo(7);
        m.write(0x10, 0x3);
        assertThat(m.read(0x0c)).isEqualTo(4);
        assertThat(m.read(0x10)).isEqualTo(4);
    }

    @Test
    void readinessFollowsEnableAfterItsTime() {
        m = with("resetNanos", 5000);
        m.write(0x24, 0xf000f);
        m.write(CC, ENABLE);
        m.queue.advance(4999);
        assertThat(m.read(CSTS)).isZero();
        m.queue.advance(1);
        assertThat(m.read(CSTS)).isEqualTo(1);
        m.write(CC, 0);
        m.queue.advance(4999);
        assertThat(m.read(CSTS)).isEqualTo(1);
        m.queue.advance(1);
        assertThat(m.read(CSTS)).isZero();
        assertThat(m.read(0x24)).as("a controller reset keeps it").isEqualTo(0xf000f);
        assertThat(m.context.resets()).as("enabled, and reset: it holds nothing").isEqualTo(2);
    }

    @Test
    void enabledAgainBeforeItWasNotReady() {
        m.enable();
        m.write(CC, 0);
        m.write(CC, ENABLE);
        assertThat(m.read(CSTS)).isEqualTo(1);
        m.queue.advance(1_000_000);
        assertThat(m.read(CSTS)).isZero();
        m.queue.advance(1_000_000);
        assertThat(m.read(CSTS)).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"0x24, 0x000f0000, 0x460001", "0x24, 0xf, 0x460001", "0x28, 0, 0x450001",
        "0x28, 0, 0x360001", "0x28, 0, 0x460011", "0x28, 0, 0x460781", "0x28, 0x1000, 0x460081"})
    void wrongConfigurationIsFatal(String register, String value, String configuration) {
        m.write(0x24, 0xf000f);
        m.write(Integer.decode(register), Long.decode(value));
        m.write(CC, Long.decode(configuration));
        m.settle();
        assertThat(m.read(CSTS)).isEqualTo(2);
        m.write(CC, 0);
        m.settle();
        assertThat(m.read(CSTS)).isZero();
    }

    @Test
    void shutdownTakesItsTime() {
        m.running();
        m.write(CC, ENABLE | 1 << 14);
        assertThat(m.read(CSTS)).isEqualTo(1 | 1 << 2);
        m.settle();
        assertThat(m.read(CSTS)).isEqualTo(1 | 2 << 2);
        m.write(CC, ENABLE);
        assertThat(m.read(CSTS)).isEqualTo(1);
    }

    @Test
    void resetForgetsWhatIsHeld() {
        m.running();
        m.put(1, 2, 1, PAGE, 0, 0, 7);
        m.ring(1);
        m.queue.advance(2000);
        m.write(CC, 0);
        m.root.clear();
        m.settle();
        assertThat(m.root.requests()).isEmpty();
        m.running();
        assertThat(m.io(2, PAGE, 0, 0, 8)).isZero();
    }

    @Test
    void resetOfTheFunctionForgetsAll() {
        m.running();
        m.put(1, 2, 1, PAGE, 0, 0, 7);
        m.ring(1);
        m.device.reset();
        m.root.clear();
        m.settle();
        assertThat(m.root.requests()).isEmpty();
        assertThat(m.read(CC)).isZero();
        assertThat(m.read(0x24)).isZero();
        assertThat(m.read(CSTS)).isZero();
    }

    // ---- how it ends ----------------------------------------------------------------------------

    @Test
    void abortedFetchIsFatal() {
        m.running();
        m.root.refuse(new AddressRange(0x12000, 0x13000));
        assertThat(m.io(2, PAGE, 0, 0, 8)).isEqualTo(-1);
        assertThat(m.read(CSTS)).isEqualTo(3);
        m.root.refuse(null);
        assertThat(m.io(2, PAGE, 0, 0, 8)).as("until it is reset").isEqualTo(-1);
        m.write(CC, 0);
        m.settle();
        assertThat(m.running().io(2, PAGE, 0, 0, 8)).isZero();
    }

    @Test
    void abortedTransferEndsItsCommand() {
        m.running();
        m.root.refuse(new AddressRange(PAGE, PAGE + 4096));
        assertThat(m.io(1, PAGE, 0, 0, 8)).isEqualTo(0x4004);
        assertThat(m.context.committed()).isEmpty();
        assertThat(m.io(2, PAGE, 0, 0, 8)).as("posted writes get lost").isZero();
        assertThat(m.io(1, 0x30000, PAGE, 0, 24)).as("list").isEqualTo(0x4004);
        assertThat(m.read(CSTS)).isEqualTo(1);
        assertThat(m.io(1, 0x30000, 0, 0, 8)).isZero();
    }

    @Test
    void wedgedControllerKeepsItsRegisters() {
        m = with("wedgesOnAbort", 1).running();
        m.root.refuse(new AddressRange(PAGE, PAGE + 4096));
        assertThat(m.io(1, PAGE, 0, 0, 8)).isEqualTo(-1);
        m.root.refuse(null);
        assertThat(m.io(1, PAGE, 0, 0, 8)).isEqualTo(-1);
        m.write(CC, 0);
        m.settle();
        assertThat(m.read(CC)).isEqualTo(ENABLE);
        assertThat(m.read(CSTS)).isEqualTo(1);
        m.device.reset();
        assertThat(m.running().io(1, PAGE, 0, 0, 8)).isZero();
    }

    @Test
    void resetMayBeIgnored() {
        m = with("ignoresReset", 1).running();
        m.write(CC, 0);
        m.settle();
        assertThat(m.read(CSTS)).isEqualTo(1);
        m.device.reset();
        m.enable();
        assertThat(m.read(CSTS)).isEqualTo(1);
    }

    @Test
    void controllerIsPulledOut() {
        m = with("goneFromNanos", 3_000_000).running();
        m.queue.advanceTo(2_999_999);
        assertThat(m.device.present()).isTrue();
        m.put(1, 2, 1, PAGE, 0, 0, 7);
        m.ring(1);
        m.queue.advanceTo(3_000_000);
        m.root.clear();
        m.settle();
        assertThat(m.device.present()).isFalse();
        assertThat(m.root.requests()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {100, 700, 900, 1_100, 60_000, 85_000, 90_000, 92_000})
    void nothingIsSentWithoutBusMasteringAndAllGoesOnWithIt(int nanos) {
        m.running();
        m.put(1, 2, 1, PAGE, 0, 0, 7);
        m.put(1, 1, 1, 0x30000, 0, 8, 7);
        m.ring(1);
        m.queue.advance(nanos);
        m.function.writeConfig(4, 2, 2);
        m.root.clear();
        m.settle();
        assertThat(m.root.requests()).isEmpty();
        m.function.writeConfig(4, 2, 6);
        m.settle();
        assertThat(NvmeMachine.status(m.take(1))).isZero();
        assertThat(NvmeMachine.status(m.take(1))).isZero();
        assertThat(m.take(1)).isNull();
        assertThat(m.read(CSTS)).isEqualTo(1);
    }

    // ---- the model ------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"0x010802, 0, true", "0x010803, 0, true", "0x010802, 1, false",
        "0x010801, 0, false", "0x010601, 0, false", "0x020000, 0, false"})
    void acceptsByClass(String code, int header, boolean accepted) {
        byte[] config = new byte[64];
        ByteBuffer.wrap(config).order(ByteOrder.LITTLE_ENDIAN)
                .putInt(8, Integer.decode(code) << 8).put(0x0e, (byte) header);
        assertThat(new NvmeModel().accepts(new FunctionConfig(0x100, config))).isEqualTo(accepted);
    }

    @Test
    void modelNamesItsOptions() {
        assertThat(new NvmeModel().name()).isEqualTo("nvme");
        assertThat(new NvmeModel().options()).contains("mediumNanos", "resetNanos",
                "ignoresReset", "wedgesOnAbort", "goneFromNanos", "ats.entries");
        assertThatThrownBy(() -> with("max_ioqpairs", 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("max_ioqpairs 0, expected 1 to 500");
        for (String name : new String[] {"mediumNanos", "resetNanos"}) {
            assertThatThrownBy(() -> with(name, -5))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(" -5 ns");
        }
    }
}
