// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

import iommu.api.machine.FirmwareTable;
import java.nio.file.Path;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The lab: machines, policies and runs. A service; thread-safe. Each run takes its own snapshot of
 * the policies, vendors and device models in force when it starts.
 */
@ProviderType
public interface Lab {

    /** Returns the machines that are built in, by name. */
    List<MachineSummary> machines() throws LabException;

    /** Returns the policies that are present, by name, those in force before the shadowed. */
    List<PolicySummary> policies();

    /**
     * Returns all that bundles offer to the lab, of every kind, and those bundles that would offer
     * something and cannot, each with the reason. By kind, then by name.
     */
    List<BundleState> bundles();

    /**
     * Runs every policy in force, or those named, on one machine.
     *
     * @param policies names; empty for all that say they know the machine's units
     * @throws LabException if machine or policy cannot be found or read
     */
    default Comparison compare(Target machine, List<String> policies, RunOptions options)
            throws LabException {
        return compare(machine, policies, options, Progress.NONE);
    }

    /**
     * As the other, and tells how far it has come.
     *
     * @throws InterruptedRunException if the thread is interrupted meanwhile
     */
    Comparison compare(Target machine, List<String> policies, RunOptions options,
            Progress progress) throws LabException;

    /**
     * Runs one policy.
     *
     * @throws LabException if machine or policy cannot be found or read
     */
    default Crash crash(Target machine, String policy, RunOptions options) throws LabException {
        return crash(machine, policy, options, Progress.NONE);
    }

    /**
     * As the other, and tells how far it has come.
     *
     * @throws InterruptedRunException if the thread is interrupted meanwhile
     */
    Crash crash(Target machine, String policy, RunOptions options, Progress progress)
            throws LabException;

    /**
     * Tells why a figure of a run's verdict is what it is.
     *
     * @throws LabException if machine or policy cannot be found or read, or nothing of the kind
     *     happened in that run
     */
    default Why why(Target machine, String policy, WhyQuestion question, RunOptions options)
            throws LabException {
        return why(machine, policy, question, options, Progress.NONE);
    }

    /**
     * As the other, and tells how far it has come.
     *
     * @throws InterruptedRunException if the thread is interrupted meanwhile
     */
    Why why(Target machine, String policy, WhyQuestion question, RunOptions options,
            Progress progress) throws LabException;

    /**
     * Returns the functions of a machine as users name them, in order.
     *
     * @throws LabException if the machine cannot be found or read
     */
    List<String> requesters(Target machine) throws LabException;

    /**
     * Tells every live translation.
     *
     * @param requester only its translations; -1 for all
     * @param pasid of requests that carry it; -1 for requests without
     * @throws LabException if the target cannot be found or read, or has no PASIDs
     */
    void mappings(Target target, int requester, int pasid, Mappings visitor) throws LabException;

    /**
     * Tells the way of one request through its unit.
     *
     * @throws LabException if target or policy cannot be found or read, or the target has no unit
     *     for the requester, or one that takes no such requests
     */
    Walk walk(Target target, WalkQuestion question) throws LabException;

    /**
     * Tells a machine as it is written into a machine file.
     *
     * @param target anything but a machine file
     * @param folder that the file will be in; what it names is told as seen from there
     * @throws LabException if the target cannot be found or read, or is a machine file
     */
    MachineFile machineFile(Target target, Path folder) throws LabException;

    /**
     * Takes the firmware tables apart that describe remapping units.
     *
     * @param target a machine, a directory or a file; its registers do not count
     * @return at least one
     * @throws LabException if the target cannot be found or read, or holds none
     */
    List<FirmwareTable> firmwareTables(Target target) throws LabException;
}
