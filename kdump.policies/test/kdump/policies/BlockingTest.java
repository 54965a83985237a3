// SPDX-License-Identifier: Apache-2.0
package kdump.policies;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.kdump.HandoverEvent.ProbeStart;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.kdump.Step.AdoptTables;
import iommu.api.kdump.Step.StartClean;
import iommu.api.kdump.Step.WriteConfig;
import iommu.api.unit.AdoptDepth;
import iommu.testkit.FakeHandover;
import iommu.testkit.Settings;
import java.util.List;
import kdump.policies.blockatcrash.BlockAtCrash;
import kdump.policies.clearbusmaster.ClearBusMaster;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Policies that close a way to memory: in tables, in entries, at functions, at ports. */
class BlockingTest {

    private static final Class<kdump.policies.blockatcrash.Config> BLOCK_AT_CRASH =
            kdump.policies.blockatcrash.Config.class;
    private static final Class<kdump.policies.clearbusmaster.Config> CLEAR_BUS_MASTER =
            kdump.policies.clearbusmaster.Config.class;
    private static final int NIC = 0x0100;
    private static final int DISK = 0x0200;
    private static final int IDLE = 0x0208;
    private static final int PORT = 0x0008;
    private static final int OTHER_PORT = 0x0010;

    private final FakeHandover machine = Policies.machine("va")
            .function(PORT, 0x060400, 1, 0x04, 0x7, 0x06, 0x10, 0x34, 0x40, 0x40, 0x10, 0x42, 0x42,
                    0x19, 1, 0x1a, 1)
            .function(NIC, 0x020000, 0, 0x04, 0x6).function(DISK, 0x010802, 0, 0x04, 0x7)
            .function(IDLE, 0x010601, 0, 0x04, 0x3);

    /** Whatever the unit, one that was off starts clean, and the others go on. */
    @ParameterizedTest
    @ValueSource(strings = {"block", "scratch-page", "block-at-crash"})
    void aUnitThatWasOffStartsClean(String name) {
        HandoverPolicy policy = Policies.of(name);
        List<Step> steps = machine.at(Phase.DMA_REMAPPING, policy);
        assertThat(machine.refused(steps.get(0), policy))
                .containsExactly(new StartClean(0), steps.get(1));
        assertThat(machine.refused(steps.get(1), policy)).containsExactly(new StartClean(1));
        assertThat(machine.refused(new StartClean(0), policy)).isEmpty();
    }

    @Test
    void thePanickedKernelBlocksMastersWhoseDmaItMaps() {
        machine.direct(DISK);
        assertThat(machine.at(Phase.CRASH, Policies.of("block-at-crash")))
                .containsExactly(new Step.BlockFunction(NIC));
    }

    @Test
    void afterBlockingAtTheCrashAKernelMayStartCleanAsIn2010() {
        var reinit = new BlockAtCrash(Settings.of(BLOCK_AT_CRASH, "then", "reinit"));
        assertThat(Policies.brief(machine.at(Phase.DMA_REMAPPING, reinit)))
                .isEqualTo("off 0, off 1, clean 0, clean 1");
        assertThat(Policies.brief(machine.at(Phase.CRASH, reinit)))
                .isEqualTo("block 100, block 200");
        assertThatIllegalArgumentException().isThrownBy(() ->
                new BlockAtCrash(Settings.of(BLOCK_AT_CRASH, "then", "pray")))
                .withMessage("then 'pray', expected block or reinit");
    }

    @ParameterizedTest
    @CsvSource({"T1, CRASH", "T3, SETUP_ARCH", "T5b, FINAL_FIXUPS"})
    void busMastersAreClearedAndTheirPinsDisabledOnce(String setting, Phase when) {
        var policy = new ClearBusMaster(
                Settings.of(CLEAR_BUS_MASTER, "phase", setting));
        for (Phase phase : Phase.values()) {
            List<Step> writes = machine.at(phase, policy).stream()
                    .filter(s -> s instanceof WriteConfig).toList();
            if (phase == when) {
                assertThat(writes).containsExactly(new WriteConfig(NIC, 0x04, 2, 0x402),
                        new WriteConfig(DISK, 0x04, 2, 0x403));
            } else {
                assertThat(writes).isEmpty();
            }
        }
    }

    @Test
    void clearedAtT6TheyAreClearedBeforeAUnitGoesOff() {
        var late = new ClearBusMaster(Settings.of(CLEAR_BUS_MASTER, "phase", "T6"));
        assertThat(Policies.brief(machine.at(Phase.DMA_REMAPPING, late))).isEqualTo(
                "WriteConfig, WriteConfig, off 0, off 1, clean 0, clean 1");
    }

