// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.tables;

import iommu.amdvi.EventCode;
import iommu.api.bits.BitField;
import iommu.api.pcie.Access;
import iommu.api.unit.CacheLookup;
import iommu.api.unit.WalkListener;
import java.util.ArrayList;
import java.util.List;

/** Tells one entry of a walk to a listener. Cold: made only when somebody listens. */
public final class EntryFormatter {

    private final String structure;
    private final long address;
    private final long[] words;
    private final List<WalkListener.Field> fields = new ArrayList<>();

    private EntryFormatter(String structure, long address, long[] words) {
        this.structure = structure;
        this.address = address;
        this.words = words;
    }

    public static EntryFormatter entry(String structure, long address, long... words) {
        return new EntryFormatter(structure, address, words);
    }

    /** Adds a field by the manual's name. */
    public EntryFormatter with(String name, BitField field) {
        return add(name, field.of(words[field.quadword()]));
    }

    /** Adds an address field, left in place. */
    public EntryFormatter at(String name, BitField field) {
        return add(name, field.inPlace(words[field.quadword()]));
    }

    public EntryFormatter with(String name, String value) {
        fields.add(new WalkListener.Field(name, value));
        return this;
    }

    private EntryFormatter add(String name, long value) {
        return with(name, hex(value));
    }

    public void decides(WalkListener listener, String decision) {
        listener.entry(structure, address, words, List.copyOf(fields), decision);
    }

    public void decides(WalkListener listener, String decision, CacheLookup lookup) {
        listener.step(structure, address, words, List.copyOf(fields), decision, lookup);
    }

    /** Tells an entry that cannot be read. */
    public static void unreadable(WalkListener listener, String structure, long address,
            EventCode event) {
        if (listener != WalkListener.NONE) {
            entry(structure, address).decides(listener, refusal("no memory there", event));
        }
    }

    /** Returns why an entry ends the walk, such as "PR=0 -> IO_PAGE_FAULT: not mapped...". */
    public static String refusal(String why, EventCode event) {
        return why + " -> " + event + ": " + event.text();
    }

    /** Returns rights as the lab tells them. */
    public static String rights(int rights) {
        return "rights " + Access.format(rights);
    }

    public static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }
}
