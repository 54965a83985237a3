// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import iommu.api.pcie.Access;
import iommu.api.pcie.TranslationCompletion;
import iommu.api.unit.CacheLookup;
import iommu.api.unit.FaultRecord;
import iommu.api.unit.Interrupt;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import iommu.api.unit.WalkRecording;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import kdump.lab.api.LabException;
import kdump.lab.api.Verdict;
import kdump.lab.api.Walk;
import kdump.lab.api.WalkQuestion;

/** Puts a question to a unit and tells its way to the answer. Changes nothing. */
public final class WalkExplainer {

    private final RemappingUnit unit;
    private final WalkQuestion question;

    /** Makes one for one question to one unit. */
    public WalkExplainer(RemappingUnit unit, WalkQuestion question) {
        this.unit = unit;
        this.question = question;
    }

    /**
     * Tells.
     *
     * @param verdict of the run that the unit has behind it, or null
     * @throws LabException if the unit takes no such request
     */
    public Walk tell(Verdict verdict) throws LabException {
        var recording = new WalkRecording();
        try {
            Walk.Result result = ask(recording);
            List<Walk.Step> steps = recording.steps().stream().map(WalkExplainer::step).toList();
            return new Walk(steps, result, tables(), verdict);
        } catch (UnsupportedOperationException e) {
            throw new LabException(e.getMessage(), e);
        }
    }

    private Walk.Result ask(WalkListener listener) {
        if (question.isInterrupt()) {
            return interrupt(unit.followInterrupt(question.requester(), question.address(),
                    question.data(), listener));
        }
        if (question.translationRequest()) {
            return completion(unit.followTranslationRequest(question.requester(),
                    question.pasid(), question.address(), question.access(), listener));
        }
        return result(unit.follow(question.requester(), question.pasid(), question.address(),
                question.access(), listener));
    }

    private Walk.Result tables() {
        if (question.isInterrupt() || question.translationRequest()) {
            return null;
        }
        return result(question.pasid() < 0
                ? unit.explain(question.requester(), question.address(), question.access(),
                        WalkListener.NONE)
                : unit.explain(question.requester(), question.pasid(), question.address(),
                        question.access(), WalkListener.NONE));
    }

    private static Walk.Step step(WalkRecording.Step step) {
        CacheLookup lookup = step.lookup() == null ? CacheLookup.none() : step.lookup();
        return new Walk.Step(step.structure(), step.address(),
                Arrays.stream(step.words()).boxed().toList(),
                step.fields().stream().map(f -> new Walk.Field(f.name(), f.value())).toList(),
                step.decision(), new Walk.Cache(lookup.cache(),
                        lookup.outcome().name().toLowerCase(Locale.ROOT), lookup.value(),
                        lookup.stale()));
    }

    private Walk.Result blocked(int reason) {
        FaultRecord fault = unit.fault(reason);
        return new Walk.Result("blocked", null, 0, fault.key(), fault.text());
    }

    private Walk.Result result(long translation) {
        if (Translation.isBlocked(translation)) {
            return blocked(Translation.reason(translation));
        }
        if (Translation.isUntranslated(translation)) {
            return new Walk.Result("untranslated", question.address(), 0, null, unit.translating()
                    ? "the tables let the request pass as it is" : "translation is off");
        }
        return new Walk.Result("translated", Translation.address(translation),
                1L << Translation.pageShift(translation), null, "");
    }

    private Walk.Result interrupt(long outcome) {
        if (Interrupt.isBlocked(outcome)) {
            return blocked(Interrupt.reason(outcome));
        }
        if (Interrupt.isUnchanged(outcome)) {
            return new Walk.Result("untranslated", question.address(), 0, null,
                    "the interrupt message passes as it is");
        }
        return new Walk.Result("interrupt", null, 0, null, Interrupt.isPosted(outcome)
                ? String.format("posted to the descriptor at 0x%x", Interrupt.descriptor(outcome))
                : String.format("vector 0x%x, delivery mode %d, to %s APIC id 0x%x, %s",
                        Interrupt.vector(outcome), Interrupt.deliveryMode(outcome),
                        Interrupt.isLogical(outcome) ? "logical" : "physical",
                        Interrupt.destination(outcome),
                        Interrupt.isLevel(outcome) ? "level" : "edge"));
    }

    private static Walk.Result completion(long answer) {
        if (!TranslationCompletion.isSuccess(answer)) {
            return new Walk.Result("blocked", null, 0, null,
                    TranslationCompletion.isCompleterAbort(answer)
                            ? "completer abort" : "unsupported request");
        }
        int access = TranslationCompletion.access(answer);
        if (access == Access.NONE) {
            return new Walk.Result("blocked", null, 0, null,
                    "success without rights: the device may ask for the page");
        }
        return new Walk.Result("translated", TranslationCompletion.address(answer),
                1L << TranslationCompletion.shift(answer), null, "the device may use it: "
                        + Access.format(access)
                        + (TranslationCompletion.U.isSet(answer) ? ", untranslated only" : ""));
    }
}
