// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.DmaPort;
import iommu.api.pcie.Fabric;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.PluggedFunction;
import iommu.api.pcie.RequesterId;
import iommu.testkit.RecordingUpstream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bus numbers that software gives out, and what follows them. */
class PluggedFabricTest {

    private static final int ROOT_PORT = 4;
    private static final int UPSTREAM_PORT = 5;
    private static final int EXPRESS_TO_PCI = 7;
    private static final int CONVENTIONAL = -1;
    private static final int BUS_NUMBERS = 0x18;
    private static final int COMMAND = 0x04;
    private static final int MASTER = 4;

    private final RecordingUpstream root = new RecordingUpstream();
    private final List<DmaPort> ports = new ArrayList<>();

    private static PluggedFunction endpoint(int bridge, int place) {
        return function(bridge, place, new byte[256], true);
    }

    private static PluggedFunction bridge(int above, int place, int expressType, boolean gates) {
        byte[] config = new byte[256];
        config[0x0e] = 1;
        if (expressType != CONVENTIONAL) {
            config[0x06] = 0x10;
            config[0x34] = 0x40;
            config[0x40] = 0x10;
            config[0x42] = (byte) (expressType << 4 | 2);
        }
        return function(above, place, config, gates);
    }

    private static PluggedFunction function(int bridge, int place, byte[] config, boolean gates) {
        byte[] writable = new byte[256];
        Arrays.fill(writable, 0x04, 0x0e, (byte) 0xff);
        Arrays.fill(writable, 0x10, 0x40, (byte) 0xff);
        return new PluggedFunction(bridge, place, config, writable, new byte[256], gates);
    }

    private Fabric fabric(PluggedFunction... functions) {
        Fabric fabric = new PcieFabricFactory().plug(List.of(functions), root,
                (function, dma) -> {
                    ports.add(dma);
                    return null;
                });
        fabric.functions().forEach(f -> f.writeConfig(COMMAND, 2, MASTER));
        return fabric;
    }

    /** Returns who made each request, and under which id it arrived. */
    private List<String> requests() {
        return root.requests().stream().map(r -> RequesterId.formatShort(r.function()) + " as "
                + RequesterId.formatShort(r.alias())).toList();
    }

    private void read(int index) {
        ports.get(index).read(0x1000, new byte[4], 0, 4);
    }

    private static void buses(PciFunction bridge, int secondary, int subordinate) {
        bridge.writeConfig(BUS_NUMBERS, 4, secondary << 8 | subordinate << 16);
    }

    @Test
    void functionMovesWithTheNumberOfItsBus() {
        Fabric fabric = fabric(bridge(-1, 0x18, ROOT_PORT, true), endpoint(0, 0x08));
        PciFunction behind = fabric.functions().get(1);
        assertThat(fabric.function(0x18)).isSameAs(fabric.functions().get(0));
        assertThat(fabric.function(0x108)).isNull();
        read(1);
        buses(fabric.function(0x18), 1, 1);
        assertThat(fabric.function(0x108)).isSameAs(behind);
        read(1);
        buses(fabric.function(0x18), 7, 7);
        assertThat(fabric.function(0x108)).isNull();
        assertThat(fabric.function(0x708)).isSameAs(behind);
        assertThat(behind.requesterId()).isEqualTo(0x708);
        read(1);
        assertThat(requests()).containsExactly("00:01.0 as 00:01.0", "01:01.0 as 01:01.0",
                "07:01.0 as 07:01.0");
    }

    @ParameterizedTest
    @CsvSource({"4, 05:01.0", "5, 05:01.0", "6, 05:01.0", "7, 05:00.0", "-1, 00:03.0"})
    void requestsCarryTheIdThatTheBridgeGivesThemNow(int expressType, String alias) {
        Fabric fabric = fabric(bridge(-1, 0x18, expressType, true), endpoint(0, 0x08));
        buses(fabric.function(0x18), 5, 5);
        read(1);
        assertThat(requests()).containsExactly("05:01.0 as " + alias);
    }

