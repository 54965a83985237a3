// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.pcie.Medium;
import iommu.api.pcie.RequesterId;
import iommu.api.pcie.Upstream.SystemError;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace.Level;
import java.util.List;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Why;
import kdump.lab.api.Why.Link;
import kdump.lab.api.WhyQuestion;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.Stage;
import kdump.policies.copytables.CopyTables;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How explanations of what ended badly begin and end. */
class ExplainerTest {

    private static final RunOptions IDLE = RunOptions.ofSeed(7).withRateFactor(0);
    private static final HandoverPolicy CUT_OFF = (event, view, notes) ->
            event.equals(new PhaseStart(Phase.DUMP)) ? view.functions().stream()
                    .filter(f -> f.headerType() == 0).<Step>map(f ->
                            new Step.WriteConfig(f.requester(), 4, 2, 0)).toList()
                    : new CopyTables().decide(event, view, notes);

    private static Why why(HandoverPolicy policy, String what) throws LabException {
        return Fixture.runner(Fixture.machine("vtd1"), IDLE)
                .why(() -> Fixture.session(policy), WhyQuestion.parse(what));
    }

    private static Link last(Why why) {
        return why.chain().get(why.chain().size() - 1);
    }

    @Test
    void aDriverThatFailedIsToldWithTheRequestThatWasBlocked() throws LabException {
        Judged j = new Judged(Stage.idle(), Judged.NOTHING, Level.KEEP).finish();
        String failed = j.verdict().driversFailed().get(0).requester();
        Why why = why(Judged.NOTHING, "driver:" + failed);
        assertThat(why.figure()).isEqualTo(j.verdict().driversFailed().size()
                + " drivers failed");
        assertThat(why.chain().get(0).phase()).isEqualTo("T7");
        assertThat(why.chain().get(0).nanosSinceCrash()).isPositive();
        assertThat(why.chain()).anyMatch(l -> l.actor().equals(failed))
                .anyMatch(l -> l.event().startsWith("reads the "));
        assertThat(last(why).actor()).isEqualTo("crashed kernel");
    }

    @Test
    void aDriverThatDidNotFailIsNoAnswer() {
        assertThatThrownBy(() -> why(new CopyTables(), "driver:02:00.0"))
                .isInstanceOf(LabException.class)
                .hasMessageContaining("no failed driver of 0000:02:00.0 in this run of");
    }

    @Test
    void aMissingDumpIsTheDriverOfItsTarget() throws LabException {
        Why why = why(Judged.NOTHING, "dump");
        assertThat(why.figure()).isEqualTo("dump: missing");
        assertThat(why.chain().get(0).phase()).isEqualTo("T7");
        assertThat(last(why).actor()).isEqualTo("crashed kernel");
    }

    @Test
    void aDumpThatStoppedIsTheStepThatStoppedIt() throws LabException {
        Why why = why(CUT_OFF, "dump");
        assertThat(why.figure()).isEqualTo("dump: missing");
        assertThat(why.chain().get(0).phase()).isEqualTo("T8");
        assertThat(why.chain()).isNotEmpty()
                .allSatisfy(l -> assertThat(l.event()).isNotBlank());
    }

    @Test
    void aWholeDumpIsExplainedByItsEnd() throws LabException {
        Why why = why(new CopyTables(), "dump");
        assertThat(why.figure()).isEqualTo("dump: complete");
        assertThat(why.chain().get(0).phase()).isEqualTo("T8");
    }

    @Test
    void aPanicIsExplainedByWhatItDiedOf() throws LabException {
        long image = Stage.idle().run(Judged.NOTHING, Level.COUNT).image().start();
        HandoverPolicy spoils = (event, view, notes) ->
                event.equals(new PhaseStart(Phase.RUNNING))
                        ? List.of(new Step.WriteMemory(image, 1)) : List.of();
        Why why = why(spoils, "hung");
        assertThat(why.figure()).isEqualTo(
                "captureKernel: hung, purgatory: digest of the loaded segments differs");
        assertThat(why.chain().get(0).phase()).isEqualTo("T2");
        assertThat(last(why).event()).startsWith("phase T2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"fault", "fault:2", "untranslated", "stray", "late", "media", "error",
        "hung", "late:0x1000", "changed:0x1000", "stray:0xffffffffff"})
    void whatDidNotHappenInAQuietRunIsRefused(String what) {
        assertThatThrownBy(() -> why(new CopyTables(), what)).isInstanceOf(LabException.class)
                .hasMessageContaining("in this run of");
    }

