// SPDX-License-Identifier: Apache-2.0
package iommu.api.kdump;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverView.FunctionView;
import iommu.api.kdump.Step.AwaitReady;
import iommu.api.kdump.Step.Sleep;
import iommu.api.kdump.Step.WriteConfig;
import iommu.testkit.FakeHandover;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Resets of functions and of what lies below ports, write by write; bus mastering as a gate. */
class ResetStepsTest {

    private static final int NVME = 0x010802;
    private static final int BRIDGE = 0x060400;
    private static final int[] ENDPOINT =
            {0x0c, 0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x30, 0x3c, 0x04};
    private static final int[] BEHIND_IT =
            {0x0c, 0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x28, 0x2c, 0x30, 0x38, 0x3c, 0x04};

    private final FakeHandover machine = new FakeHandover();

    /** Adds a bridge with a PCI Express capability of a type of port. */
    private FunctionView port(int requester, int type, int secondary, int subordinate) {
        machine.function(requester, BRIDGE, 1, 0x06, 0x10, 0x19, secondary, 0x1a, subordinate,
                0x34, 0x40, 0x40, 0x10, 0x42, type << 4 | 2);
        return last();
    }

    private FunctionView endpoint(int requester, int classCode, int... bytes) {
        machine.function(requester, classCode, 0, bytes);
        return last();
    }

    /** Adds an endpoint that says whether it can be reset by itself. */
    private FunctionView express(int requester, boolean capable, int control) {
        return endpoint(requester, NVME, 0x06, 0x10, 0x34, 0x50, 0x50, 0x10,
                0x57, capable ? 0x10 : 0xef, 0x58, control & 0xff, 0x59, control >>> 8);
    }

    private FunctionView last() {
        List<FunctionView> all = machine.functions();
        return all.get(all.size() - 1);
    }

    private List<Step> saved(FunctionView function, int... offsets) {
        var steps = new ArrayList<Step>();
        for (int offset : offsets) {
            steps.add(new WriteConfig(function.requester(), offset, 4,
                    machine.readConfig(function.requester(), offset, 4)));
        }
        return steps;
    }

    // ---- the gate -------------------------------------------------------------------------------

    @ParameterizedTest(name = "class {0}, header {1}")
    @CsvSource({"0x010802, 0, true", "0x020000, 0, true", "0x030000, 0, true", "0, 0, true",
        "0xffffff, 0, true", "0x060400, 1, false", "0x060000, 0, false", "0x060100, 0, false",
        "0x068000, 0, false", "0x06ffff, 0, false", "0x070000, 0, true", "0x05ffff, 0, true",
        "0x060700, 2, false", "0x010802, 1, false", "0x010802, 127, false"})
    void bridgesOfAnyKindAreNoEndpoints(String classCode, int header, boolean endpoint) {
        assertThat(BusMastering.isEndpoint(new FunctionView(8, Integer.decode(classCode), header)))
                .isEqualTo(endpoint);
    }

    @ParameterizedTest(name = "Command {0} becomes {1}")
    @CsvSource(nullValues = "-", value = {"0x0000, -", "0x0003, -", "0x0400, -", "0xfffb, -",
        "0x0004, 0x0400", "0x0006, 0x0402", "0x0007, 0x0403", "0x0406, 0x0402",
        "0x0146, 0x0542", "0xffff, 0xfffb", "0x0104, 0x0500"})
    void whoMaySendLosesItsGateAndItsPin(String command, String becomes) {
        int value = Integer.decode(command);
        FunctionView disk = endpoint(0x100, NVME, 0x04, value & 0xff, 0x05, value >>> 8);
        assertThat(BusMastering.endpoints(machine))
                .isEqualTo(becomes == null ? List.of() : List.of(disk));
        assertThat(BusMastering.clear(machine)).isEqualTo(becomes == null ? List.of()
                : List.of(new WriteConfig(0x100, 0x04, 2, Integer.decode(becomes))));
    }

    @Test
    void gatesOfBridgesStayOpen() {
        machine.function(0x08, BRIDGE, 1, 0x04, 0x07);
        machine.function(0xf8, 0x060100, 0, 0x04, 0x07);
        FunctionView first = endpoint(0x100, NVME, 0x04, 0x06);
        endpoint(0x108, NVME, 0x04, 0x02);
        FunctionView third = endpoint(0x10200, 0x020000, 0x04, 0x04);
        assertThat(BusMastering.endpoints(machine)).containsExactly(first, third);
        assertThat(BusMastering.clear(machine)).containsExactly(
                new WriteConfig(0x100, 0x04, 2, 0x0402),
                new WriteConfig(0x10200, 0x04, 2, 0x0400));
    }

    @Test
    void aMachineWithoutFunctionsHasNoGates() {
        assertThat(BusMastering.endpoints(machine)).isEmpty();
        assertThat(BusMastering.clear(machine)).isEmpty();
        assertThat(SecondaryBusReset.ports(machine, false)).isEmpty();
        assertThat(SecondaryBusReset.below(List.of(), machine)).isEmpty();
    }

    // ---- ports ----------------------------------------------------------------------------------

