// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.requests;

import iommu.api.bits.BitField;
import iommu.api.pcie.Access;
import iommu.api.unit.CacheLookup;
import iommu.api.unit.WalkListener;
import iommu.vtd.FaultReason;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** Tells a step of a walk to a listener. Cold: made only when somebody listens. */
public final class EntryFormatter {

    private static final HexFormat UPPER = HexFormat.of().withUpperCase();

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

    /** Tells an entry that cannot be read, and returns its fault. */
    public static FaultReason unreadable(WalkListener listener, String structure, long address,
            FaultReason fault) {
        if (listener != WalkListener.NONE) {
            entry(structure, address).decides(listener, refusal("no memory there", fault));
        }
        return fault;
    }

    /** Adds a field by the manual's name. */
    public EntryFormatter with(String name, BitField field) {
        return with(name, hex(field.of(words[field.quadword()])));
    }

    /** Adds an address field, left in place. */
    public EntryFormatter at(String name, BitField field) {
        return with(name, hex(field.inPlace(words[field.quadword()])));
    }

    public EntryFormatter with(String name, String value) {
        fields.add(new WalkListener.Field(name, value));
        return this;
    }

    public void decides(WalkListener listener, String decision) {
        listener.entry(structure, address, words, List.copyOf(fields), decision);
    }

    /** Tells it with what a cache knows, if that is said: not null. */
    public void decides(WalkListener listener, String decision, CacheLookup lookup) {
        if (lookup == null) {
            decides(listener, decision);
        } else {
            listener.step(structure, address, words, List.copyOf(fields), decision, lookup);
        }
    }

    public static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }

    /** Returns the low bits of an entry's rights, as "rights rw". */
    public static String rights(long rights) {
        return "rights " + Access.format((int) rights);
    }

    /** Returns a page that a cache holds, for people. */
    public static String page(long page, int pageShift, int rights) {
        return "the page of " + (1L << pageShift - 10) + " KiB at " + hex(page) + ", "
                + rights(rights);
    }

    /** Returns why an entry ends the walk, such as "P=0 -> fault 02h: Present bit...". */
    public static String refusal(String why, FaultReason fault) {
        return why + " -> fault " + UPPER.toHexDigits((byte) fault.number()) + "h: "
                + fault.text();
    }

    /** Returns which reserved bits of an entry are set, given those of each quadword. */
    public static String reserved(long... set) {
        String ranges = BitField.ranges(set);
        boolean one = ranges.chars().allMatch(Character::isDigit);
        return "reserved bit" + (one ? " " : "s ") + ranges + " set";
    }
}
