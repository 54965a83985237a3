// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios.trial;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverEvent.ProbeStart;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import java.util.List;
import kdump.lab.api.experiment.ScenarioResult.Holds;
import org.junit.jupiter.api.Test;

/** What experimenters change of a policy's answers, and how findings are worded. */
class MeddlerTest {

    private static final Step OWN = new Step.Print("own");
    private static final Step MORE = new Step.Print("more");
    /** Names the phase that it is asked about. */
    private static final HandoverPolicy POLICY = (event, view, notes) ->
            event instanceof PhaseStart p ? List.of(new Step.Print(p.phase().name()), OWN)
                    : List.of(OWN);

    private static List<Step> asked(HandoverPolicy policy, HandoverEvent event) {
        return List.copyOf(policy.decide(event, null, null));
    }

    private static Step named(Phase phase) {
        return new Step.Print(phase.name());
    }

    @Test
    void stepsComeBeforeThoseOfThePolicyAtOnePhaseOnly() {
        HandoverPolicy policy = Meddler.before(Phase.DRIVERS, view -> List.of(MORE)).apply(POLICY);
        for (Phase phase : Phase.values()) {
            assertThat(asked(policy, new PhaseStart(phase))).isEqualTo(phase == Phase.DRIVERS
                    ? List.of(MORE, named(phase), OWN) : List.of(named(phase), OWN));
        }
        assertThat(asked(policy, new ProbeStart(1))).containsExactly(OWN);
    }

    @Test
    void unwantedStepsAreLeftOut() {
        HandoverPolicy policy = Meddler.without(OWN::equals).apply(POLICY);
        assertThat(asked(policy, new PhaseStart(Phase.DUMP))).containsExactly(named(Phase.DUMP));
        assertThat(asked(policy, new ProbeStart(1))).isEmpty();
    }

    @Test
    void anAnswerMovesToAnotherPhaseAndComesFirstThere() {
        HandoverPolicy policy = Meddler.moved(Phase.SETUP_ARCH, Phase.DRIVERS).apply(POLICY);
        assertThat(asked(policy, new PhaseStart(Phase.SETUP_ARCH))).isEmpty();
        assertThat(asked(policy, new PhaseStart(Phase.DRIVERS))).containsExactly(
                named(Phase.SETUP_ARCH), OWN, named(Phase.DRIVERS), OWN);
        assertThat(asked(policy, new PhaseStart(Phase.DUMP)))
                .containsExactly(named(Phase.DUMP), OWN);
    }

    @Test
    void aPolicyOfOnePhaseIsSilentAtOthers() {
        HandoverPolicy policy = Meddler.at(Phase.DUMP, view -> List.of(MORE));
        assertThat(asked(policy, new PhaseStart(Phase.DUMP))).containsExactly(MORE);
        assertThat(asked(policy, new PhaseStart(Phase.DRIVERS))).isEmpty();
        assertThat(asked(policy, new ProbeStart(1))).isEmpty();
    }

    @Test
    void aProbeIsThatOfOneFunction() {
        assertThat(Meddler.isProbe(new ProbeStart(5), 5)).isTrue();
        assertThat(Meddler.isProbe(new ProbeStart(6), 5)).isFalse();
        assertThat(Meddler.isProbe(new HandoverEvent.ProbeEnd(5, null), 5)).isFalse();
    }

    @Test
    void aFindingGivesTheReasonThatFits() {
        assertThat(Finding.yes(true, "o", "why", "why not"))
                .isEqualTo(new Finding(Holds.YES, "o", "why", null));
        assertThat(Finding.yes(false, "o", "why", "why not"))
                .isEqualTo(new Finding(Holds.NO, "o", "why not", null));
        assertThat(Finding.where(true, "o", "if", "why not"))
                .isEqualTo(new Finding(Holds.WITH_PRECONDITION, "o", "if", null));
        assertThat(Finding.where(false, "o", "if", "why not").holds()).isEqualTo(Holds.NO);
        var rate = new Rate(1, 2);
        assertThat(Finding.none("o", "why").at(rate))
                .isEqualTo(new Finding(Holds.NOT_APPLICABLE, "o", "why", rate));
    }
}
