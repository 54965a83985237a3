// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux.handover;

import iommu.api.kdump.Step;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.VtdRegisters;
import iommu.vtd.linux.settings.BootOptions;
import iommu.vtd.linux.settings.KernelQuirks;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a kernel does at T4: interrupts of all units are remapped, or of none, and in one mode.
 *
 * <p>Source: Linux, intel/irq_remapping.c, intel_prepare_irq_remapping, intel_enable_irq_remapping,
 * dmar_x2apic_optout.
 */
final class InterruptRemappingStart {

    private final KernelQuirks quirks;
    private final FoundUnits units;

    InterruptRemappingStart(KernelQuirks quirks, FoundUnits units) {
        this.quirks = quirks;
        this.units = units;
    }

    /** Returns the steps. */
    List<Step> steps() {
        var steps = new ArrayList<Step>();
        if (!quirks.options().remapsInterrupts()) {
            return steps; // no unit is looked at before T6
        }
        Optional<String> refusal = units.refusal();
        if (refusal.isPresent()) {
            steps.add(refused(quirks, refusal.get()));
            return steps;
        }
        if (units.isEmpty() || !units.firmwareRemapsInterrupts()
                || !units.all(VtdRegisters.ECAP, ExtendedCapability.IR)
                || !units.all(VtdRegisters.ECAP, ExtendedCapability.QI)) {
            return steps;
        }
        boolean extended = extended(steps);
        for (int unit : units.visited()) {
            steps.add(new Step.SetInterruptTable(unit, extended));
        }
        for (int unit : units.visited()) {
            steps.add(new Step.EnableInterrupts(unit));
        }
        steps.add(new Step.Print(quirks.interruptsRemapped(extended)));
        return steps;
    }

    /**
     * Returns whether destinations have 32 bits. That the processors can is seen by the table that
     * is in use; a machine that never had such a table is taken for one that cannot.
     */
    private boolean extended(List<Step> steps) {
        BootOptions options = quirks.options();
        if (!options.usesX2apic() || !units.any(VtdRegisters.IRTA, VtdRegisters.EIME)) {
            return false;
        }
        if (options.heedsX2apicOptOut() && units.firmwareOptsOutOfX2apic()) {
            steps.add(new Step.Print("DMAR-IR: x2apic is disabled because BIOS sets x2apic opt out"
                    + " bit."));
            steps.add(new Step.Print("DMAR-IR: Use 'intremap=no_x2apic_optout' to override the BIOS"
                    + " setting."));
            return false;
        }
        for (int unit : units.visited()) {
            if (!ExtendedCapability.EIM.isSet(units.read(unit, VtdRegisters.ECAP))) {
                steps.add(new Step.Print("DMAR-IR: " + units.name(unit)
                        + " does not support EIM"));
                return false;
            }
        }
        return true;
    }

    /** Returns the line with which the kernel refuses the table. */
    static Step refused(KernelQuirks quirks, String line) {
        return new Step.Print((quirks.copiesTables() ? "DMAR: " : "") + line);
    }
}
