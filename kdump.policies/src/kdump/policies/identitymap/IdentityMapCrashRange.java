// SPDX-License-Identifier: Apache-2.0
package kdump.policies.identitymap;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.HandoverView.FunctionView;
import iommu.api.kdump.KdumpPolicy;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.kdump.TakeOver;
import iommu.api.memory.AddressRange;
import java.util.ArrayList;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/**
 * While the first kernel still runs, keeps the addresses of the crash reservation from its
 * allocator and maps them to themselves for every endpoint that is a bus master and whose DMA it
 * maps at all: the others reach the reservation as it is. The capture kernel leaves the DMA side of
 * every IOMMU alone: its own I/O uses physical addresses, which the old tables map; what is left
 * over goes where it always went. Interrupt remapping came later than the idea: at T4 the kernel
 * takes it over where that touches no table of DMA; elsewhere its interrupts meet the old tables.
 *
 * <p>Source: M. Montgomery, "Kdump IO Rule", September 2008.
 */
@Component
@KdumpPolicy(name = "identity-map-crash-range")
public final class IdentityMapCrashRange implements HandoverPolicy {

    private static final int COMMAND = 0x04;
    private static final int BUS_MASTER = 0x4;
    private static final int BRIDGES = 0x06;

    @Override
    public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
        var steps = new ArrayList<Step>();
        if (event.equals(new PhaseStart(Phase.RUNNING)) && !view.units().isEmpty()) {
            AddressRange range = view.crashReservation();
            steps.add(new Step.ReserveIova(range));
            for (FunctionView function : view.functions()) {
                if (isNeeded(function, view)) {
                    steps.add(new Step.IdentityMap(function.requester(), range));
                }
            }
        } else if (event.equals(new PhaseStart(Phase.INTERRUPT_REMAPPING))) {
            steps.addAll(TakeOver.interruptsApart(view));
        }
        return steps;
    }

    private static boolean isNeeded(FunctionView function, HandoverView view) {
        return function.headerType() == 0 && function.classCode() >>> 16 != BRIDGES
                && (view.readConfig(function.requester(), COMMAND, 2) & BUS_MASTER) != 0
                && view.mapsDma(function.requester());
    }
}
