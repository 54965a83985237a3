// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

import java.util.List;

/**
 * A table walk, step by step.
 *
 * @param steps entries in the order in which they were read
 * @param result of it
 */
public record Walk(List<Step> steps, Result result) {

    /**
     * One entry.
     *
     * @param raw quadwords, lowest address first
     */
    public record Step(String structure, long address, List<Long> raw, List<Field> fields,
            String decision) { }

    /** A field of an entry. */
    public record Field(String name, String value) { }

    /**
     * Where the request goes.
     *
     * @param outcome "translated", "untranslated" or "blocked"
     * @param physicalAddress null if blocked
     * @param pageBytes 0 if blocked or untranslated
     * @param fault reason such as "vtd:0x05"; null if not blocked
     * @param text for people
     */
    public record Result(String outcome, Long physicalAddress, long pageBytes, String fault,
            String text) { }
}
