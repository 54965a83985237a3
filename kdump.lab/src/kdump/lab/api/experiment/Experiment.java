// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api.experiment;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.machine.MachineDescription;
import iommu.api.pcie.DeviceModel;
import java.util.List;
import java.util.function.UnaryOperator;
import kdump.lab.api.RunOptions;

/**
 * One run to be looked into. Immutable.
 *
 * @param machine as its kernel left it, from {@link Experiments#machine} or altered
 * @param policy name of a policy in force; null for one that does nothing
 * @param around makes of that policy the one that runs; may return another
 * @param models asked before those in force; each sees the functions that it accepts
 * @param options of the run
 */
public record Experiment(MachineDescription machine, String policy,
        UnaryOperator<HandoverPolicy> around, List<DeviceModel> models, RunOptions options) {

    /** Copies the list. */
    public Experiment {
        models = List.copyOf(models);
    }

    /** Returns a run of a policy in force as it is. */
    public static Experiment of(MachineDescription machine, String policy, RunOptions options) {
        return new Experiment(machine, policy, UnaryOperator.identity(), List.of(), options);
    }

    /** Returns this run with another machine. */
    public Experiment on(MachineDescription other) {
        return new Experiment(other, policy, around, models, options);
    }

    /** Returns this run with somebody between the policy and the engine. */
    public Experiment around(UnaryOperator<HandoverPolicy> wrapper) {
        return new Experiment(machine, policy, wrapper, models, options);
    }

    /** Returns this run with more device models. */
    public Experiment models(List<DeviceModel> more) {
        return new Experiment(machine, policy, around, more, options);
    }

    /** Returns this run with other options. */
    public Experiment options(RunOptions others) {
        return new Experiment(machine, policy, around, models, others);
    }
}
