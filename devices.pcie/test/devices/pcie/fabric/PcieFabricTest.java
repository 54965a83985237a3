// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static devices.pcie.fabric.Functions.bridge;
import static devices.pcie.fabric.Functions.endpoint;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Device;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.Fabric;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.testkit.RecordingUpstream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Gates, aliases and resets of the fabric. */
class PcieFabricTest {

    private static final int ROOT_PORT = 4;
    private static final int EXPRESS_TO_PCI = 7;
    private static final int BRIDGE_CONTROL = 0x3e;
    private static final int SECONDARY_BUS_RESET = 0x40;

    private final RecordingUpstream root = new RecordingUpstream();
    private final Map<Integer, DmaPort> ports = new HashMap<>();
    private final Map<Integer, CountingDevice> devices = new HashMap<>();

    private static final class CountingDevice implements Device {
        int resets;
        int written;

        @Override
        public int readRegister(int offset) {
            return 0x1000 + offset;
        }

        @Override
        public void writeRegister(int offset, int value) {
            written = value;
        }

        @Override
        public void reset() {
            resets++;
        }
    }

    private Fabric fabric(FunctionConfig... functions) {
        return new PcieFabricFactory().build(List.of(functions), root, (function, dma) -> {
            ports.put(function.requesterId(), dma);
            devices.put(function.requesterId(), new CountingDevice());
            return devices.get(function.requesterId());
        });
    }

    private CompletionStatus readBy(String id) {
        return ports.get(RequesterId.parse(id)).read(0x1000, new byte[4], 0, 4);
    }

    private static PciFunction in(Fabric fabric, String id) {
        return fabric.function(RequesterId.parse(id));
    }

    @ParameterizedTest
    @CsvSource({"-1, 00:05.0", "4, 06:01.0", "5, 06:01.0", "6, 06:01.0", "7, 06:00.0",
        "8, 00:05.0"})
    void requestsBehindABridgeCarryTheIdThatItsKindGivesThem(int expressType, String alias) {
        Fabric fabric = fabric(bridge("00:05.0", 6, expressType), endpoint("06:01.0"));

        assertThat(RequesterId.formatShort(in(fabric, "06:01.0").alias())).isEqualTo(alias);
        readBy("06:01.0");
        assertThat(root.requests()).extracting(r -> RequesterId.formatShort(r.alias()))
                .containsExactly(alias);
    }

    @Test
    void theTopmostBridgeThatTakesOwnershipWins() {
        Fabric fabric = fabric(bridge("00:05.0", 6, EXPRESS_TO_PCI), bridge("06:02.0", 7, -1),
                endpoint("07:03.0"));

        assertThat(RequesterId.formatShort(in(fabric, "07:03.0").alias())).isEqualTo("06:00.0");
    }

    @Test
    void functionsOfTheRootBusKeepTheirId() {
        assertThat(in(fabric(endpoint("00:1f.2")), "00:1f.2").alias())
                .isEqualTo(RequesterId.parse("00:1f.2"));
    }

    @Test
    void aFunctionWithBusMasteringOffReachesNothing() {
        Fabric fabric = fabric(endpoint("00:01.0"));
        in(fabric, "00:01.0").writeConfig(4, 2, 0x0002);
        byte[] data = {1, 2};

        assertThat(ports.get(RequesterId.parse("00:01.0")).read(0, data, 0, 2))
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(data).as("a device reads all ones").containsOnly(0xff);
        assertThat(ports.get(RequesterId.parse("00:01.0")).write(0, data, 0, 2))
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(root.requests()).isEmpty();
    }

    @Test
    void aBridgeWithBusMasteringOffDropsWritesSilentlyAndFailsReads() {
        Fabric fabric = fabric(bridge("00:02.0", 1, ROOT_PORT), endpoint("01:00.0"));
        in(fabric, "00:02.0").writeConfig(4, 2, 0x0002);

        assertThat(readBy("01:00.0")).isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(ports.get(RequesterId.parse("01:00.0")).write(0, new byte[1], 0, 1))
                .as("a posted write has no completion").isEqualTo(CompletionStatus.SUCCESS);
        assertThat(root.requests()).isEmpty();
    }

