// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api.live;

import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Target;
import org.osgi.annotation.versioning.ProviderType;

/** Begins machines that are taken through their hand-over step by step. A service; thread-safe. */
@ProviderType
public interface LiveMachines {

    /**
     * Puts a machine together; nothing has happened then. Its services are held until it is closed.
     *
     * @param policy that decides from the start
     * @throws LabException if machine or policy cannot be found or read, or cannot run
     */
    LiveMachine begin(Target machine, String policy, RunOptions options) throws LabException;
}
