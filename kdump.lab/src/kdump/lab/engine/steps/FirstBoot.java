// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.steps;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.KernelHandover;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.kdump.StepCheck;
import iommu.api.unit.StepRefusedException;
import java.util.List;
import kdump.lab.engine.kernel.Kernel;
import kdump.lab.engine.kernel.UnitSlot;
import kdump.lab.engine.machine.Machine;
import kdump.lab.engine.machine.NoAnswerException;

/**
 * What a kernel does with units as it boots on a machine that firmware has just set up: interrupts
 * first, then translation. Where its code goes over all units in passes it is asked as a capture
 * kernel is; elsewhere one unit is set up after the other. One thread.
 */
public final class FirstBoot {

    private final Kernel kernel;
    private final Machine machine;
    private final KernelSteps acts;

    /** Makes the boot of a kernel. */
    public FirstBoot(Kernel kernel, Machine machine) {
        this.kernel = kernel;
        this.machine = machine;
        acts = new KernelSteps(kernel, machine);
    }

    /**
     * Sets all units up that this kernel uses.
     *
     * @throws StepRefusedException if it cannot use one that it wants to use
     * @throws IllegalStateException if the code for units asks for what no kernel could do
     */
    public void startUnits() throws StepRefusedException {
        for (Phase phase : List.of(Phase.INTERRUPT_REMAPPING, Phase.DMA_REMAPPING)) {
            for (String vendor : machine.vendorNames()) {
                KernelHandover code = machine.handover(vendor);
                if (code != null && code.bootsInPasses()) {
                    follow(code, phase, new HandoverEvent.PhaseStart(phase),
                            kernel.units().size());
                } else {
                    startOneByOne(vendor, phase);
                }
            }
        }
    }

    private void startOneByOne(String vendor, Phase phase) throws StepRefusedException {
        for (int i = 0; i < kernel.units().size(); i++) {
            UnitSlot unit = kernel.units().get(i);
            if (machine.vendor(i).name().equals(vendor) && unit.driver().remapsDma()) {
                if (phase == Phase.INTERRUPT_REMAPPING) {
                    unit.initialiseInterrupts();
                } else {
                    unit.startClean();
                }
            }
        }
    }

    /** @param refusals how many more steps may be refused: each unit may refuse one */
    private void follow(KernelHandover code, Phase phase, HandoverEvent event, int refusals)
            throws StepRefusedException {
        for (Step step : decide(code, phase, event)) {
            String wrong = StepCheck.wrong(step);
            if (wrong != null) {
                throw new IllegalStateException("the code for units of " + code.vendor()
                        + " asks for " + step + ": " + wrong);
            }
            try {
                acts.execute(step);
            } catch (StepRefusedException e) {
                var refused = new HandoverEvent.StepRefused(step, e.getMessage());
                if (refusals == 0 || decide(code, phase, refused).isEmpty()) {
                    throw e;
                }
                follow(code, phase, refused, refusals - 1);
                return;
            }
        }
    }

    private List<Step> decide(KernelHandover code, Phase phase, HandoverEvent event) {
        var view = new KernelView(kernel, machine, new KernelView.Moment() {
            @Override
            public Phase phase() {
                return phase;
            }

            @Override
            public long crashNanos() {
                return machine.queue().nanos();
            }
        });
        try {
            return NoAnswerException.checked(code.decide(kernel.profile(), event, view), code,
                    "steps");
        } finally {
            view.die();
        }
    }
}
