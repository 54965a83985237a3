// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios.trial;

import kdump.lab.api.LabException;

/**
 * One claim and the experiment that tries it.
 *
 * @param id such as "S1-3"
 * @param claim in our words
 * @param setup machine and what is run
 * @param expected what is to be seen if it holds
 * @param trial the experiment
 */
public record Claim(String id, String claim, String setup, String expected, Trial trial) {

    /** An experiment. */
    @FunctionalInterface
    public interface Trial {

        /**
         * Makes it.
         *
         * @throws LabException if something that it needs is not in force
         */
        Finding run(Stage stage) throws LabException;
    }
}