    @ParameterizedTest
    @CsvSource({"indoh-1, -, 2", "indoh-2, T5b, 0", "indoh-3, T5b, 2", "indoh-4, T3, 0",
        "reset-devices, T3, 0"})
    void indohsAttemptsDifferInWhenAndWhetherTheyReset(String name, String reset, int cleared) {
        String found = "-";
        for (Phase phase : Phase.values()) {
            List<Step> steps = machine.at(phase, Policies.of(name));
            if (steps.contains(new WriteConfig(PORT, 0x3e, 2, 0x40))) {
                found = phase.label();
            }
            if (phase == Phase.SETUP_ARCH) {
                assertThat(steps).filteredOn(s -> s instanceof WriteConfig w && w.offset() == 4
                        && w.bytes() == 2).hasSize(cleared);
            }
        }
        assertThat(found).isEqualTo(reset);
    }

    @Test
    void resetsMayLeaveConfigSpaceAndSwitchesAndScreensAsTheyAre() {
        machine.function(OTHER_PORT, 0x060400, 1, 0x06, 0x10, 0x34, 0x40, 0x40, 0x10, 0x42, 0x62,
                0x19, 2, 0x1a, 2);
        assertThat(machine.at(Phase.SETUP_ARCH, Policies.resetDevices("restoresConfig", false)))
                .hasSize(6).noneMatch(s -> s instanceof WriteConfig w && w.offset() == 4);
        assertThat(machine.at(Phase.SETUP_ARCH, Policies.resetDevices("rootPortsOnly", true)))
                .noneMatch(s -> s instanceof WriteConfig w && w.requester() == OTHER_PORT);
        machine.function(0x0300, 0x030000, 0).function(0x0018, 0x060400, 1, 0x06, 0x10, 0x34,
                0x40, 0x40, 0x10, 0x42, 0x42, 0x19, 3, 0x1a, 3);
        assertThat(machine.at(Phase.SETUP_ARCH, Policies.resetDevices("sparesVga", false)))
                .contains(new WriteConfig(0x0018, 0x3e, 2, 0x40));
    }

    @ParameterizedTest
    @CsvSource({"T4, resetPhase", "T7, clearPhase", "never, resetPhase"})
    void anotherPhaseIsRefused(String phase, String setting) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Policies.resetDevices(setting, phase))
                .withMessage("phase '" + phase + "', expected one of T1, T3, T5b, T6");
    }

    /** The function that a port leads to alone, one with a reset bit, and those that share. */
    @Test
    void eachFunctionIsResetAloneBeforeItsDriverIfItCan() {
        machine.function(0x0300, 0x020000, 0, 0x06, 0x10, 0x34, 0x40, 0x40, 0x10, 0x47, 0x10,
                0x04, 0x6);
        HandoverPolicy policy = Policies.of("reset-at-probe");
        assertThat(machine.tell(new ProbeStart(NIC), policy))
                .startsWith(new WriteConfig(PORT, 0x3e, 2, 0x40), new Step.Sleep(2_000_000),
                        new WriteConfig(PORT, 0x3e, 2, 0), new Step.Sleep(100_000_000),
                        new Step.AwaitReady(NIC, "bus reset"))
                .endsWith(new WriteConfig(NIC, 0x04, 4, 0x6));
        assertThat(machine.tell(new ProbeStart(0x0300), policy))
                .startsWith(new WriteConfig(0x0300, 0x48, 2, 0x8000), new Step.Sleep(100_000_000),
                        new Step.AwaitReady(0x0300, "FLR"))
                .endsWith(new WriteConfig(0x0300, 0x04, 4, 0x10_0006))
                .allMatch(s -> s instanceof Step.Sleep || s instanceof Step.AwaitReady
                        || s instanceof WriteConfig w && w.requester() == 0x0300);
        assertThat(machine.tell(new ProbeStart(DISK), policy)).as("no way").isEmpty();
    }

    @Test
    void whereNothingIsCopiedResetAtProbeGoesOnInPlaceAndThenClean() {
        HandoverPolicy policy = Policies.of("reset-at-probe");
        assertThat(machine.refused(new AdoptTables(0, AdoptDepth.KEEP_COPIED), policy))
                .containsExactly(new AdoptTables(0, AdoptDepth.KEEP_IN_PLACE),
                        new AdoptTables(1, AdoptDepth.KEEP_COPIED));
        assertThat(machine.refused(new AdoptTables(1, AdoptDepth.KEEP_IN_PLACE), policy))
                .containsExactly(new StartClean(1));
    }
}
