// SPDX-License-Identifier: Apache-2.0
package iommu.api.bits;

import java.util.StringJoiner;

/**
 * A field of a register or of a table entry, numbered as the specification numbers it.
 *
 * <p>Declare as {@code static final}: HotSpot treats the components of such a record as constants
 * and compiles each accessor to one shift and one mask. A plain class or an enum does not get this.
 *
 * @param hi highest bit, inclusive; may exceed 63 for entries of several quadwords
 * @param lo lowest bit, inclusive; in the same quadword as {@code hi}
 */
public record BitField(int hi, int lo) {

    /** Checks that the field lies within one quadword. */
    public BitField {
        if (lo < 0 || hi < lo || hi >> 6 != lo >> 6) {
            throw new IllegalArgumentException(
                    "bits " + hi + ":" + lo + " do not lie in one quadword");
        }
    }

    /** Returns the field of bits {@code hi} down to {@code lo}, both inclusive. */
    public static BitField bits(int hi, int lo) {
        return new BitField(hi, lo);
    }

    /** Returns the field of the single bit {@code n}. */
    public static BitField bit(int n) {
        return new BitField(n, n);
    }

    /** Returns the index of the quadword that holds this field, counted from the lowest address. */
    public int quadword() {
        return lo >> 6;
    }

    /** Returns the mask of this field in its quadword, in place. */
    public long mask() {
        return -1L >>> (63 - (hi - lo)) << (lo & 63);
    }

    /**
     * Returns which bits of an entry are set, in ranges from the highest on: "127, 88, 11:4".
     *
     * @param words its quadwords, lowest first
     * @return empty if none is
     */
    public static String ranges(long... words) {
        var ranges = new StringJoiner(", ");
        for (int word = words.length - 1; word >= 0; word--) {
            for (long left = words[word]; left != 0;) {
                int high = 63 - Long.numberOfLeadingZeros(left);
                int low = high;
                while (low > 0 && (left >>> low - 1 & 1) != 0) {
                    low--;
                }
                left &= (1L << low) - 1;
                ranges.add(64 * word + high + (high == low ? "" : ":" + (64 * word + low)));
            }
        }
        return ranges.toString();
    }

    /** Returns the value of this field in its quadword, right-aligned and zero-extended. */
    public long of(long quadword) {
        return (quadword & mask()) >>> (lo & 63);
    }

    /** Returns the value of this field in a 128-bit entry of low and high quadword. */
    public long of(long q0, long q1) {
        return of(quadword() == 0 ? q0 : q1);
    }

    /** Returns whether any bit of this field is set in its quadword. */
    public boolean isSet(long quadword) {
        return (quadword & mask()) != 0;
    }

    /**
     * Returns this field in place, left where it lies: for addresses stored without their low bits.
     */
    public long inPlace(long quadword) {
        return quadword & mask();
    }

    /**
     * Returns {@code quadword} with this field replaced.
     *
     * @param value right-aligned
     * @throws IllegalArgumentException if {@code value} has bits that do not fit
     */
    public long with(long quadword, long value) {
        long placed = value << (lo & 63);
        if (placed >>> (lo & 63) != value || (placed & ~mask()) != 0) {
            throw new IllegalArgumentException(
                    "0x" + Long.toHexString(value) + " does not fit bits " + hi + ":" + lo);
        }
        return quadword & ~mask() | placed;
    }
}
