// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.steps;

import iommu.api.kdump.Step;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.api.trace.ConsoleLine;
import iommu.api.trace.Trace;
import iommu.api.unit.StepRefusedException;
import kdump.lab.engine.kernel.EngineKernelPort;
import kdump.lab.engine.kernel.Kernel;
import kdump.lab.engine.kernel.Readiness;
import kdump.lab.engine.kernel.UnitSlot;
import kdump.lab.engine.machine.Machine;

/** Does steps on a kernel. One thread. */
public final class KernelSteps {

    private final Kernel kernel;
    private final Machine machine;

    /** Makes what does the steps of a kernel. */
    public KernelSteps(Kernel kernel, Machine machine) {
        this.kernel = kernel;
        this.machine = machine;
    }

    /**
     * Does a step; a remark is nothing to do.
     *
     * @throws StepRefusedException if it cannot be done
     * @throws IllegalArgumentException if it names a register that the unit does not have
     */
    public void execute(Step step) throws StepRefusedException {
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
        } else if (!(step instanceof Step.Remark)) {
            executeNamed(step);
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
