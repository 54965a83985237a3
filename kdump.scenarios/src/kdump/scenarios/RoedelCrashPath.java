// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import iommu.api.kdump.Phase;
import java.util.Map;
import kdump.lab.api.LabException;
import kdump.lab.api.experiment.Experiment;
import kdump.scenarios.trial.Finding;
import kdump.scenarios.trial.Meddler;
import kdump.scenarios.trial.Rate;
import kdump.scenarios.trial.Stage;

/** What the panicked kernel could do, and what it can be trusted with. */
final class RoedelCrashPath {

    private static final int SEEDS = 20;
    private static final String FAILURES = "crash.failurePerMille";

    private RoedelCrashPath() { }

    /** Tries that a reset by the old kernel loses dumps where its code may fail. */
    static Finding resetAtCrash(Stage stage) throws LabException {
        Rate sound = stage.rate(reset(stage, 0), SEEDS, SumnerInFlight::isGood);
        Rate failing = stage.rate(reset(stage, 50), SEEDS, SumnerInFlight::isGood);
        return Finding.where(failing.isBelow(sound), "good dumps: " + sound + " with a sound crash"
                        + " path, " + failing + " where 5 % of its steps fail",
                "the panicked kernel may fail at what it does; one whose code is sound loses"
                + " nothing by it", "the intervals overlap").at(failing);
    }

    private static Experiment reset(Stage stage, long perMille) throws LabException {
        return stage.experiment("server", "reset-devices",
                Stage.kernels(null, Map.of(FAILURES, perMille)))
                .around(Meddler.moved(Phase.SETUP_ARCH, Phase.CRASH));
    }

    /**
     * Returns a run of a policy in which each step of the crash path fails with a probability.
     *
     * @param perMille of 1000
     */
    static Experiment failing(Stage stage, String machine, String policy, long perMille)
            throws LabException {
        return stage.experiment(machine, policy,
                Stage.kernels(null, Map.of(FAILURES, perMille)));
    }
}
