// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.caches;

/**
 * Counts what has left or changed of all that a translation depends on, so that what is derived
 * from it knows by one number whether it still holds. Grows only. One thread.
 */
public final class Generation {

    private long count;

    /** Returns how many changes there have been. */
    public long count() {
        return count;
    }

    /** Counts a change. */
    public void next() {
        count++;
    }
}
