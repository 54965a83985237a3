// SPDX-License-Identifier: Apache-2.0
package kdump.policies.blockatcrash;

import iommu.api.kdump.BusMastering;
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
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * The panicked kernel changes the entry of every endpoint that is a bus master so that its DMA is
 * blocked, invalidates what the unit has cached, and leaves the unit on. The capture kernel puts
 * empty tables in the place of the old ones without switching off, or starts clean, as kernels of
 * that year did, with a window at T6 ({@code then=reinit}).
 *
 * <p>Phases: T1 entries, T4 interrupts, T6 tables. Cost: an act in the crash path a function, any of
 * which may fail: "any further error means no kdump" (crash.failurePerMille).
 *
 * <p>Source: C. Wright on AMD's unit, April 2010 ("About the only thing").
 */
@Component
@KdumpPolicy(name = "block-at-crash")
public class BlockAtCrash implements HandoverPolicy {

    private final boolean reinit;

    /** Takes the settings. */
    @Activate
    public BlockAtCrash(Config config) {
        reinit = switch (config.then()) {
            case "block" -> false;
            case "reinit" -> true;
            default -> throw new IllegalArgumentException(
                    "then '" + config.then() + "', expected block or reinit");
        };
    }

    @Override
    public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
        if (event.equals(new PhaseStart(Phase.CRASH))) {
            return BusMastering.endpoints(view).stream().filter(f -> view.mapsDma(f.requester()))
                    .<Step>map(f -> new Step.BlockFunction(f.requester())).toList();
        }
        return reinit ? TakeOver.startingClean(event, view)
                : TakeOver.stayingOn(event, view, Step.StartBlocked::new);
    }
}
