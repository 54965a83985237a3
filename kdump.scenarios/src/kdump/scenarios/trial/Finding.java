// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios.trial;

import kdump.lab.api.experiment.ScenarioResult.Holds;

/**
 * What came of an experiment.
 *
 * @param holds whether the claim does
 * @param observed what was seen, with its numbers
 * @param reason why
 * @param rate of what {@code observed} speaks of; null if it is no probability
 */
public record Finding(Holds holds, String observed, String reason, Rate rate) {

    /**
     * Returns that a claim holds if something was seen.
     *
     * @param reason why it would
     * @param otherwise why it would not
     */
    public static Finding yes(boolean seen, String observed, String reason, String otherwise) {
        return new Finding(seen ? Holds.YES : Holds.NO, observed, seen ? reason : otherwise, null);
    }

    /** Returns that a claim holds where a precondition does, if something was seen. */
    public static Finding where(boolean seen, String observed, String precondition, String otherwise) {
        return new Finding(seen ? Holds.WITH_PRECONDITION : Holds.NO, observed,
                seen ? precondition : otherwise, null);
    }

    /** Returns that there is nothing to be tried. */
    public static Finding none(String observed, String reason) {
        return new Finding(Holds.NOT_APPLICABLE, observed, reason, null);
    }

    /** Returns this finding with the rate that it speaks of. */
    public Finding at(Rate of) {
        return new Finding(holds, observed, reason, of);
    }
}
