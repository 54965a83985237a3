// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api.experiment;

/**
 * What came of one claim.
 *
 * @param id such as "S1-3"
 * @param claim what was claimed, in our words
 * @param setup machine and what was run
 * @param expected what is to be seen if the claim holds
 * @param observed what was seen
 * @param holds whether it does
 * @param reason why; the precondition where there is one
 * @param runs how many runs were made
 * @param interval 95 % Wilson interval of the probability that {@code observed} speaks of, low and
 *     high; null where it speaks of none
 */
public record ScenarioResult(String id, String claim, String setup, String expected,
        String observed, Holds holds, String reason, int runs, double[] interval) {

    /** Whether a claim holds. */
    public enum Holds {
        /** It does. */
        YES("yes"),
        /** It does where the reason says so. */
        WITH_PRECONDITION("with-precondition"),
        /** It does not, and the reason says why. */
        NO("no"),
        /** It is none about what machines do. */
        NOT_APPLICABLE("not-applicable");

        private final String word;

        Holds(String word) {
            this.word = word;
        }

        /** Returns how users see it. */
        public String word() {
            return word;
        }
    }
}
