// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

/**
 * What a cache of the unit knows about one step of a request.
 *
 * @param cache it, in the manual's words, such as "context-cache"; null where none keeps such an
 *     entry
 * @param outcome what asking it gave
 * @param value what it holds, for people; null unless it hits
 * @param stale whether it holds something else than memory does now
 */
public record CacheLookup(String cache, Outcome outcome, String value, boolean stale) {

    /** What asking a cache gave. */
    public enum Outcome {
        /** It holds what the entry says, or said when it was read. */
        HIT,
        /** It does not, the unit reads the entry. */
        MISS,
        /** The unit does not get as far: another cache has answered; the entry is memory's. */
        SKIPPED,
        /** The unit keeps no such entry, and reads it. */
        NONE
    }

    /** Returns that a cache holds something. */
    public static CacheLookup hit(String cache, String value, boolean stale) {
        return new CacheLookup(cache, Outcome.HIT, value, stale);
    }

    /** Returns that a cache does not hold it. */
    public static CacheLookup miss(String cache) {
        return new CacheLookup(cache, Outcome.MISS, null, false);
    }

    /** Returns that the unit does not read the entry, as {@code cache} has answered. */
    public static CacheLookup skipped(String cache) {
        return new CacheLookup(cache, Outcome.SKIPPED, null, false);
    }

    /** Returns that no cache keeps it. */
    public static CacheLookup none() {
        return new CacheLookup(null, Outcome.NONE, null, false);
    }
}
