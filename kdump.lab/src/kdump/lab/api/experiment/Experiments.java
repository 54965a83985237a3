// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api.experiment;

import iommu.api.machine.MachineDescription;
import java.util.Set;
import java.util.function.UnaryOperator;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Target;
import org.osgi.annotation.versioning.ProviderType;

/** Runs experiments. A service; thread-safe. */
@ProviderType
public interface Experiments {

    /**
     * Returns a machine as its kernel left it: one that was never captured is booted first.
     *
     * @param altered changes it before that
     * @throws LabException if it cannot be found, read or booted
     */
    MachineDescription machine(Target target, KernelChoice kernels,
            UnaryOperator<MachineDescription> altered) throws LabException;

    /** Returns the names of the policies in force. */
    Set<String> policies();

    /**
     * Runs an experiment to its end.
     *
     * @return what the observer has seen
     * @throws LabException if there is no such policy, or the machine cannot run
     */
    <T> T run(Experiment experiment, Observer<T> observer) throws LabException;

    /**
     * Puts a machine together in which nothing runs: its units can be programmed and asked at will.
     * The memory is this machine's alone.
     *
     * @throws LabException if it cannot be put together
     */
    Hardware bare(MachineDescription machine, RunOptions options) throws LabException;
}