    // ---- made by hand ---------------------------------------------------------------------------

    private final Judged j = new Judged(Stage.idle(), Judged.NOTHING, Level.KEEP)
            .to(Phase.SETUP_ARCH);
    private final int engine = j.engine().function().requesterId();

    private EffectLookup.Effect find(String what) throws LabException {
        return new EffectLookup(j.run, j.attribution, j.verdict(), WhyQuestion.parse(what)).find();
    }

    private int blocked(long address) {
        j.engine().dma().read(address, new byte[4], 0, 4);
        return j.trace.size() - 1;
    }

    @Test
    void theNthFaultIsTheNthAndItsRequestComesAfterIt() throws LabException {
        int[] requests = {blocked(0x7f_0000_0000L), blocked(0x7f_0000_1000L),
            blocked(0x7f_0000_2000L)};
        for (int n = 1; n <= requests.length; n++) {
            for (String what : List.of("fault:" + n,
                    "fault:" + RequesterId.format(engine) + ":" + n)) {
                EffectLookup.Effect effect = find(what);
                assertThat(effect.figure()).isEqualTo("3 requests were blocked");
                assertThat(j.trace.kind(effect.event())).isEqualTo(EventKind.FAULT);
                assertThat(Explainer.requestBehind(j.run, effect.event()))
                        .isEqualTo(requests[n - 1]);
            }
        }
        assertThatThrownBy(() -> find("fault:4")).hasMessageContaining("no fault number 4");
    }

    @Test
    void anErrorIsThatOfThePortAskedAbout() throws LabException {
        int request = blocked(0x7f_0000_0000L);
        int first = j.trace.append(EventKind.SYSTEM_ERROR, 0x8, 0, 0,
                SystemError.FIRMWARE_FIRST);
        int second = j.trace.append(EventKind.SYSTEM_ERROR, 0x10, 0, 0,
                SystemError.FIRMWARE_FIRST);
        assertThat(find("error").event()).isEqualTo(first);
        assertThat(find("error:00:01.0").event()).isEqualTo(first);
        assertThat(find("error:00:02.0").event()).isEqualTo(second);
        assertThat(find("error").figure()).isEqualTo("2 ports reported errors");
        assertThat(Explainer.requestBehind(j.run, second)).isEqualTo(request);
        assertThatThrownBy(() -> find("error:00:03.0")).hasMessageContaining("no error of");
    }

    @ParameterizedTest
    @CsvSource({"0, wrong", "1, wrong", "0, lost", "1, lost"})
    void mediaAreToldByWhatIsWrongWithThem(int medium, String how) throws LabException {
        FunctionRecord f = j.attribution.function(engine);
        var which = Medium.values()[medium];
        if (how.equals("lost")) {
            f.posted(5, which);
        } else {
            f.begins(1, 5, 0);
            f.readWrongly(blocked(0x7f_0000_0000L));
            f.stored(which, true);
        }
        assertThat(find("media").figure()).isEqualTo("1 of the "
                + (medium == 0 ? "blocks" : "frames") + " of " + RequesterId.format(engine)
                + " are " + how);
    }

    @Test
    void theByteAskedAboutMustBeOneOfThose() throws LabException {
        var slot = j.engine();
        long iova = j.page(engine);
        long at = Stage.mappings(j.run.machine(), engine).get(iova);
        slot.dma().write(iova + 8, j.others(at + 8, 4), 0, 4);
        assertThat(find("late").address()).isEqualTo(at + 8);
        assertThat(find("late").figure())
                .isEqualTo("4 bytes came late where they were meant to");
        for (long offset = 8; offset < 12; offset++) {
            EffectLookup.Effect effect = find("late:" + (at + offset));
            assertThat(effect.address()).isEqualTo(at + offset);
            assertThat(effect.event()).isEqualTo(j.memory.causeOf(at + 8));
        }
        for (long offset : new long[] {7, 12}) {
            assertThatThrownBy(() -> find("late:" + (at + offset)))
                    .isInstanceOf(LabException.class);
        }
        assertThatThrownBy(() -> find("stray:" + (at + 8))).isInstanceOf(LabException.class);
    }
}
