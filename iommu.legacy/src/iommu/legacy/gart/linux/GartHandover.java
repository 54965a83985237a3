// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.gart.linux;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.HandoverView.UnitView;
import iommu.api.kdump.KernelHandover;
import iommu.api.kdump.Step;
import iommu.api.profile.KernelProfile;
import iommu.legacy.gart.GartRegisters;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/**
 * What Linux does by itself with GARTs that it finds. At T3 it switches those off that cannot be,
 * later versions all that are on; at T4 it says which of their errors are machine checks; at T6 it
 * gives them new tables if it uses them: capture kernels, as a rule, have all their memory in
 * reach. Stateless.
 *
 * <p>Source: docs/kernels.md; Linux, early_gart_iommu_check, gart_iommu_init.
 */
@Component
public final class GartHandover implements KernelHandover {

    private static final String VENDOR = "gart";
    private static final long LOW_END = 1L << 32;

    @Override
    public String vendor() {
        return VENDOR;
    }

    @Override
    public List<Step> decide(KernelProfile profile, HandoverEvent event, HandoverView view) {
        GartKernel kernel = GartKernel.of(profile);
        List<UnitView> units =
                view.units().stream().filter(u -> u.vendor().equals(VENDOR)).toList();
        if (event instanceof PhaseStart start) {
            return switch (start.phase()) {
                case SETUP_ARCH -> kernel.disablesFound() && isOn(units, view)
                        || kernel.checksEarly() && isBroken(units, view)
                                ? units.stream().<Step>map(
                                        u -> new Step.DisableTranslation(u.index())).toList()
                                : List.of();
                case INTERRUPT_REMAPPING -> units.stream()
                        .<Step>map(u -> new Step.InitialiseInterrupts(u.index())).toList();
                case DMA_REMAPPING -> kernel.uses(view.crashReservation().end())
                        ? units.stream().<Step>map(u -> new Step.StartClean(u.index())).toList()
                        : List.of();
                default -> List.of();
            };
        }
        return List.of();
    }

    private static boolean isOn(List<UnitView> units, HandoverView view) {
        return units.stream().anyMatch(u -> GartRegisters.GARTEN.isSet(
                view.readRegister(u.index(), GartRegisters.CONTROL, Integer.BYTES)));
    }

    /** Returns whether nodes do not agree, or one that is on has an aperture that cannot be. */
    private static boolean isBroken(List<UnitView> units, HandoverView view) {
        long last = -1;
        boolean on = false;
        boolean broken = false;
        for (UnitView unit : units) {
            long control = view.readRegister(unit.index(), GartRegisters.CONTROL, Integer.BYTES);
            long base = view.readRegister(unit.index(), GartRegisters.BASE, Integer.BYTES);
            long start = GartRegisters.apertureStart(base);
            on |= GartRegisters.GARTEN.isSet(control);
            broken |= start == 0 || start + GartRegisters.apertureBytes(control) > LOW_END;
            long setting = start | GartRegisters.ORDER.inPlace(control)
                    | GartRegisters.GARTEN.inPlace(control);
            broken |= last >= 0 && last != setting;
            last = setting;
        }
        return on && broken;
    }
}
