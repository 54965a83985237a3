// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux.handover;

import iommu.api.kdump.Step;
import iommu.api.unit.AdoptDepth;
import iommu.vtd.GlobalCommand;
import iommu.vtd.VtdRegisters;
import iommu.vtd.linux.settings.KernelQuirks;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a kernel does at T6, in passes over all units: tables are allocated or copied, units are
 * pointed to them, functions are found, translation goes on.
 *
 * <p>Source: Linux, intel/iommu.c, intel_iommu_init, init_dmars, copy_translation_tables.
 */
final class DmaRemappingStart {

    private final KernelQuirks quirks;
    private final FoundUnits units;
    private final List<Step> steps = new ArrayList<>();

    DmaRemappingStart(KernelQuirks quirks, FoundUnits units) {
        this.quirks = quirks;
        this.units = units;
    }

    /** Returns what is done at the begin of the phase. */
    List<Step> steps() {
        Optional<String> refusal = units.refusal();
        if (refusal.isPresent()) {
            if (!quirks.options().remapsInterrupts()) { // told at T4 otherwise
                steps.add(InterruptRemappingStart.refused(quirks, refusal.get()));
            }
            return steps;
        }
        List<Integer> visited = units.visited();
        if (!quirks.options().remapsDma()) {
            if (quirks.offDisables()) {
                visited.forEach(unit -> steps.add(new Step.DisableTranslation(unit)));
            }
            return steps;
        }
        if (!quirks.copiesTables() && quirks.loadsStatus()) {
            visited.stream().filter(this::translates)
                    .forEach(unit -> steps.add(new Step.DisableTranslation(unit)));
        }
        visited.forEach(this::prepare);
        finish(visited);
        return steps;
    }

    /** Returns what is done instead where a unit's tables could not be copied, and from then on. */
    List<Step> withoutCopy(int refused) {
        List<Integer> visited = units.visited();
        steps.add(new Step.DisableTranslation(refused));
        steps.add(new Step.AllocateTables(refused));
        visited.subList(visited.indexOf(refused) + 1, visited.size()).forEach(this::prepare);
        finish(visited);
        return steps;
    }

    /** Pass 1. */
    private void prepare(int unit) {
        if (ignores(unit)) {
            steps.add(new Step.DisableTranslation(unit));
            return;
        }
        if (quirks.copiesTables() && translates(unit)) {
            if (quirks.options().isKdump()) {
                steps.add(new Step.CopyTables(unit, AdoptDepth.CONTEXTS));
                return;
            }
            steps.add(new Step.Print("DMAR: Translation was enabled for " + units.name(unit)
                    + " but we are not in kdump mode"));
            steps.add(new Step.DisableTranslation(unit));
        }
        steps.add(new Step.AllocateTables(unit));
    }

    /** Passes 2 and 3; units in use from the first on are found to be so by their drivers. */
    private void finish(List<Integer> visited) {
        List<Integer> used = visited.stream().filter(unit -> !ignores(unit)).toList();
        used.forEach(unit -> steps.add(new Step.SetTables(unit)));
        if (quirks.enablesLast()) {
            used.forEach(unit -> steps.add(new Step.ProbeFunctions(unit)));
        }
        used.forEach(unit -> steps.add(new Step.EnableTranslation(unit)));
        if (!quirks.enablesLast()) {
            used.forEach(unit -> steps.add(new Step.ProbeFunctions(unit)));
        }
    }

    private boolean ignores(int unit) {
        return quirks.options().igfxOff() && units.servesGraphicsAlone(unit);
    }

    private boolean translates(int unit) {
        return GlobalCommand.TE.isSet(units.read(unit, VtdRegisters.GSTS));
    }
}
