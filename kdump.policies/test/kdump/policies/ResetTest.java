// SPDX-License-Identifier: Apache-2.0
package kdump.policies;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.kdump.Step.WriteConfig;
import iommu.testkit.FakeHandover;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which ports reset-devices resets, whom it spares, and what it restores afterwards. */
class ResetTest {

    private static final int ROOT = 0x0008;
    private static final int OTHER_ROOT = 0x0010;
    private static final int UP = 0x0100;
    private static final int DOWN = 0x0200;
    private static final int NIC = 0x0300;
    private static final int CONTROL = 0x3e;

    private final FakeHandover machine = Policies.machine("v");
    private final HandoverPolicy policy = Policies.of("reset-devices");

    /** A bridge with an Express capability of a port type, behind one of power management. */
    private ResetTest bridge(int requester, int type, int secondary, int subordinate) {
        machine.function(requester, 0x060400, 1, 0x06, 0x10, 0x34, 0x40, 0x40, 0x01, 0x41, 0x50,
                0x50, 0x10, 0x52, type << 4 | 2, 0x19, secondary, 0x1a, subordinate);
        return this;
    }

    private ResetTest endpoint(int requester, int classCode) {
        machine.function(requester, classCode, 0, 0x04, 0x6, 0x10, requester >>> 8);
        return this;
    }

    private List<Step> steps() {
        return Policies.acts(machine.at(Phase.SETUP_ARCH, policy));
    }

    /** Returns the ports that are reset, in their order. */
    private List<Integer> reset() {
        return steps().stream().filter(s -> s instanceof WriteConfig w && w.offset() == CONTROL
                && (w.value() & 0x40) != 0).map(s -> ((WriteConfig) s).requester()).toList();
    }

    /** Returns the functions that are restored, in their order. */
    private List<Integer> restored() {
        return steps().stream().filter(s -> s instanceof WriteConfig w && w.bytes() == 4)
                .map(s -> ((WriteConfig) s).requester()).distinct().toList();
    }

    /** Port types: 0 endpoint, 4 root, 5 upstream, 6 downstream, 7 to PCI, 8 from PCI. */
    @ParameterizedTest
    @CsvSource({"0, false", "1, false", "4, true", "5, false", "6, true", "7, false", "8, false",
        "9, false", "10, false"})
    void onlyRootAndDownstreamPortsAreReset(int type, boolean is) {
        bridge(ROOT, type, 1, 1).endpoint(UP, 0x020000);
        assertThat(reset()).isEqualTo(is ? List.of(ROOT) : List.of());
        assertThat(restored()).isEqualTo(is ? List.of(UP) : List.of());
    }

    @Test
    void aBridgeWithoutExpressCapabilityIsNoPort() {
        machine.function(ROOT, 0x060400, 1, 0x19, 1, 0x1a, 1);
        endpoint(UP, 0x020000);
        assertThat(steps()).isEmpty();
    }

    @Test
    void aPortThatLeadsNowhereIsLeftAlone() {
        bridge(ROOT, 4, 1, 1).bridge(OTHER_ROOT, 4, 2, 2).endpoint(0x0200, 0x020000);
        assertThat(reset()).containsExactly(OTHER_ROOT);
    }

    @Test
    void anEndpointThatCallsItselfARootPortIsNone() {
        machine.function(ROOT, 0x060400, 0, 0x06, 0x10, 0x34, 0x40, 0x40, 0x10, 0x42, 0x42, 0x19,
                1, 0x1a, 1);
        endpoint(UP, 0x020000);
        assertThat(steps()).isEmpty();
    }

    @Test
    void aSwitchIsResetAtAllItsLevelsTogether() {
        bridge(ROOT, 4, 1, 3).bridge(UP, 5, 2, 3).bridge(DOWN, 6, 3, 3).endpoint(NIC, 0x020000);
        assertThat(reset()).containsExactly(ROOT, DOWN);
        assertThat(restored()).as("bridges before what lies behind them")
                .containsExactly(UP, DOWN, NIC);
        assertThat(steps().subList(0, 6)).containsExactly(new WriteConfig(ROOT, CONTROL, 2, 0x40),
                new WriteConfig(DOWN, CONTROL, 2, 0x40), new Step.Sleep(2_000_000),
                new WriteConfig(ROOT, CONTROL, 2, 0), new WriteConfig(DOWN, CONTROL, 2, 0),
                new Step.Sleep(100_000_000));
    }

