// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import java.util.List;
import java.util.Map;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Why;
import kdump.lab.api.WhyQuestion;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.copytables.CopyTables;
import kdump.policies.disablereinit.DisableReinit;
import kdump.policies.leavedisabled.LeaveDisabled;
import kdump.policies.reuseinplace.ReuseInPlace;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Chains of causes end in what, taken away, takes the figure away. */
class WhyTest {

    private static final String ASKS = "asks for ";
    private static final Map<String, HandoverPolicy> POLICIES = Map.of(
            "copy-tables", new CopyTables(), "disable-reinit", new DisableReinit(),
            "leave-disabled", new LeaveDisabled(), "reuse-in-place", new ReuseInPlace());

    /** A policy that never asks for one of its steps, as the chain spells it. */
    private record Without(HandoverPolicy policy, String step) implements HandoverPolicy {

        @Override
        public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
            return policy.decide(event, view, notes).stream()
                    .filter(s -> !s.toString().equals(step)).toList();
        }
    }

    /** A policy before which, in the first kernel's time, an entry of a table is emptied. */
    private record Emptied(HandoverPolicy policy, long entry) implements HandoverPolicy {

        @Override
        public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
            return event.equals(new PhaseStart(Phase.RUNNING))
                    ? List.of(new Step.WriteMemory(entry, 0))
                    : policy.decide(event, view, notes);
        }
    }

    private static Why why(String machine, HandoverPolicy policy, String what)
            throws LabException {
        Runner runner = Fixture.runner(Fixture.machine(machine), RunOptions.ofSeed(7));
        return runner.why(() -> Fixture.session(policy), WhyQuestion.parse(what));
    }

    private static String number(Why why) {
        return why.figure().split(" ")[0];
    }

    @ParameterizedTest
    @CsvSource({
        "vtd1, disable-reinit, fault", "vtd1, leave-disabled, untranslated",
        "vtd1, disable-reinit, untranslated:03:00.0", "vtd1, reuse-in-place, changed",
        "vtdsm1, disable-reinit, fault", "vtdsm1, leave-disabled, untranslated",
        "vtdsm1, reuse-in-place, changed", "vtd39_612_lazy, disable-reinit, fault",
        "vtd39_612_lazy, leave-disabled, untranslated", "vtd39_612_lazy, reuse-in-place, changed",
        "vtd_ats, disable-reinit, fault", "vtd_ats, leave-disabled, untranslated",
        "vtd_ats, reuse-in-place, changed", "amd1, disable-reinit, fault",
        "kdamd1, disable-reinit, fault"})
    void withoutTheStepAtItsEndTheFigureIsGone(String machine, String policy, String what)
            throws LabException {
        HandoverPolicy whole = POLICIES.get(policy);
        Why why = why(machine, whole, what);
        assertThat(number(why)).matches("[1-9]\\d*");
        Why.Link step = why.chain().stream().filter(l -> l.event().startsWith(ASKS)).findFirst()
                .orElseThrow(() -> new AssertionError(why.toString()));
        assertThat(step.actor()).isEqualTo("policy");
        assertThat(why.chain().get(why.chain().size() - 1).event()).startsWith("phase T6");

        HandoverPolicy broken = new Without(whole, step.event().substring(ASKS.length()));
        assertThatThrownBy(() -> why(machine, broken, what)).isInstanceOf(LabException.class);
    }

    /** What comes late goes by an entry of the crashed kernel: without it, nothing comes there. */
    @ParameterizedTest
    @CsvSource({"vtd1", "vtd39_612_lazy", "vtd_ats", "amd1", "kdamd1"})
    void withoutTheEntryAtItsEndNothingComesLateToThatByte(String machine) throws LabException {
        Why why = why(machine, new CopyTables(), "late");
        Map<String, String> landed = why.chain().get(0).facts();
        Why.Link entry = why.chain().stream().filter(l -> l.event().startsWith("reads the"))
                .findFirst().orElseThrow(() -> new AssertionError(why.toString()));
        assertThat(why.chain().get(why.chain().size() - 1).actor()).isEqualTo("crashed kernel");

        HandoverPolicy broken = new Emptied(new CopyTables(),
                Long.decode(entry.facts().get("address")));
        assertThatThrownBy(() -> why(machine, broken, "late:" + landed.get("address")))
                .isInstanceOf(LabException.class);
    }

    @Test
    void everyLinkComesNoLaterThanItsEffect() throws LabException {
        // what a device holds it may have begun long before its tables changed
        List<Why.Link> chain = why("vtd1", new DisableReinit(), "fault:3").chain().stream()
                .filter(link -> !link.event().startsWith("begins to work")).toList();
        for (int i = 1; i < chain.size(); i++) {
            assertThat(chain.get(i).nanosSinceCrash())
                    .isLessThanOrEqualTo(chain.get(i - 1).nanosSinceCrash());
        }
        assertThat(chain.get(0).facts()).containsKeys("requester", "address", "reason");
    }

    @Test
    void whatDidNotHappenIsRefusedInWords() {
        assertThatThrownBy(() -> why("vtd1", new CopyTables(), "stray"))
                .isInstanceOf(LabException.class).hasMessageContaining("no such byte");
        assertThatThrownBy(() -> why("vtd1", new CopyTables(), "fault:02:00.0"))
                .isInstanceOf(LabException.class)
                .hasMessageContaining("no fault of 0000:02:00.0 in this run");
        assertThatThrownBy(() -> why("vtd1", new CopyTables(), "hung"))
                .isInstanceOf(LabException.class).hasMessageContaining("did not hang");
    }

    @ParameterizedTest
    @CsvSource({"faults", "fault:zz", "dump:1", "driver", "stray:page", "'', x"})
    void whatIsNoFigureIsRefused(String text) {
        assertThatThrownBy(() -> WhyQuestion.parse(text))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
