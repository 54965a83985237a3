// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Control;
import iommu.amdvi.linux.KernelQuirks.Disabled;
import iommu.amdvi.linux.KernelQuirks.HandOver;
import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverEvent.StepRefused;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.HandoverView.UnitView;
import iommu.api.kdump.KernelHandover;
import iommu.api.kdump.Step;
import iommu.api.profile.KernelProfile;
import iommu.api.unit.AdoptDepth;
import java.util.ArrayList;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/**
 * What Linux does by itself with AMD-Vi units that it finds at its boot: it takes them over at T4,
 * with their interrupts, where these are remapped, and at T6 elsewhere. Stateless.
 *
 * <p>Source: docs/kernels.md; Linux, amd/init.c, state_next, early_amd_iommu_init,
 * early_enable_iommus, amd_iommu_init_pci.
 */
@Component
public final class AmdViHandover implements KernelHandover {

    private static final String VENDOR = "amdvi";

    @Override
    public String vendor() {
        return VENDOR;
    }

    @Override
    public List<Step> decide(KernelProfile kernel, HandoverEvent event, HandoverView view) {
        KernelQuirks quirks = KernelQuirks.of(kernel);
        List<UnitView> units =
                view.units().stream().filter(u -> u.vendor().equals(VENDOR)).toList();
        if (event instanceof PhaseStart start) {
            return switch (start.phase()) {
                case INTERRUPT_REMAPPING -> interrupts(quirks, units, view);
                case DMA_REMAPPING -> translation(quirks, units, view);
                default -> List.of();
            };
        }
        if (event instanceof StepRefused refused
                && refused.step() instanceof Step.AdoptTables adopt) {
            List<Step> steps = new ArrayList<>();
            steps.add(new Step.StartClean(adopt.unit()));
            units.stream().filter(u -> u.index() > adopt.unit())
                    .forEach(u -> steps.add(tables(quirks, u, view)));
            return steps;
        }
        return List.of();
    }

    private static List<Step> interrupts(KernelQuirks quirks, List<UnitView> units,
            HandoverView view) {
        if (!quirks.enablesEarly() || !quirks.remapsInterrupts()) {
            return List.of();
        }
        if (quirks.disabled() != Disabled.NO) {
            return leftOff(quirks, units);
        }
        List<Step> steps = new ArrayList<>(notKdump(quirks, units, view));
        units.forEach(u -> steps.add(new Step.InitialiseInterrupts(u.index())));
        return steps;
    }

    private static List<Step> translation(KernelQuirks quirks, List<UnitView> units,
            HandoverView view) {
        boolean tookOver = quirks.enablesEarly() && quirks.remapsInterrupts();
        if (quirks.disabled() != Disabled.NO) {
            return tookOver ? List.of() : leftOff(quirks, units);
        }
        List<Step> steps = new ArrayList<>(
                tookOver ? List.of() : notKdump(quirks, units, view));
        units.forEach(u -> steps.add(tables(quirks, u, view)));
        return steps;
    }

    /** What becomes of units that are not wanted: that only the vendor's own word can change. */
    private static List<Step> leftOff(KernelQuirks quirks, List<UnitView> units) {
        return quirks.disabled() == Disabled.BY_VENDOR_WORD && quirks.offDisables()
                ? units.stream().<Step>map(u -> new Step.DisableTranslation(u.index())).toList()
                : List.of();
    }

    private static List<Step> notKdump(KernelQuirks quirks, List<UnitView> units,
            HandoverView view) {
        if (quirks.isKdump() || quirks.handOver() == HandOver.CLEAN) {
            return List.of();
        }
        List<Step> lines = new ArrayList<>();
        for (int i = 0; i < units.size(); i++) {
            if (enabled(units.get(i), view)) {
                lines.add(new Step.Print("AMD-Vi: Translation was enabled for IOMMU:" + i
                        + " but we are not in kdump mode"));
            }
        }
        return lines;
    }

    private static Step tables(KernelQuirks quirks, UnitView unit, HandoverView view) {
        boolean takesOver = quirks.isKdump() && quirks.handOver() != HandOver.CLEAN
                && enabled(unit, view);
        return takesOver ? new Step.AdoptTables(unit.index(),
                quirks.handOver() == HandOver.COPY ? AdoptDepth.CONTEXTS : AdoptDepth.IN_PLACE)
                : new Step.StartClean(unit.index());
    }

    private static boolean enabled(UnitView unit, HandoverView view) {
        return Control.IOMMU_EN.isSet(view.readRegister(unit.index(),
                AmdViRegisters.CONTROL.offset(), AmdViRegisters.CONTROL.bytes()));
    }
}
