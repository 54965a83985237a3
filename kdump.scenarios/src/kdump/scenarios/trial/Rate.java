// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios.trial;

import org.apache.commons.statistics.interval.BinomialConfidenceInterval;
import org.apache.commons.statistics.interval.Interval;

/**
 * How many of a number of runs came out in one way.
 *
 * @param hits how many
 * @param runs of how many, at least 1
 */
public record Rate(int hits, int runs) {

    private static final double ERROR_RATE = 0.05;

    /** Returns the lower end of the 95 % interval, by Wilson's score. */
    public double low() {
        return interval().getLowerBound();
    }

    /** Returns its upper end. */
    public double high() {
        return interval().getUpperBound();
    }

    private Interval interval() {
        return BinomialConfidenceInterval.WILSON_SCORE.fromErrorRate(runs, hits, ERROR_RATE);
    }

    /** Returns whether this one is lower for sure: the intervals do not meet. */
    public boolean isBelow(Rate other) {
        return high() < other.low();
    }

    @Override
    public String toString() {
        return String.format("%d of %d (%.0f to %.0f %%)", hits, runs, 100 * low(), 100 * high());
    }
}