    @Test
    void aScreenSparesEveryPortOnTheWayToItAndNoOther() {
        bridge(ROOT, 4, 1, 3).bridge(OTHER_ROOT, 4, 4, 4).bridge(UP, 5, 2, 3).bridge(DOWN, 6, 3, 3)
                .endpoint(NIC, 0x030000).endpoint(0x0400, 0x020000);
        assertThat(reset()).containsExactly(OTHER_ROOT);
        assertThat(restored()).containsExactly(0x0400);
    }

    @ParameterizedTest
    @CsvSource({"0x030000, false", "0x030001, false", "0x030200, true", "0x038000, true",
        "0x040300, true"})
    void onlyAVgaControllerIsAScreen(String classCode, boolean reset) {
        bridge(ROOT, 4, 1, 1).endpoint(UP, Integer.decode(classCode));
        assertThat(reset()).hasSize(reset ? 1 : 0);
    }

    @ParameterizedTest(name = "buses {0} to {1}")
    @CsvSource({"1, 1", "1, 2", "2, 3", "3, 3", "1, 255"})
    void whatLiesOnThePortsBusesIsRestoredAndNothingElse(int secondary, int subordinate) {
        bridge(ROOT, 4, secondary, subordinate);
        for (int bus = 0; bus <= 4; bus++) {
            endpoint(bus << 8 | 0xf8, 0x020000);
        }
        assertThat(restored()).isNotEmpty().allMatch(
                id -> id >>> 8 >= secondary && id >>> 8 <= subordinate)
                .hasSize(Math.min(subordinate, 4) - secondary + 1);
    }

    @Test
    void busesOfAnotherSegmentAreOthers() {
        bridge(0x1_0008, 4, 1, 1).endpoint(0x0100, 0x030000).endpoint(0x1_0100, 0x020000);
        assertThat(reset()).as("the screen is in segment 0").containsExactly(0x1_0008);
        assertThat(restored()).containsExactly(0x1_0100);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x0000, 0x0003, 0x0040, 0x0843, 0xffbf})
    void otherBitsOfBridgeControlAreKept(int control) {
        machine.function(ROOT, 0x060400, 1, 0x06, 0x10, 0x34, 0x40, 0x40, 0x10, 0x42, 0x42, 0x19,
                1, 0x1a, 1, CONTROL, control & 0xff, CONTROL + 1, control >>> 8);
        endpoint(UP, 0x020000);
        assertThat(steps()).startsWith(new WriteConfig(ROOT, CONTROL, 2, control | 0x40))
                .contains(new WriteConfig(ROOT, CONTROL, 2, control & ~0x40));
    }

    @ParameterizedTest
    @CsvSource({"1, 0, 1000000, 0", "2, 100, 2000000, 100000000",
        "3000, 5000, 3000000000, 5000000000"})
    void timesAreThoseOfTheSettings(int reset, int settle, long resetNanos, long settleNanos) {
        bridge(ROOT, 4, 1, 1).endpoint(UP, 0x020000);
        assertThat(machine.at(Phase.SETUP_ARCH, Policies.resetDevices(reset, settle)))
                .filteredOn(s -> s instanceof Step.Sleep)
                .containsExactly(new Step.Sleep(resetNanos), new Step.Sleep(settleNanos));
    }

    /** Command comes last, when BARs and buses are right again, and each once, as it was. */
    @Test
    void headersAreRestoredAsTheyWereWithTheCommandLast() {
        bridge(ROOT, 4, 1, 2).bridge(UP, 7, 2, 2).endpoint(DOWN, 0x010802);
        for (int id : new int[] {UP, DOWN}) {
            List<WriteConfig> writes = steps().stream().filter(s -> s instanceof WriteConfig w
                    && w.requester() == id).map(WriteConfig.class::cast).toList();
            assertThat(writes).last().extracting(WriteConfig::offset).isEqualTo(0x04);
            assertThat(writes).extracting(WriteConfig::offset).doesNotHaveDuplicates()
                    .contains(0x0c, 0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x30, 0x3c);
            assertThat(writes).allMatch(
                    w -> w.value() == machine.readConfig(id, w.offset(), 4));
        }
        assertThat(steps()).as("buses of the bridge")
                .contains(new WriteConfig(UP, 0x18, 4, 0x0002_0200));
    }
}
