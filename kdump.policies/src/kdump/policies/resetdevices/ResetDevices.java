// SPDX-License-Identifier: Apache-2.0
package kdump.policies.resetdevices;

import iommu.api.kdump.BusMastering;
import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.HandoverView.FunctionView;
import iommu.api.kdump.KdumpPolicy;
import iommu.api.kdump.Phase;
import iommu.api.kdump.SecondaryBusReset;
import iommu.api.kdump.Step;
import iommu.api.kdump.TakeOver;
import java.util.ArrayList;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * At setup_arch, resets what lies below every root and downstream port, but leaves ports alone that
 * have a VGA controller below them; config space is saved before and restored once after. Then the
 * units are started clean; those whose interrupts share the tables are left alone until then.
 * Functions that sit on a root bus, or behind a bridge that is no such port, are not reached.
 *
 * <p>Phases: T3, or {@code resetPhase}; before that {@code clearPhase} if bus masters are cleared;
 * T4 interrupts, T6 tables. Cost: a tenth of a second and more, and what devices had not done yet.
 *
 * <p>Source: T. Indoh, "Reset PCIe devices to address DMA problem on kdump with iommu", v3, October
 * 2012, whose four attempts are settings. Times: PCI Express Base Specification, "Conventional
 * Reset" (1 ms at least; Linux takes 2) and 100 ms before the first configuration request.
 */
@Component
@KdumpPolicy(name = "reset-devices")
public class ResetDevices implements HandoverPolicy {

    private static final Phase[] PHASES =
            {Phase.CRASH, Phase.SETUP_ARCH, Phase.FINAL_FIXUPS, Phase.DMA_REMAPPING};

    private final Config config;
    private final Phase resetPhase;
    private final Phase clearPhase;

    /** Takes the settings. */
    @Activate
    public ResetDevices(Config config) {
        this.config = config;
        resetPhase = phase(config.resetPhase());
        clearPhase = phase(config.clearPhase());
    }

    private static Phase phase(String label) {
        return label.equals("none") ? null : Phase.labelled(label, PHASES);
    }

    @Override
    public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
        var steps = new ArrayList<Step>();
        if (event instanceof PhaseStart start) {
            if (start.phase() == clearPhase) {
                steps.addAll(BusMastering.clear(view));
            }
            if (start.phase() == resetPhase) {
                reset(view, steps);
            }
        }
        steps.addAll(TakeOver.startingClean(event, view));
        return steps;
    }

    private void reset(HandoverView view, List<Step> steps) {
        List<FunctionView> ports = SecondaryBusReset.ports(view, config.rootPortsOnly()).stream()
                .filter(port -> !config.sparesVga() || !SecondaryBusReset.leadsToVga(port, view))
                .filter(port -> !SecondaryBusReset.below(List.of(port), view).isEmpty()).toList();
        if (ports.isEmpty()) {
            steps.add(new Step.Remark("no function lies below a port that may be reset"));
        }
        steps.addAll(SecondaryBusReset.steps(ports, view, config.resetMillis() * 1_000_000L,
                config.settleMillis() * 1_000_000L, config.restoresConfig()));
    }
}
