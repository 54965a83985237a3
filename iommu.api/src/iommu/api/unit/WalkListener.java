// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

import java.util.List;

/** Is told each step of a table walk. Called from within the unit; must not call it. */
public interface WalkListener {

    /** Hears nothing. */
    WalkListener NONE = (structure, address, words, fields, decision) -> { };

    /** One field of an entry as the manual names it. */
    record Field(String name, String value) { }

    /**
     * An entry was read.
     *
     * @param structure what it is, in the manual's words, such as "context entry"
     * @param address physical address of the entry
     * @param words its quadwords, lowest address first
     * @param fields the fields that decide
     * @param decision what follows, such as "present, second-stage table at 0x2139000"
     */
    void entry(String structure, long address, long[] words, List<Field> fields, String decision);

    /**
     * A step of a request was looked at, with what the unit's caches know about it. A lookup in a
     * cache of pages is a step of its own, without words; its address is the one looked up. So is a
     * look at a register that decides; its address is the register's offset.
     *
     * @param structure as in {@link #entry}
     * @param address as there
     * @param words as there, as memory has them now
     * @param fields as there
     * @param decision what follows from memory; of a lookup, from what it gave
     * @param lookup what a cache knows
     */
    default void step(String structure, long address, long[] words, List<Field> fields,
            String decision, CacheLookup lookup) {
        entry(structure, address, words, fields, decision);
    }
}
