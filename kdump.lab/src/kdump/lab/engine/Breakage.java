// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.machine.MachineDescription;

/** Ways to break the mechanism on purpose, for the tests that show that verdicts come out of it. */
enum Breakage {
    /** Nothing is broken. */
    NONE,
    /** Switching translation drops all cached translations, which hardware does not do. */
    TOGGLE_FLUSHES,
    /** Nobody remembers who wrote what. */
    NO_PROVENANCE;

    /** Returns the blueprint of the broken machine. */
    Blueprint applyTo(Blueprint whole) {
        if (this != TOGGLE_FLUSHES) {
            return whole;
        }
        MachineDescription d = whole.description();
        MachineDescription broken = d.withUnits(d.units().stream().map(unit -> unit.withProfile(
                unit.profile().with("flushOnTranslationToggle", 1))).toList());
        return new Blueprint(broken, whole.reservation(), whole.profile(),
                whole.captureProfile(), whole.loads(),
                whole.usedFrames(), whole.mappedIova(), whole.passThrough(), whole.assumptions());
    }
}
