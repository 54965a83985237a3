// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import iommu.api.machine.MachineDescription;

/** Ways to break the mechanism on purpose, for the tests that show that verdicts come out of it. */
public enum FaultInjection {
    /** Nothing is broken. */
    NONE,
    /** Switching translation drops all cached translations, which hardware does not do. */
    TOGGLE_FLUSHES,
    /** Nobody remembers who wrote what. */
    NO_PROVENANCE;

    /** Returns the scenario of the broken machine. */
    public Scenario applyTo(Scenario whole) {
        if (this == NONE) {
            return whole;
        }
        MachineDescription d = whole.description();
        MachineDescription broken = this != TOGGLE_FLUSHES ? d : d.withUnits(d.units().stream()
                .map(unit -> unit.withProfile(
                        unit.profile().with("flushOnTranslationToggle", 1))).toList());
        return new Scenario(broken, whole.reservation(), whole.profile(), whole.captureProfile(),
                whole.loads(), whole.usedFrames(), whole.mappedIova(), whole.passThrough(),
                whole.captureDrivers(), whole.assumptions(), this != NO_PROVENANCE);
    }
}
