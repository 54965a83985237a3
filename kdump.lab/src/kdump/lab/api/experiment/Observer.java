// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api.experiment;

import iommu.api.kdump.Phase;
import kdump.lab.api.LabException;
import kdump.lab.api.Verdict;

/**
 * Looks into one run. Called on the run's thread; reads whatever it likes and changes nothing.
 *
 * @param <T> what it has seen
 */
@FunctionalInterface
public interface Observer<T> {

    /** Called as a phase begins, before anything is done in it. */
    default void phase(Phase phase, Hardware hardware) { }

    /** Returns whether every event of the run is to be kept for {@link #end}; it costs memory. */
    default boolean keepsTrace() {
        return true;
    }

    /**
     * Called when the run has come to its end; memory is as the run left it until this returns.
     *
     * @return what was seen
     * @throws LabException if it finds that the experiment could not be done
     */
    T end(Hardware hardware, Verdict verdict) throws LabException;
}
