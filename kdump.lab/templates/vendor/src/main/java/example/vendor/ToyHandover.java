// SPDX-License-Identifier: Apache-2.0
package example.vendor;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverEvent.StepRefused;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.HandoverView.UnitView;
import iommu.api.kdump.KernelHandover;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.profile.KernelProfile;
import iommu.api.unit.AdoptDepth;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/**
 * What a kernel does by itself when it is booted as a capture kernel: at T6 it goes on with the
 * tables of a unit that translates, or gives the unit new ones. Stateless.
 */
@Component
public final class ToyHandover implements KernelHandover {

    @Override
    public String vendor() {
        return MyVendor.NAME;
    }

    @Override
    public List<Step> decide(KernelProfile kernel, HandoverEvent event, HandoverView view) {
        if (event.equals(new PhaseStart(Phase.INTERRUPT_REMAPPING))) {
            return view.units().stream().filter(ToyHandover::isOurs)
                    .<Step>map(u -> new Step.InitialiseInterrupts(u.index())).toList();
        }
        if (event.equals(new PhaseStart(Phase.DMA_REMAPPING))) {
            return takeOver(view, 0);
        }
        if (event instanceof StepRefused refused
                && refused.step() instanceof Step.AdoptTables adopt) {
            var steps = new java.util.ArrayList<Step>(
                    List.of(new Step.StartClean(adopt.unit())));
            steps.addAll(takeOver(view, adopt.unit() + 1));
            return steps;
        }
        return List.of();
    }

    private static boolean isOurs(UnitView unit) {
        return unit.vendor().equals(MyVendor.NAME);
    }

    /** Steps for the units from one on: a refused step drops those behind it. */
    private static List<Step> takeOver(HandoverView view, int first) {
        return view.units().stream().filter(u -> isOurs(u) && u.index() >= first)
                .<Step>map(u -> ToyLayout.ENABLED.isSet(view.readRegister(u.index(),
                        ToyLayout.STATUS.offset(), ToyLayout.STATUS.bytes()))
                                ? new Step.AdoptTables(u.index(), AdoptDepth.CONTEXTS)
                                : new Step.StartClean(u.index())).toList();
    }
}
