// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.run;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.kdump.StepCheck;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.api.trace.ConsoleLine;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.unit.StepRefusedException;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.engine.kernel.EngineKernelPort;
import kdump.lab.engine.kernel.Kernel;
import kdump.lab.engine.kernel.Readiness;
import kdump.lab.engine.kernel.UnitSlot;
import kdump.lab.engine.machine.Machine;

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
    private final PolicySession policy;
    private final ReservationNotes notes;
    private final Run run;

    StepExecutor(Kernel kernel, Machine machine, PolicySession policy,
            ReservationNotes notes, Run run) {
        this.kernel = kernel;
        this.machine = machine;
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
                accessRegister(step);
            } catch (IllegalArgumentException e) { // the unit has no such register
                throw broken(step, e.getMessage());
            }
        } else if (step instanceof Step.WriteConfig s) {
            function(s.requester()).writeConfig(s.offset(), s.bytes(), s.value());
            kernel.spend(kernel.costs().registerAccess());
        } else if (step instanceof Step.AwaitReady s) {
            if (!Readiness.awaitAfterReset(kernel, function(s.requester()), s.reset())) {
                throw new StepRefusedException("not ready after " + s.reset());
            }
        } else if (step instanceof Step.WriteMemory s) {
            writeMemory(s);
        } else if (step instanceof Step.Sleep s) {
            kernel.spend(s.nanos());
        } else if (step instanceof Step.Print s) {
            kernel.print(ConsoleLine.NOTICE, Trace.NOBODY, s.line());
        } else if (step instanceof Step.Remark s) {
            run.asked().remark(s.reason());
        } else {
            executeNamed(step);
        }
    }

    private void accessRegister(Step step) throws StepRefusedException {
        if (step instanceof Step.WriteRegister s) {
            port(s.unit()).writeRegister(s.offset(), s.bytes(), s.value());
        } else if (step instanceof Step.WaitRegister s && !port(s.unit()).waitRegister(s.offset(),
                s.bytes(), s.mask(), s.value(), s.timeoutNanos())) {
            throw new StepRefusedException("time-out waiting for register 0x"
                    + Integer.toHexString(s.offset()));
        }
    }

    private void executeNamed(Step step) throws StepRefusedException {
        if (step instanceof Step.InitialiseInterrupts s) {
            slot(s.unit()).initialiseInterrupts();
        } else if (step instanceof Step.DisableTranslation s) {
            slot(s.unit()).driver().disableTranslation();
        } else if (step instanceof Step.StartClean s) {
            slot(s.unit()).startClean();
        } else if (step instanceof Step.ReserveIova s) {
            kernel.iommu().reserveIova(s.range());
        } else if (step instanceof Step.IdentityMap s) {
            kernel.iommu().identityMap(function(s.requester()), s.range());
        } else if (step instanceof Step.AdoptTables s) {
            slot(s.unit()).adoptTables(s.depth());
        } else {
            executePart(step);
        }
    }

    /** Does what kernels that go through all units more than once do each time. */
    private void executePart(Step step) throws StepRefusedException {
        if (step instanceof Step.SetInterruptTable s) {
            slot(s.unit()).driver().setInterruptTable(s.extended());
        } else if (step instanceof Step.EnableInterrupts s) {
            slot(s.unit()).enableInterrupts();
        } else if (step instanceof Step.AllocateTables s) {
            slot(s.unit()).allocateTables();
        } else if (step instanceof Step.CopyTables s) {
            slot(s.unit()).driver().copyTables(s.depth());
        } else if (step instanceof Step.SetTables s) {
            slot(s.unit()).driver().setTables();
        } else if (step instanceof Step.ProbeFunctions s) {
            slot(s.unit()).probeFunctions();
        } else if (step instanceof Step.EnableTranslation s) {
            slot(s.unit()).enableTranslation();
        } else {
            executeBlocking(step);
        }
    }

    /** Does what leaves translation on and devices without their memory. */
    private void executeBlocking(Step step) throws StepRefusedException {
        if (step instanceof Step.StartBlocked s) {
            slot(s.unit()).startBlocked();
        } else if (step instanceof Step.MapScratch s) {
            slot(s.unit()).mapScratch();
        } else if (step instanceof Step.BlockFunction s) {
            kernel.iommu().block(function(s.requester()));
        } else {
            throw new IllegalStateException("no way to do " + step);
        }
    }

    private void writeMemory(Step.WriteMemory step) throws StepRefusedException {
        if (!machine.memory().contains(step.physicalAddress(), 8)) {
            throw new StepRefusedException(
                    "no memory at 0x" + Long.toHexString(step.physicalAddress()));
        }
        kernel.write64(step.physicalAddress(), step.value());
    }

    private EngineKernelPort port(int unit) throws StepRefusedException {
        slot(unit);
        return new EngineKernelPort(kernel, machine, unit);
    }

    private UnitSlot slot(int unit) throws StepRefusedException {
        if (unit < 0 || unit >= kernel.units().size()) {
            throw new StepRefusedException("the machine has no unit " + unit);
        }
        return kernel.units().get(unit);
    }

    private PciFunction function(int requester) throws StepRefusedException {
        PciFunction function = machine.fabric().function(requester);
        if (function == null) {
            throw new StepRefusedException("no function " + RequesterId.format(requester));
        }
        return function;
    }
}