    /** Device/Port Type: endpoint, legacy, root port, upstream, downstream, to PCI, from PCI. */
    @ParameterizedTest(name = "type {0}")
    @CsvSource({"0, false, false", "1, false, false", "3, false, false", "4, true, true",
        "5, false, false", "6, true, false", "7, false, false", "8, false, false",
        "9, false, false", "15, false, false"})
    void onlyRootAndDownstreamPortsResetWhatIsBelow(int type, boolean port, boolean root) {
        FunctionView bridge = port(0x08, type, 1, 1);
        assertThat(SecondaryBusReset.ports(machine, false))
                .isEqualTo(port ? List.of(bridge) : List.of());
        assertThat(SecondaryBusReset.ports(machine, true))
                .isEqualTo(root ? List.of(bridge) : List.of());
    }

    @Test
    void aBridgeWithoutTheCapabilityIsNoPort() {
        machine.function(0x08, BRIDGE, 1, 0x19, 1, 0x1a, 1, 0x34, 0x40, 0x40, 0x10, 0x42, 0x42);
        machine.function(0x10, BRIDGE, 1, 0x06, 0x10, 0x34, 0x40, 0x40, 0x01, 0x42, 0x42);
        machine.function(0x18, 0x060000, 0, 0x06, 0x10, 0x34, 0x40, 0x40, 0x10, 0x42, 0x42);
        assertThat(SecondaryBusReset.ports(machine, false)).isEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"0x0000, false", "0x01ff, false", "0x0200, true", "0x02ff, true",
        "0x0307, true", "0x0400, true", "0x04ff, true", "0x0500, false", "0xff00, false",
        "0x10200, false", "0x10300, false"})
    void belowAPortAreTheBusesOfItsRange(String requester, boolean below) {
        FunctionView port = port(0x08, 4, 2, 4);
        FunctionView function = endpoint(Integer.decode(requester), NVME);
        assertThat(SecondaryBusReset.isBelow(function, port, machine)).isEqualTo(below);
        assertThat(SecondaryBusReset.below(List.of(port), machine))
                .isEqualTo(below ? List.of(function) : List.of());
    }

    @Test
    void eachSegmentHasItsBuses() {
        FunctionView here = port(0x08, 4, 2, 2);
        FunctionView there = port(0x30008, 4, 2, 2);
        FunctionView mine = endpoint(0x200, NVME);
        FunctionView others = endpoint(0x30200, NVME);
        assertThat(SecondaryBusReset.below(List.of(here), machine)).containsExactly(mine);
        assertThat(SecondaryBusReset.below(List.of(there), machine)).containsExactly(others);
        assertThat(SecondaryBusReset.below(List.of(there, here), machine))
                .as("in the order of the functions").containsExactly(mine, others);
    }

    @Test
    void aPortAboveReachesThroughTheBridgesBelow() {
        FunctionView root = port(0x08, 4, 1, 3);
        FunctionView upstream = port(0x100, 5, 2, 3);
        FunctionView downstream = port(0x200, 6, 3, 3);
        FunctionView disk = endpoint(0x300, NVME);
        assertThat(SecondaryBusReset.below(List.of(root), machine))
                .containsExactly(upstream, downstream, disk);
        assertThat(SecondaryBusReset.below(List.of(downstream, root), machine))
                .as("each once").containsExactly(upstream, downstream, disk);
        assertThat(SecondaryBusReset.below(List.of(downstream), machine)).containsExactly(disk);
    }

    @ParameterizedTest(name = "class {0} on {1}")
    @CsvSource({"0x030000, 0x200, true", "0x030001, 0x200, true", "0x0300ff, 0x2ff, true",
        "0x030100, 0x200, false", "0x038000, 0x200, false", "0x010802, 0x200, false",
        "0x030000, 0x300, false", "0x030000, 0x10, false", "0x030000, 0x10200, false"})
    void aScreenBelowAPortIsFound(String classCode, String requester, boolean leads) {
        FunctionView port = port(0x08, 4, 2, 2);
        endpoint(Integer.decode(requester), Integer.decode(classCode));
        assertThat(SecondaryBusReset.leadsToVga(port, machine)).isEqualTo(leads);
    }

    // ---- steps ----------------------------------------------------------------------------------

    @Test
    void noPortsAreNoSteps() {
        endpoint(0x100, NVME);
        assertThat(SecondaryBusReset.steps(List.of(), machine, 1, 2, true)).isEmpty();
    }

    @ParameterizedTest(name = "Bridge Control {0}")
    @CsvSource({"0x0000, 0x0040, 0x0000", "0x0003, 0x0043, 0x0003", "0x0040, 0x0040, 0x0000",
        "0x0043, 0x0043, 0x0003", "0xffff, 0xffff, 0xffbf", "0x1000, 0x1040, 0x1000"})
    void theResetBitIsSetAndCleared(String control, String set, String cleared) {
        int value = Integer.decode(control);
        machine.function(0x08, BRIDGE, 1, 0x19, 1, 0x1a, 1, 0x3e, value & 0xff,
                0x3f, value >>> 8);
        assertThat(SecondaryBusReset.steps(List.of(last()), machine, 7, 9, false)).containsExactly(
                new WriteConfig(0x08, 0x3e, 2, Integer.decode(set)), new Sleep(7),
                new WriteConfig(0x08, 0x3e, 2, Integer.decode(cleared)), new Sleep(9));
    }

    @Test
    void portsAreResetTogetherAndWhatIsBelowIsRestoredOnce() {
        FunctionView root = port(0x08, 4, 1, 2);
        FunctionView below = port(0x100, 6, 2, 2);
        FunctionView disk = endpoint(0x200, NVME, 0x04, 0x06, 0x10, 0x04, 0x13, 0xfe, 0x3c, 11);
        List<Step> expected = new ArrayList<>(List.of(new WriteConfig(0x08, 0x3e, 2, 0x40),
                new WriteConfig(0x100, 0x3e, 2, 0x40), new Sleep(2),
                new WriteConfig(0x08, 0x3e, 2, 0), new WriteConfig(0x100, 0x3e, 2, 0),
                new Sleep(100)));
        List<FunctionView> ports = List.of(root, below);
        assertThat(SecondaryBusReset.steps(ports, machine, 2, 100, false)).isEqualTo(expected);
        expected.addAll(saved(below, BEHIND_IT));
        expected.addAll(saved(disk, ENDPOINT));
        assertThat(SecondaryBusReset.steps(ports, machine, 2, 100, true)).isEqualTo(expected);
        assertThat(expected).as("Command comes last, as it was")
                .endsWith(new WriteConfig(0x200, 0x04, 4, 0x06));
        assertThat(expected).contains(new WriteConfig(0x200, 0x10, 4, 0xfe000004));
    }

    @Test
    void theStepsAreSomeThatAMachineTakes() {
        FunctionView root = port(0x08, 4, 1, 1);
        FunctionView disk = express(0x100, true, 0x2810);
        var all = new ArrayList<>(FunctionReset.steps(disk, machine));
        all.addAll(SecondaryBusReset.steps(List.of(root), machine, 2_000_000, 100_000_000, true));
        all.addAll(BusMastering.clear(machine));
        assertThat(all).hasSizeGreaterThan(20).allSatisfy(
                step -> assertThat(StepCheck.wrong(step)).as("%s", step).isNull());
    }

    // ---- one function ---------------------------------------------------------------------------

    @ParameterizedTest(name = "Device Control {0}")
    @CsvSource({"0x0000, 0x8000", "0x2810, 0xa810", "0x8000, 0x8000", "0x7fff, 0xffff"})
    void aFunctionThatCanIsResetByItself(String control, String written) {
        port(0x08, 4, 1, 1);
        FunctionView disk = express(0x100, true, Integer.decode(control));
        List<Step> expected = new ArrayList<>(List.of(
                new WriteConfig(0x100, 0x58, 2, Integer.decode(written)),
                new Sleep(100_000_000), new AwaitReady(0x100, "FLR")));
        expected.addAll(saved(disk, ENDPOINT));
        assertThat(FunctionReset.steps(disk, machine)).isEqualTo(expected);
    }

    @Test
    void oneThatCannotIsResetByThePortThatItHasForItself() {
        FunctionView port = port(0x08, 4, 1, 1);
        port(0x10, 4, 2, 2);
        FunctionView disk = express(0x100, false, 0);
        express(0x200, false, 0);
        assertThat(FunctionReset.steps(disk, machine)).isEqualTo(byPort(port, disk));
    }

    /** The port's reset, and the wait before anything is restored. */
    private List<Step> byPort(FunctionView port, FunctionView function) {
        List<Step> steps = new ArrayList<>(
                SecondaryBusReset.steps(List.of(port), machine, 2_000_000, 100_000_000, false));
        assertThat(steps).hasSize(4);
        steps.add(new AwaitReady(function.requester(), "bus reset"));
        steps.addAll(saved(function, ENDPOINT));
        return steps;
    }

    @ParameterizedTest(name = "a neighbour at {0}")
    @CsvSource({"0x101, false", "0x108, false", "0x1ff, false", "0x200, true", "0x18, true",
        "0x10100, true"})
    void aPortThatOthersShareIsLeftAlone(String neighbour, boolean reset) {
        port(0x08, 4, 1, 1);
        FunctionView disk = endpoint(0x100, NVME);
        endpoint(Integer.decode(neighbour), NVME);
        assertThat(FunctionReset.steps(disk, machine).isEmpty()).isEqualTo(!reset);
    }

    @Test
    void aSwitchBetweenIsNoNeighbourOfItsLowestPort() {
        port(0x08, 4, 1, 3);
        port(0x100, 5, 2, 3);
        FunctionView downstream = port(0x200, 6, 3, 3);
        FunctionView disk = endpoint(0x300, NVME);
        assertThat(FunctionReset.steps(disk, machine)).isEqualTo(byPort(downstream, disk));
    }

    @Test
    void withoutAPortNothingResetsIt() {
        FunctionView disk = endpoint(0x18, NVME, 0x57, 0x10);
        assertThat(FunctionReset.steps(disk, machine)).as("no list of capabilities").isEmpty();
    }
}
