// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.errors;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView.FunctionView;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.pcie.RequesterId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import kdump.lab.api.Crash;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.TimelineEntry;
import kdump.lab.api.Verdict;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.copytables.CopyTables;
import kdump.policies.disablereinit.DisableReinit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Bus mastering cleared before anything else: a gate, no end. Between pci_set_master and its reset
 * a device goes on with what it holds, through whatever tables there are by then.
 *
 * <p>Source: T. Indoh's first attempt of 2012, after which DMAR errors were still seen.
 */
class ClearedBusMasterTest {

    private static final int COMMAND = 0x04;
    private static final int MASTER = 0x0004;
    private static final int PINS_OFF = 0x0400;

    /** Clears bus mastering of all endpoints at T3, and otherwise does what another policy does. */
    private record Gated(HandoverPolicy then) implements HandoverPolicy {

        @Override
        public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
            var steps = new ArrayList<Step>();
            if (event.equals(new PhaseStart(Phase.SETUP_ARCH))) {
                for (FunctionView function : view.functions()) {
                    if (function.headerType() == 0) {
                        int command = view.readConfig(function.requester(), COMMAND, 2);
                        steps.add(new Step.WriteConfig(function.requester(), COMMAND, 2,
                                command & ~MASTER | PINS_OFF));
                    }
                }
            }
            steps.addAll(then.decide(event, view, notes));
            return steps;
        }
    }

    private static Crash run(HandoverPolicy policy, RunOptions options) {
        try {
            return Fixture.crash(new Runner(Fixture.machine("vtd1"), Fixture.ALL_MODELS, options),
                    Fixture.session(policy), true, FaultInjection.NONE);
        } catch (LabException e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 7})
    void faultsComeAllTheSameWhenDriversOpenTheGateAgain(long seed) {
        Crash crash = run(new Gated(new DisableReinit()), RunOptions.ofSeed(seed));
        Verdict verdict = crash.verdict();

        assertThat(verdict.untranslatedDma().requests()).as("the gate is closed at T6").isZero();
        assertThat(verdict.faults().requests()).isPositive();
        assertThat(crash.timeline().stream().filter(e -> e.what().equals("fault"))
                .map(TimelineEntry::phase)).isNotEmpty().containsOnly("T7");
    }

    @Test
    void withoutTheTimeBetweenTheTwoNobodyFaults() {
        RunOptions options = RunOptions.ofSeed(7);
        RunOptions atOnce = options;
        Map<String, Long> usual = Fixture.run("vtd1", new Gated(new DisableReinit()), options)
                .faults().byRequester();
        for (String id : usual.keySet()) {
            // what sits behind the bridge to PCI travels under the bridge's name
            atOnce = atOnce.withDeviceOption(RequesterId.parse(id.equals("0000:06:00.0")
                    ? "06:01.0" : id), "masterToResetNanos", 0);
        }
        assertThat(usual).as("ring engines behind all functions").hasSizeGreaterThan(2);
        assertThat(Fixture.run("vtd1", new Gated(new DisableReinit()), atOnce).faults()
                .requests()).isZero();
    }

    @Test
    void throughCopiedTablesItGoesWhereItWasMeantToGo() {
        Verdict verdict = run(new Gated(new CopyTables()), RunOptions.ofSeed(7)).verdict();

        assertThat(verdict.clean()).isTrue();
        assertThat(verdict.faults().requests()).isZero();
        assertThat(verdict.lateLegitimateBytes()).isPositive();
    }

    @Test
    void aGateSparesMostOfTheFaults() {
        RunOptions options = RunOptions.ofSeed(7);
        Verdict gated = run(new Gated(new DisableReinit()), options).verdict();
        Verdict open = run(new DisableReinit(), options).verdict();

        assertThat(gated.faults().requests()).isLessThan(open.faults().requests());
        assertThat(open.untranslatedDma().requests()).isPositive();
    }
}
