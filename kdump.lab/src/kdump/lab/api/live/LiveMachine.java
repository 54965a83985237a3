// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api.live;

import iommu.api.kdump.Phase;
import kdump.lab.api.LabException;
import kdump.lab.api.Verdict;
import org.osgi.annotation.versioning.ProviderType;

/**
 * One machine: its time passes only when somebody asks. A bundle of it that is withdrawn ends it
 * where it stands. Thread-safe: who comes second waits.
 */
@ProviderType
public interface LiveMachine extends AutoCloseable {

    /**
     * Goes on until the next phase has begun; from the last one to the end of the dump, and from
     * there through the reboot. Of an ended machine nothing more happens.
     *
     * @throws LabException if the thread is interrupted: the machine has ended then
     */
    LiveState next() throws LabException;

    /**
     * Goes on until a phase has begun.
     *
     * @throws LabException as {@link #next}, or if the phase lies behind
     */
    LiveState next(Phase phase) throws LabException;

    /**
     * Lets virtual time pass; acts of kernels are not cut in two.
     *
     * @param nanos from now, at least 1
     * @throws LabException as {@link #next}
     */
    LiveState next(long nanos) throws LabException;

    /**
     * Returns how it stands; nothing happens.
     *
     * @throws LabException if a bundle of the machine is broken
     */
    LiveState state() throws LabException;

    /**
     * Has another policy decide from here on, also one that has just come. What the one before has
     * noted it finds in its notes.
     *
     * @throws LabException if there is no such policy, or the machine has ended
     */
    LiveState use(String policy) throws LabException;

    /**
     * Returns the verdict on what has happened so far.
     *
     * @throws LabException if a bundle of the machine is broken
     */
    Verdict verdict() throws LabException;

    /** Ends it, and lets go of all bundles; what it came to can still be asked for. */
    @Override
    void close();
}
