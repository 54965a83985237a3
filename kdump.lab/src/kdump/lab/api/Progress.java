// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

import org.osgi.annotation.versioning.ConsumerType;

/** Is told how far long work has come, several times a second at most, by the thread that asked. */
@ConsumerType
@FunctionalInterface
public interface Progress {

    /** Nobody listens. */
    Progress NONE = (step, of, what) -> { };

    /**
     * The work is at one of its steps.
     *
     * @param step from 1 on
     * @param of how many there are
     * @param what is done, such as "reset-devices T6"
     */
    void at(int step, int of, String what);
}
