// SPDX-License-Identifier: Apache-2.0
package kdump.policies.resetatprobe;

import iommu.api.kdump.FunctionReset;
import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverEvent.ProbeStart;
import iommu.api.kdump.HandoverEvent.StepRefused;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.KdumpPolicy;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.kdump.Step.AdoptTables;
import iommu.api.kdump.TakeOver;
import iommu.api.unit.AdoptDepth;
import java.util.ArrayList;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/**
 * Nobody's proposal. Resets come too early for what devices have not finished (Indoh's lose what was
 * posted), and adopted tables end too early for drivers that let a device go before they reset it
 * (that "the driver has reset the device by then" is a hope). So the old mappings are kept beside
 * new ones, in copies, or in place where the unit's code makes none; and each function is reset
 * alone at the one instant at which nobody needs its old work any more: just before its driver's
 * probe. A function without driver, or that cannot be reset alone, goes on.
 *
 * <p>Phases: T4 interrupts that stand apart from tables, T6 tables, T7 a reset before each probe.
 * Cost: a tenth of a second a function; the tables are trusted, as by all that keep them.
 *
 * <p>Source: this lab. Its halves are keep-and-separate, and the resets of single functions that are
 * given to guests.
 */
@Component
@KdumpPolicy(name = "reset-at-probe")
public final class ResetAtProbe implements HandoverPolicy {

    @Override
    public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
        if (event instanceof ProbeStart probe) {
            return view.functions().stream().filter(f -> f.requester() == probe.requester())
                    .flatMap(f -> FunctionReset.steps(f, view).stream()).toList();
        }
        if (event.equals(new PhaseStart(Phase.INTERRUPT_REMAPPING))) {
            return TakeOver.interruptsApart(view);
        }
        if (event instanceof StepRefused refused && refused.step() instanceof AdoptTables adopt
                && adopt.depth() == AdoptDepth.KEEP_COPIED) {
            var steps = new ArrayList<Step>();
            steps.add(new AdoptTables(adopt.unit(), AdoptDepth.KEEP_IN_PLACE));
            view.units().stream().skip(adopt.unit() + 1).forEach(unit ->
                    steps.add(new AdoptTables(unit.index(), AdoptDepth.KEEP_COPIED)));
            return steps;
        }
        return TakeOver.adopting(event, view, AdoptDepth.KEEP_COPIED);
    }
}
