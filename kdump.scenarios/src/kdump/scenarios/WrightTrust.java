// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import iommu.api.kdump.Phase;
import java.util.ArrayList;
import java.util.Random;
import kdump.lab.api.LabException;
import kdump.lab.api.Verdict;
import kdump.lab.api.experiment.Experiment;
import kdump.scenarios.trial.Finding;
import kdump.scenarios.trial.Scribbler;
import kdump.scenarios.trial.Stage;

/** Tables that nobody may trust, under every policy. */
final class WrightTrust {

    /** What an entry becomes. */
    private enum Corruption {
        CLEARED, RANDOM, LOOPING, CRASH_AREA, DEVICE_WINDOW
    }

    private static final long PRESENT = 3;
    private static final long DEVICE_WINDOW = 0xfec0_0000L;

    private WrightTrust() { }

    /** Tries that each policy comes to a verdict whatever the tables hold. */
    static Finding trustNothing(Stage stage) throws LabException {
        var broken = new ArrayList<String>();
        int runs = 0;
        int hung = 0;
        for (String policy : stage.policies()) {
            for (Corruption corruption : Corruption.values()) {
                Verdict verdict = run(stage, policy, corruption);
                runs++;
                hung += verdict.captureKernel().equals("hung") ? 1 : 0;
                if (verdict.captureKernel().startsWith("broken")) {
                    broken.add(policy + ": " + String.join(" ", verdict.reasons()));
                }
            }
        }
        return Finding.yes(broken.isEmpty(), runs + " runs came to a verdict, " + hung
                        + " of them a panic, " + broken.size() + " broken"
                        + (broken.isEmpty() ? "" : ": " + String.join("; ", broken)),
                "what is copied of old tables is checked; a kernel that works on in them and meets"
                + " a pointer to where there is no memory dies of it", "a policy broke");
    }

    private static Verdict run(Stage stage, String policy, Corruption corruption)
            throws LabException {
        Experiment run = stage.experiment("vtd1", policy);
        var random = new Random(stage.seed() + corruption.ordinal());
        var scribbler = new Scribbler(corruption == Corruption.CLEARED ? Scribbler.Level.FIRST
                : Scribbler.Level.ANY, Phase.SETUP_ARCH, -1,
                (address, view) -> switch (corruption) {
                    case CLEARED -> 0;
                    case RANDOM -> random.nextLong();
                    case LOOPING -> address & -4096 | PRESENT;
                    case CRASH_AREA -> view.crashReservation().start() | PRESENT;
                    case DEVICE_WINDOW -> DEVICE_WINDOW | PRESENT;
                }) {
            @Override
            public boolean keepsTrace() {
                return false; // devices that nobody serves any more fault by the million
            }
        };
        return stage.tale(scribbler.in(run), scribbler).verdict();
    }
}
