// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

import java.util.List;

/**
 * The way of a request through a unit, step by step.
 *
 * @param steps entries and lookups in the order in which the unit comes to them
 * @param result of it
 * @param tables result that the tables in memory alone would give, other than {@code result} if a
 *     cache is stale; null for interrupts and translation requests, where that is not worked out
 * @param verdict of the run after which the unit was looked at; null if there was none
 */
public record Walk(List<Step> steps, Result result, Result tables, Verdict verdict) {

    /** Returns whether the result is another than memory would give, or may be. */
    public boolean stale() {
        return tables != null ? !tables.equals(result)
                : steps.stream().anyMatch(step -> step.cache().stale());
    }

    /**
     * One entry, or one lookup in a cache of pages.
     *
     * @param address of the entry; of a lookup, the one looked up; 0 if only a cache knows it
     * @param raw quadwords, lowest address first; empty of a lookup and where no memory is
     */
    public record Step(String structure, long address, List<Long> raw, List<Field> fields,
            String decision, Cache cache) { }

    /** A field of an entry. */
    public record Field(String name, String value) { }

    /**
     * What a cache of the unit knew.
     *
     * @param name null where none keeps such an entry
     * @param outcome "hit", "miss", "skipped" (the unit does not come here, as that cache has
     *     answered) or "none"
     * @param value what it holds, for people; null unless hit
     * @param stale whether memory says otherwise now
     */
    public record Cache(String name, String outcome, String value, boolean stale) { }

    /**
     * Where the request goes.
     *
     * @param outcome "translated", "untranslated", "blocked" or, of a message, "interrupt"
     * @param physicalAddress null if blocked or an interrupt
     * @param pageBytes 0 unless translated
     * @param fault reason such as "vtd:0x05"; null if not blocked, or none is recorded
     * @param text for people
     */
    public record Result(String outcome, Long physicalAddress, long pageBytes, String fault,
            String text) { }
}
