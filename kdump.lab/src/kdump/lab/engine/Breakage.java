// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.machine.MachineDescription;
import iommu.api.machine.UnitDescription;
import java.util.ArrayList;

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
        var units = new ArrayList<UnitDescription>();
        for (UnitDescription unit : d.units()) {
            units.add(new UnitDescription(unit.profile().with("flushOnTranslationToggle", 1),
                    unit.segment(), unit.allOthers(), unit.scopes()));
        }
        var broken = new MachineDescription(d.name(), d.source(), d.memoryMap(),
                d.crashReservation(), units, d.reservedRegions(), d.atsFunctions(), d.functions(),
                d.image(), d.kernelRelease(), d.commandLine(), d.captureCommandLine(), d.remarks());
        return new Blueprint(broken, whole.reservation(), whole.profile(),
                whole.captureProfile(), whole.loads(),
                whole.usedFrames(), whole.mappedIova(), whole.passThrough(), whole.assumptions());
    }
}
