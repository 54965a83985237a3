// SPDX-License-Identifier: Apache-2.0
package kdump.policies.clearbusmaster;

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
import java.util.ArrayList;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * Clears Bus Master Enable of every endpoint and disables its interrupt pin, then starts clean at
 * T6. Devices send no requests and no messages until their drivers set the bit again; what was in
 * flight stays armed, and goes on then, into an empty domain.
 *
 * <p>Phases: T3, or another that {@code phase} names (T1 is the panicked kernel's; later ones leave a
 * window to MSI behind T4); T4 interrupts, T6 tables. Cost: two accesses of config space a function.
 *
 * <p>Source: what kexec does without a crash (pci_device_shutdown); Xen on a crash (c24c3e21e3c9);
 * pci=clearmsi of G. Piccoli, 2018, asks the same of interrupts alone.
 */
@Component
@KdumpPolicy(name = "clear-bus-master")
public class ClearBusMaster implements HandoverPolicy {

    private final Phase phase;

    /** Takes the settings. */
    @Activate
    public ClearBusMaster(Config config) {
        phase = Phase.labelled(config.phase(), Phase.CRASH, Phase.SETUP_ARCH, Phase.FINAL_FIXUPS,
                Phase.DMA_REMAPPING);
    }

    @Override
    public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
        var steps = new ArrayList<Step>();
        if (event.equals(new PhaseStart(phase))) {
            steps.addAll(BusMastering.clear(view));
            if (steps.isEmpty()) {
                steps.add(new Step.Remark("no endpoint is a bus master"));
            }
        }
        steps.addAll(TakeOver.startingClean(event, view));
        return steps;
    }
}