    @Test
    void secondaryBusResetResetsEverythingBelowOnce() {
        Fabric fabric = fabric(bridge("00:02.0", 1, ROOT_PORT), bridge("01:00.0", 2, -1),
                endpoint("02:00.0"), endpoint("00:03.0"));
        PciFunction port = in(fabric, "00:02.0");

        port.writeConfig(BRIDGE_CONTROL, 2, SECONDARY_BUS_RESET);
        assertThat(in(fabric, "02:00.0").readConfig(4, 2)).as("held").isEqualTo(0xffff);
        port.writeConfig(BRIDGE_CONTROL, 2, SECONDARY_BUS_RESET);
        port.writeConfig(BRIDGE_CONTROL, 2, 0);

        assertThat(devices.get(RequesterId.parse("02:00.0")).resets).isEqualTo(1);
        assertThat(in(fabric, "02:00.0").busMaster()).isFalse();
        assertThat(devices.get(RequesterId.parse("00:03.0")).resets).isZero();
        assertThat(in(fabric, "00:03.0").busMaster()).isTrue();
    }

    @Test
    void nothingPassesAPortWhileItHoldsItsBusInReset() {
        Fabric fabric = fabric(bridge("00:02.0", 1, ROOT_PORT), endpoint("01:00.0"));
        in(fabric, "00:02.0").writeConfig(BRIDGE_CONTROL, 2, SECONDARY_BUS_RESET);
        in(fabric, "01:00.0").writeConfig(4, 2, Functions.MEMORY_AND_MASTER);

        assertThat(readBy("01:00.0")).isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        in(fabric, "00:02.0").writeConfig(BRIDGE_CONTROL, 2, 0);
        assertThat(readBy("01:00.0")).as("what was written meanwhile is lost")
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        in(fabric, "01:00.0").writeConfig(4, 2, Functions.MEMORY_AND_MASTER);
        assertThat(readBy("01:00.0")).isEqualTo(CompletionStatus.SUCCESS);
    }

    @Test
    void aDeviceAnswersOnlyWhileMemoryDecodingIsOn() {
        Fabric fabric = fabric(endpoint("00:01.0"));
        PciFunction function = in(fabric, "00:01.0");
        assertThat(function.readRegister(0, 8, 4)).isEqualTo(0x1008);

        function.writeConfig(4, 2, 0x0004);

        assertThat(function.readRegister(0, 8, 4)).isEqualTo(0xffff_ffffL);
        function.writeRegister(0, 8, 4, 5);
        assertThat(devices.get(function.requesterId()).written).isZero();
    }

    @Test
    void identityIsReadOnlyAndStatusIsWriteOneToClear() {
        FunctionConfig config = endpoint("00:01.0");
        config.config()[0x07] = 0x20;
        PciFunction function = in(fabric(config), "00:01.0");

        function.writeConfig(0, 2, 0x1234);
        function.writeConfig(6, 2, 0x2000);

        assertThat(function.readConfig(0, 2)).isEqualTo(0x8086);
        assertThat(function.readConfig(6, 2)).isEqualTo(0x0010);
    }

    @Test
    void messageInterruptsCanBeSwitchedOff() {
        PciFunction function = in(fabric(endpoint("00:01.0")), "00:01.0");
        assertThat(function.readConfig(0x52, 2) & 1).isEqualTo(1);

        function.writeConfig(0x52, 2, 0);

        assertThat(function.readConfig(0x52, 2) & 1).isZero();
    }

    @Test
    void functionLevelResetReachesTheFunctionAlone() {
        byte[] express = bridge("00:01.0", 0, 0).config();
        express[0x0e] = 0;
        Fabric fabric = fabric(new FunctionConfig(RequesterId.parse("00:01.0"), express),
                endpoint("00:01.1"));

        in(fabric, "00:01.0").writeConfig(0x48, 2, 0x8000);

        assertThat(devices.get(RequesterId.parse("00:01.0")).resets).isEqualTo(1);
        assertThat(devices.get(RequesterId.parse("00:01.1")).resets).isZero();
    }

    @Test
    void oneIdIsOneFunction() {
        assertThatThrownBy(() -> fabric(endpoint("00:01.0"), endpoint("00:01.0")))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("0000:00:01.0");
    }

    @Test
    void bridgesThatLeadToEachOtherEndTheSearch() {
        Fabric fabric = fabric(bridge("01:00.0", 2, -1), bridge("02:00.0", 1, -1),
                endpoint("02:01.0"));

        assertThat(RequesterId.formatShort(in(fabric, "02:01.0").alias())).isEqualTo("01:00.0");
    }
}