    @Test
    void accessesGoThroughTheRangesOfTheBridgesAbove() {
        Fabric fabric = fabric(bridge(-1, 0x18, ROOT_PORT, true), bridge(0, 0, UPSTREAM_PORT, true),
                bridge(1, 0x08, UPSTREAM_PORT, true), endpoint(2, 0));
        buses(fabric.function(0x18), 2, 9);
        PciFunction upstream = fabric.function(0x200);
        buses(upstream, 4, 9);
        buses(fabric.function(0x408), 6, 6);
        assertThat(fabric.function(0x600)).isSameAs(fabric.functions().get(3));
        assertThat(fabric.function(0x500)).as("nobody's").isNull();
        buses(upstream, 4, 5);
        assertThat(fabric.function(0x600)).as("beyond the range of a bridge above").isNull();
        buses(upstream, 4, 9);
        fabric.function(0x18).writeConfig(0x3e, 2, 0x40);
        assertThat(fabric.function(0x600)).as("below a bus in reset").isNull();
    }

    @Test
    void ofBridgesWithOneNumberTheLastAnswers() {
        Fabric fabric = fabric(bridge(-1, 0x18, ROOT_PORT, true),
                bridge(-1, 0x20, ROOT_PORT, true), endpoint(0, 0), endpoint(1, 0));
        buses(fabric.function(0x18), 3, 3);
        buses(fabric.function(0x20), 3, 3);
        assertThat(fabric.function(0x300)).isSameAs(fabric.functions().get(3));
        assertThat(fabric.function(0x308)).isNull();
    }

    @ParameterizedTest
    @CsvSource({"true, 0", "false, 1"})
    void bridgeStopsRequestsIfItGates(boolean gates, int arrive) {
        Fabric fabric = fabric(bridge(-1, 0x18, ROOT_PORT, gates), endpoint(0, 0));
        fabric.function(0x18).writeConfig(COMMAND, 2, 0);
        read(1);
        assertThat(requests()).hasSize(arrive);
        fabric.functions().get(1).writeConfig(COMMAND, 2, 0);
        read(1);
        assertThat(requests()).as("its own gate").hasSize(arrive);
    }

    @Test
    void resetBringsBackWhatWasThereAfterReset() {
        PluggedFunction odd = bridge(0, 0, EXPRESS_TO_PCI, true);
        odd.config()[0x20] = (byte) 0xf0;
        Fabric fabric = fabric(bridge(-1, 0x18, ROOT_PORT, true), odd);
        buses(fabric.function(0x18), 1, 9);
        PciFunction below = fabric.function(0x100);
        buses(below, 3, 3);
        below.writeConfig(0x20, 4, 0x1234_5678);
        fabric.function(0x18).writeConfig(0x3e, 2, 0x40);
        assertThat(below.readConfig(BUS_NUMBERS, 4)).as("the link is down").isEqualTo(-1);
        fabric.function(0x18).writeConfig(0x3e, 2, 0);
        assertThat(below.readConfig(BUS_NUMBERS, 4)).isZero();
        assertThat(below.readConfig(0x20, 4)).isEqualTo(0xf0);
        assertThat(below.readConfig(COMMAND, 2)).isZero();
    }

    @Test
    void whatCannotBePluggedIsRefused() {
        assertThatThrownBy(() -> fabric(endpoint(-1, 8), endpoint(0, 0)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageStartingWith("bridge 0");
        assertThatThrownBy(() -> fabric(endpoint(1, 0), bridge(-1, 8, ROOT_PORT, true)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> fabric(endpoint(-1, 8), endpoint(-1, 8)))
                .hasMessageContaining("two functions");
        assertThatThrownBy(() -> endpoint(-1, 0x100)).hasMessage("place 0x100");
        assertThatThrownBy(() -> new PluggedFunction(-1, 0, new byte[64], new byte[64],
                new byte[64], true)).hasMessageContaining("64");
    }
}
