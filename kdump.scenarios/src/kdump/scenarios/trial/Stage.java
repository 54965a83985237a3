// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios.trial;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.machine.MachineDescription;
import iommu.api.profile.KernelVersion;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import kdump.lab.api.CaptureDrivers;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Target;
import kdump.lab.api.Verdict;
import kdump.lab.api.experiment.Experiment;
import kdump.lab.api.experiment.Experiments;
import kdump.lab.api.experiment.Hardware;
import kdump.lab.api.experiment.Observer;

/** Where one claim is tried: machines, seeds, runs, and their number. One thread. */
public final class Stage {

    private final Experiments experiments;
    private final long seed;
    private int runs;

    public Stage(Experiments experiments, long seed) {
        this.experiments = experiments;
        this.seed = seed;
    }

    /** Returns how many runs were made. */
    public int runs() {
        return runs;
    }

    /** Returns a built-in machine as its kernel left it. */
    public MachineDescription machine(String name) throws LabException {
        return machine(name, KernelChoice.DEFAULT);
    }

    /** Returns a built-in machine as another kernel left it. */
    public MachineDescription machine(String name, KernelChoice kernels) throws LabException {
        return experiments.machine(new Target(name, Path.of(""), null), kernels,
                UnaryOperator.identity());
    }

    /** Returns a run on a built-in machine that is altered before its kernel boots. */
    public Experiment altered(String machine, String policy,
            UnaryOperator<MachineDescription> altered) throws LabException {
        return altered(machine, policy, KernelChoice.DEFAULT, altered);
    }

    /** Returns a run with other kernels on a machine that is altered before its kernel boots. */
    public Experiment altered(String machine, String policy, KernelChoice kernels,
            UnaryOperator<MachineDescription> altered) throws LabException {
        need(policy);
        return Experiment.of(experiments.machine(new Target(machine, Path.of(""), null), kernels,
                altered), policy, RunOptions.ofSeed(seed).withKernels(kernels));
    }

    /** Says that a policy that is not in force was needed. */
    public static final class NotInForceException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        NotInForceException(String policy) {
            super("the policy " + policy + " is not in force");
        }
    }

    private void need(String policy) {
        if (policy != null && !experiments.policies().contains(policy)) {
            throw new NotInForceException(policy);
        }
    }

    /** Returns a run of a policy in force, or of none for null. */
    public Experiment experiment(String machine, String policy) throws LabException {
        need(policy);
        return Experiment.of(machine(machine), policy, RunOptions.ofSeed(seed));
    }

    /** Returns a run with other kernels, which boot the machine too if it was never captured. */
    public Experiment experiment(String machine, String policy, KernelChoice kernels)
            throws LabException {
        need(policy);
        return Experiment.of(machine(machine, kernels), policy,
                RunOptions.ofSeed(seed).withKernels(kernels));
    }

    /** Returns kernels with one setting. */
    public static KernelChoice kernels(String capture, Map<String, Long> settings) {
        return new KernelChoice(null, capture == null ? null
                : KernelVersion.parse(capture), settings);
    }

    /** Returns kernels of which the capture kernel has a driver for the dump target only. */
    public static KernelChoice dumpTargetDriverOnly() {
        return KernelChoice.DEFAULT.withCaptureDrivers(
                new CaptureDrivers(CaptureDrivers.Kind.DUMP_TARGET, Set.of()));
    }

    /** Returns a run of a policy of the experimenter's own. */
    public Experiment experiment(String machine, HandoverPolicy policy) throws LabException {
        return experiment(machine, (String) null).around(nothing -> policy);
    }

    /** Runs and records everything. */
    public Tale tale(Experiment experiment) throws LabException {
        return tale(experiment, new Tale.Recorder());
    }

    /** Runs and records everything, somebody looking in besides. */
    public Tale tale(Experiment experiment, Tale.Recorder recorder) throws LabException {
        return run(experiment, recorder);
    }

    /** Runs and says only what came of it. */
    public Verdict verdict(Experiment experiment) throws LabException {
        return run(experiment, new Observer<Verdict>() {
            @Override
            public boolean keepsTrace() {
                return false;
            }

            @Override
            public Verdict end(Hardware hardware, Verdict verdict) {
                return verdict;
            }
        });
    }

    /** Runs with an observer. */
    public <T> T run(Experiment experiment, Observer<T> observer) throws LabException {
        runs++;
        return experiments.run(experiment, observer);
    }

    /** Returns how often something comes out of runs with different seeds, from this stage's on. */
    public Rate rate(Experiment experiment, int times, Predicate<Verdict> what)
            throws LabException {
        int hits = 0;
        for (int i = 0; i < times; i++) {
            RunOptions o = experiment.options();
            var options = new RunOptions(o.seed() + i, o.crashAtNanos(), o.rateFactor(),
                    o.kernels(), o.hardware(), o.deviceOptions());
            hits += what.test(verdict(experiment.options(options))) ? 1 : 0;
        }
        return new Rate(hits, times);
    }

    /** Returns a machine in which nothing runs. */
    public Hardware bare(MachineDescription machine) throws LabException {
        runs++;
        return experiments.bare(machine, RunOptions.ofSeed(seed));
    }

    /** Returns the names of the policies in force. */
    public Set<String> policies() {
        return experiments.policies();
    }

    /** Returns the seed of the first run. */
    public long seed() {
        return seed;
    }
}
