// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.run;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.kdump.StepCheck;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.unit.StepRefusedException;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.engine.kernel.Kernel;
import kdump.lab.engine.machine.Machine;
import kdump.lab.engine.steps.KernelSteps;
import kdump.lab.engine.steps.KernelView;

/** Asks the policy and does what it answers, under one kernel. One thread. */
final class StepExecutor {

    /**
     * A policy may answer a refused step with another that is refused, but not for ever: each unit
     * of a machine may refuse once.
     */
    private static final int MIN_REFUSALS = 8;
    /** Enough to write the tables of a machine word by word. */
    private static final int MAX_STEPS = 1 << 18;
    private static final String ENGINE = "kdump.lab.engine.";
    /** A step is told in reasons up to this length. */
    private static final int MAX_WORDS = 200;

    private final Kernel kernel;
    private final Machine machine;
    private final KernelSteps acts;
    private final PolicySession policy;
    private final ReservationNotes notes;
    private final Run run;

    StepExecutor(Kernel kernel, Machine machine, PolicySession policy,
            ReservationNotes notes, Run run) {
        this.kernel = kernel;
        this.machine = machine;
        this.acts = new KernelSteps(kernel, machine);
        this.policy = policy;
        this.notes = notes;
        this.run = run;
    }

    /** Tells the policy of an event and does its steps. */
    void tell(HandoverEvent event) {
        tell(event, 0);
    }

    private void tell(HandoverEvent event, int refusals) {
        Trace trace = machine.trace();
        int before = trace.enter(trace.append(EventKind.POLICY_EVENT, Trace.NOBODY, 0, 0, event));
        for (Step step : decide(event)) {
            if (!execute(step, refusals)) {
                break;
            }
        }
        trace.leave(before);
    }

    private List<Step> decide(HandoverEvent event) {
        run.checkPresence();
        var view = new KernelView(kernel, machine, run);
        List<Step> steps;
        try {
            steps = policy.decide(event, view, notes);
        } catch (RuntimeException | Error e) {
            if (!Thrown.passedThrough(e, ENGINE)) { // the depth of a stack may hide whose it is
                throw broken(e);
            }
            throw e;
        } finally {
            view.die();
        }
        if (steps == null) {
            throw new BrokenException(policy.culprit() + " answers null", null);
        }
        try {
            return checked(steps);
        } catch (BrokenException e) {
            throw e;
        } catch (RuntimeException | Error e) {
            throw broken(e);
        }
    }

    private BrokenException broken(Throwable thrown) {
        return new BrokenException(policy.culprit() + " broke: " + Thrown.words(thrown), thrown);
    }

    /** The list is the policy's own: it is gone through once. */
    private List<Step> checked(List<Step> steps) {
        var checked = new ArrayList<Step>();
        for (Step step : steps) {
            String wrong = StepCheck.wrong(step);
            if (wrong != null) {
                throw broken(step, wrong);
            }
            if (checked.size() == MAX_STEPS) {
                throw new BrokenException(policy.culprit() + " answers more than " + MAX_STEPS
                        + " steps at once", null);
            }
            checked.add(step);
        }
        return checked;
    }

    private BrokenException broken(Step step, String wrong) {
        String what = String.valueOf(step);
        return new BrokenException(policy.culprit() + " asks for "
                + (what.length() > MAX_WORDS ? what.substring(0, MAX_WORDS) + "..." : what)
                + ": " + wrong, null);
    }

    /** Does a step; returns whether those that follow are to be done too. */
    private boolean execute(Step step, int refusals) {
        Trace trace = machine.trace();
        int before = trace.enter(trace.append(EventKind.STEP, Trace.NOBODY, 0, 0, step));
        boolean done = true;
        try {
            execute(step);
        } catch (StepRefusedException e) {
            done = false;
            trace.append(EventKind.STEP_REFUSED, Trace.NOBODY, 0, 0, e.getMessage());
            if (refusals < Math.max(MIN_REFUSALS, kernel.units().size())) {
                tell(new HandoverEvent.StepRefused(step, e.getMessage()), refusals + 1);
            }
        }
        trace.leave(before);
        return done;
    }

    private void execute(Step step) throws StepRefusedException {
        if (!(step instanceof Step.Remark)) {
            run.asked().add(run.phase(), step);
            if (run.phase() == Phase.CRASH) {
                run.crashPath().act(step);
            }
        }
        if (step instanceof Step.WriteRegister || step instanceof Step.WaitRegister) {
            try {
                acts.execute(step);
            } catch (IllegalArgumentException e) { // the unit has no such register
                throw broken(step, e.getMessage());
            }
        } else if (step instanceof Step.Remark s) {
            run.asked().remark(s.reason());
        } else {
            acts.execute(step);
        }
    }
}
