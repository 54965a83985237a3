// SPDX-License-Identifier: Apache-2.0
package iommu.api.kdump;

import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverEvent.StepRefused;
import iommu.api.unit.AdoptDepth;
import java.util.ArrayList;
import java.util.List;

/** The order in which Linux takes units over, for policies that are variants of it. */
public final class TakeOver {

    private TakeOver() { }

    /**
     * Answers an event as a kernel that adopts tables: at T4 interrupts of all units, at T6 their
     * tables; a unit that refuses is switched off and starts clean, and those behind it go on. One
     * whose interrupts share its tables was switched off at T4 if these could not be taken over.
     *
     * <p>Source: Linux, init_dmars and its callers.
     *
     * @param depth how much is taken over
     */
    public static List<Step> adopting(HandoverEvent event, HandoverView view, AdoptDepth depth) {
        var steps = new ArrayList<Step>();
        if (event instanceof PhaseStart start) {
            switch (start.phase()) {
                case INTERRUPT_REMAPPING -> steps.addAll(interrupts(view));
                case DMA_REMAPPING -> adoptFrom(0, view, depth, steps);
                default -> { }
            }
        } else if (event instanceof StepRefused refused
                && refused.step() instanceof Step.AdoptTables adopt) {
            if (!view.units().get(adopt.unit()).interruptsShareTables()) {
                steps.add(new Step.DisableTranslation(adopt.unit()));
            }
            steps.add(new Step.StartClean(adopt.unit()));
            adoptFrom(adopt.unit() + 1, view, depth, steps);
        }
        return steps;
    }

    /** Answers T4: sets the interrupts of all units up. */
    public static List<Step> interrupts(HandoverView view) {
        return view.units().stream().<Step>map(unit ->
                new Step.InitialiseInterrupts(unit.index())).toList();
    }

    /**
     * Answers T4 for a policy that starts clean at T6: sets the interrupts of units up that leaves
     * their tables alone. Kernels of that time left the others to T6.
     */
    public static List<Step> interruptsApart(HandoverView view) {
        return view.units().stream().filter(unit -> !unit.interruptsShareTables())
                .<Step>map(unit -> new Step.InitialiseInterrupts(unit.index())).toList();
    }

    private static void adoptFrom(int first, HandoverView view, AdoptDepth depth,
            List<Step> steps) {
        for (int unit = first; unit < view.units().size(); unit++) {
            steps.add(new Step.AdoptTables(unit, depth));
        }
    }
}
