// SPDX-License-Identifier: Apache-2.0
package iommu.api.kdump;

import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverEvent.StepRefused;
import iommu.api.unit.AdoptDepth;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

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

    /**
     * Answers an event as a kernel that starts clean: at T4 interrupts that stand apart from tables,
     * at T6 all units off, then each on with empty tables.
     *
     * <p>Source: Linux before 4.2, init_dmars.
     */
    public static List<Step> startingClean(HandoverEvent event, HandoverView view) {
        var steps = new ArrayList<Step>();
        if (event.equals(new PhaseStart(Phase.INTERRUPT_REMAPPING))) {
            steps.addAll(interruptsApart(view));
        } else if (event.equals(new PhaseStart(Phase.DMA_REMAPPING))) {
            view.units().forEach(u -> steps.add(new Step.DisableTranslation(u.index())));
            view.units().forEach(u -> steps.add(new Step.StartClean(u.index())));
        }
        return steps;
    }

    /**
     * Answers an event as a kernel that leaves translation on over tables that devices find nothing
     * in: at T4 interrupts that stand apart from tables, at T6 what {@code step} gives for each unit
     * in turn. A unit that refuses, as it was off, starts clean.
     *
     * @param step of a unit, such as {@link Step.StartBlocked}
     */
    public static List<Step> stayingOn(HandoverEvent event, HandoverView view,
            IntFunction<Step> step) {
        if (event.equals(new PhaseStart(Phase.INTERRUPT_REMAPPING))) {
            return interruptsApart(view);
        }
        if (event.equals(new PhaseStart(Phase.DMA_REMAPPING))) {
            return from(0, view, step);
        }
        if (event instanceof StepRefused refused && refused.step().unit() >= 0
                && refused.step().equals(step.apply(refused.step().unit()))) {
            var steps = new ArrayList<Step>();
            steps.add(new Step.StartClean(refused.step().unit()));
            steps.addAll(from(refused.step().unit() + 1, view, step));
            return steps;
        }
        return List.of();
    }

    private static List<Step> from(int first, HandoverView view, IntFunction<Step> step) {
        return view.units().stream().skip(first).map(u -> step.apply(u.index())).toList();
    }

    /**
     * Answers T4: sets the interrupts of all units up. Those that leave tables alone are set up as
     * this kernel does it by itself: all together, or none of them. Those that share their tables,
     * and all where nobody knows its code, are set up one after the other.
     */
    public static List<Step> interrupts(HandoverView view) {
        List<Step> steps = view.units().stream().<Step>map(unit ->
                new Step.InitialiseInterrupts(unit.index())).toList();
        List<Step> own = ownInterrupts(view);
        if (own == null) {
            return steps;
        }
        var all = new ArrayList<>(own);
        steps.stream().filter(step -> shares(view, step.unit())).forEach(all::add);
        return all;
    }

    /**
     * Answers T4 for a policy that starts clean at T6: sets the interrupts of units up that leaves
     * their tables alone, as {@link #interrupts} does. Kernels of that time left the others to T6.
     */
    public static List<Step> interruptsApart(HandoverView view) {
        List<Step> own = ownInterrupts(view);
        return own != null ? own : view.units().stream()
                .filter(unit -> !unit.interruptsShareTables())
                .<Step>map(unit -> new Step.InitialiseInterrupts(unit.index())).toList();
    }

    /**
     * Returns what this kernel does by itself at T4 with units whose interrupts stand apart from
     * tables; null if there are none, or if nobody knows.
     */
    private static List<Step> ownInterrupts(HandoverView view) {
        List<HandoverView.UnitView> apart =
                view.units().stream().filter(unit -> !unit.interruptsShareTables()).toList();
        if (apart.isEmpty() || !apart.stream().allMatch(u -> view.knowsOwnSteps(u.vendor()))) {
            return null;
        }
        return view.ownSteps(new PhaseStart(Phase.INTERRUPT_REMAPPING)).stream()
                .filter(step -> step.unit() < 0 || !shares(view, step.unit())).toList();
    }

    private static boolean shares(HandoverView view, int unit) {
        return view.units().get(unit).interruptsShareTables();
    }

    private static void adoptFrom(int first, HandoverView view, AdoptDepth depth,
            List<Step> steps) {
        for (int unit = first; unit < view.units().size(); unit++) {
            steps.add(new Step.AdoptTables(unit, depth));
        }
    }
}
