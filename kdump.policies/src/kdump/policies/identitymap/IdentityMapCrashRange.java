// SPDX-License-Identifier: Apache-2.0
package kdump.policies.identitymap;

import iommu.api.kdump.BusMastering;
import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverEvent.StepRefused;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.KdumpPolicy;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.kdump.TakeOver;
import iommu.api.memory.AddressRange;
import iommu.api.pcie.RequesterId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * While the first kernel still runs, keeps the addresses of the crash reservation from its
 * allocator and maps them to themselves for every endpoint that is a bus master and whose DMA it
 * maps at all: the others reach the reservation as it is. The capture kernel leaves the DMA side of
 * every IOMMU alone: its own I/O uses physical addresses, which the old tables map; what is left
 * over goes where it always went. Interrupt remapping came later than the idea: at T4 the kernel
 * takes it over where that touches no table of DMA; elsewhere its interrupts meet the old tables.
 *
 * <p>Phases: T0 reservation and map, T4 interrupts. Cost: entries for the reservation in every
 * domain (128 MiB: 256 KiB), before anything has crashed; the reservation must be within reach.
 *
 * <p>Source: M. Montgomery, "Kdump IO Rule", September 2008.
 */
@Component
@KdumpPolicy(name = "identity-map-crash-range")
public class IdentityMapCrashRange implements HandoverPolicy {

    private static final int PERCENT = 100;
    private static final int PAGE = 4096;

    private final Config config;

    /** Takes the settings. */
    @Activate
    public IdentityMapCrashRange(Config config) {
        this.config = config;
        if (config.percent() < 0 || config.percent() > PERCENT) {
            throw new IllegalArgumentException("percent " + config.percent() + ", of 0 to 100");
        }
    }

    @Override
    public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
        var steps = new ArrayList<Step>();
        if (event.equals(new PhaseStart(Phase.RUNNING)) && !view.units().isEmpty()) {
            if (config.reserves()) {
                steps.add(new Step.ReserveIova(view.crashReservation()));
            }
            mapBehind(-1, view, steps);
        } else if (event instanceof StepRefused refused
                && refused.step() instanceof Step.IdentityMap map) {
            mapBehind(map.requester(), view, steps);
        } else if (event.equals(new PhaseStart(Phase.INTERRUPT_REMAPPING))) {
            steps.addAll(TakeOver.interruptsApart(view));
        }
        return steps;
    }

    @Override
    public String refusesToTakeOver(Phase phase, HandoverNotes notes) {
        return phase == null ? null : "the first kernel maps the reservation as it begins to run";
    }

    /** Maps the range for the functions that come after one, by requester id. */
    private void mapBehind(int last, HandoverView view, List<Step> steps) {
        List<Integer> only = Arrays.stream(config.only()).map(RequesterId::parse).toList();
        AddressRange range = view.crashReservation();
        long bytes = range.bytes() * config.percent() / PERCENT / PAGE * PAGE;
        for (var function : BusMastering.endpoints(view)) {
            int requester = function.requester();
            if (config.maps() && bytes > 0 && requester > last && view.mapsDma(requester)
                    && (only.isEmpty() || only.contains(requester))) {
                steps.add(new Step.IdentityMap(requester, AddressRange.of(range.start(), bytes)));
            }
        }
    }
}
