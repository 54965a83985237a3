// SPDX-License-Identifier: Apache-2.0
package kdump.policies.crashpathdisable;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.KdumpPolicy;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.kdump.TakeOver;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/**
 * The panicked kernel switches translation of every unit off, on its way into the capture kernel,
 * which starts clean at T6: what devices do in between, purgatory included, goes to the physical
 * address that their I/O virtual address spells.
 *
 * <p>Phases: T1 off, T4 interrupts, T6 on with empty tables. Cost: the longest window of all, and an
 * act in the crash path a unit, which may fail (crash.failurePerMille).
 *
 * <p>Source: Linux 2.6.33, native_machine_crash_shutdown, x86_platform.iommu_shutdown; C. Wright,
 * April 2010 ("No, we actually disable the IOMMU").
 */
@Component
@KdumpPolicy(name = "crash-path-disable")
public final class CrashPathDisable implements HandoverPolicy {

    @Override
    public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
        if (event.equals(new PhaseStart(Phase.CRASH))) {
            return view.units().stream()
                    .<Step>map(unit -> new Step.DisableTranslation(unit.index())).toList();
        }
        return TakeOver.startingClean(event, view);
    }
}
