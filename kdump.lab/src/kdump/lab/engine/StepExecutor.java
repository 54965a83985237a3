// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.Step;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.api.unit.StepRefusedException;
import java.util.List;

/** Asks the policy and does what it answers, under one kernel. One thread. */
final class StepExecutor {

    /** A policy may answer a refused step with another that is refused, but not for ever. */
    private static final int MAX_REFUSALS = 8;

    private final Kernel kernel;
    private final Hardware hardware;
    private final Decider policy;
    private final ReservationNotes notes;
    private final long crashNanos;

    StepExecutor(Kernel kernel, Hardware hardware, Decider policy,
            ReservationNotes notes, long crashNanos) {
        this.kernel = kernel;
        this.hardware = hardware;
        this.policy = policy;
        this.notes = notes;
        this.crashNanos = crashNanos;
    }

    /** Tells the policy of an event and does its steps. */
    void tell(HandoverEvent event) {
        tell(event, 0);
    }

    private void tell(HandoverEvent event, int refusals) {
        var view = new KernelView(kernel, hardware, crashNanos);
        List<Step> steps;
        try {
            steps = policy.decide(event, view, notes);
        } finally {
            view.die();
        }
        for (Step step : steps) {
            kernel.timeline().add("step", step.toString());
            try {
                execute(step);
            } catch (StepRefusedException e) {
                kernel.refused(e.getMessage());
                if (refusals < MAX_REFUSALS) {
                    tell(new HandoverEvent.StepRefused(step, e.getMessage()), refusals + 1);
                }
                return;
            }
        }
    }

    private void execute(Step step) throws StepRefusedException {
        if (step instanceof Step.WriteRegister s) {
            port(s.unit()).writeRegister(s.offset(), s.bytes(), s.value());
        } else if (step instanceof Step.WaitRegister s) {
            if (!port(s.unit()).waitRegister(s.offset(), s.bytes(), s.mask(), s.value(),
                    s.timeoutNanos())) {
                throw new StepRefusedException("time-out waiting for register 0x"
                        + Integer.toHexString(s.offset()));
            }
        } else if (step instanceof Step.WriteConfig s) {
            function(s.requester()).writeConfig(s.offset(), s.bytes(), s.value());
            kernel.spend(kernel.costs().registerAccess());
        } else if (step instanceof Step.WriteMemory s) {
            writeMemory(s);
        } else if (step instanceof Step.Sleep s) {
            kernel.spend(s.nanos());
        } else if (step instanceof Step.Print s) {
            kernel.print(s.line());
        } else {
            executeNamed(step);
        }
    }

    private void executeNamed(Step step) throws StepRefusedException {
        if (step instanceof Step.InitialiseInterrupts s) {
            Kernel.UnitSeat seat = seat(s.unit());
            seat.driver().initialiseInterrupts();
            if (seat.driver().faultInterruptEnabled()) {
                seat.announceFaults();
            }
        } else if (step instanceof Step.DisableTranslation s) {
            seat(s.unit()).driver().disableTranslation();
        } else if (step instanceof Step.StartClean s) {
            setUpDomains();
            seat(s.unit()).driver().startClean();
            takeOver(s.unit());
        } else if (step instanceof Step.ReserveIova s) {
            kernel.reserveIova(s.range());
        } else if (step instanceof Step.IdentityMap s) {
            kernel.identityMap(function(s.requester()), s.range());
        } else if (step instanceof Step.AdoptTables s) {
            seat(s.unit()).driver().adoptTables(s.depth());
            setUpDomains();
            takeOver(s.unit());
        }
    }

    /** What the IOMMU code spends on each function before it switches a unit over. */
    private void setUpDomains() {
        kernel.spend(kernel.costs().deviceDomainSetup() * hardware.fabric().functions().size());
    }

    private void takeOver(int unit) throws StepRefusedException {
        Kernel.UnitSeat seat = seat(unit);
        seat.manage();
        seat.driver().enableFaultInterrupt();
        seat.announceFaults();
    }

    private void writeMemory(Step.WriteMemory step) throws StepRefusedException {
        if (!hardware.memory().contains(step.physicalAddress(), 8)) {
            throw new StepRefusedException(
                    "no memory at 0x" + Long.toHexString(step.physicalAddress()));
        }
        kernel.write64(step.physicalAddress(), step.value());
    }

    private EngineKernelPort port(int unit) throws StepRefusedException {
        seat(unit);
        return new EngineKernelPort(kernel, hardware, unit);
    }

    private Kernel.UnitSeat seat(int unit) throws StepRefusedException {
        if (unit < 0 || unit >= kernel.units().size()) {
            throw new StepRefusedException("the machine has no unit " + unit);
        }
        return kernel.units().get(unit);
    }

    private PciFunction function(int requester) throws StepRefusedException {
        PciFunction function = hardware.fabric().function(requester);
        if (function == null) {
            throw new StepRefusedException("no function " + RequesterId.format(requester));
        }
        return function;
    }
}
