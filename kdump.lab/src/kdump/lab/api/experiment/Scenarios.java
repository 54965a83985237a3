// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api.experiment;

import java.util.List;
import kdump.lab.api.LabException;
import org.osgi.annotation.versioning.ProviderType;

/** Claims about hand-overs, each with the experiment that tries it. A service; thread-safe. */
@ProviderType
public interface Scenarios {

    /** Returns the ids of all claims, in the order of their sources. */
    List<String> ids();

    /**
     * Tries a claim.
     *
     * @param seed of the first run
     * @throws LabException if there is no such claim, or something that the experiment needs is not
     *     in force
     */
    ScenarioResult run(String id, long seed) throws LabException;
}
