// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import iommu.api.bits.BitField;
import iommu.api.unit.WalkListener;
import java.util.ArrayList;
import java.util.List;

/** Tells one entry of a walk to a listener. Cold: made only when somebody listens. */
final class Narration {

    private final String structure;
    private final long address;
    private final long[] words;
    private final List<WalkListener.Field> fields = new ArrayList<>();

    private Narration(String structure, long address, long[] words) {
        this.structure = structure;
        this.address = address;
        this.words = words;
    }

    static Narration entry(String structure, long address, long... words) {
        return new Narration(structure, address, words);
    }

    /** Adds a field by the manual's name. */
    Narration with(String name, BitField field) {
        return add(name, field.of(words[field.quadword()]));
    }

    /** Adds an address field, left in place. */
    Narration at(String name, BitField field) {
        return add(name, field.inPlace(words[field.quadword()]));
    }

    private Narration add(String name, long value) {
        fields.add(new WalkListener.Field(name, hex(value)));
        return this;
    }

    void decides(WalkListener listener, String decision) {
        listener.entry(structure, address, words, List.copyOf(fields), decision);
    }

    static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }
}
