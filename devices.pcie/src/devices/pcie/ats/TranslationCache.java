// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ats;

import static iommu.api.pcie.TranslationCompletion.U;

import iommu.api.pcie.TranslationCompletion;
import java.util.Arrays;

/**
 * The address translation cache (ATC) of a function: a fixed number of ranges, each an aligned
 * power of two of bytes, as translation completions gave them. The oldest one makes room for a new
 * one. Allocates nothing once made. One thread.
 *
 * <p>Source: PCI Express Base Specification, "ATS Translation Requests & Completions".
 */
public final class TranslationCache {

    /** Returned where no range holds an address. */
    public static final int NONE = -1;

    private static final int FREE = 0;
    private static final int UNTRANSLATED_ONLY = 4;
    private static final int WHOLE = 64;

    private final long[] first;
    private final long[] translated;
    private final byte[] shift;
    private final byte[] rights;
    private int oldest;
    private int recent;

    /**
     * Makes an empty cache.
     *
     * @param entries how many ranges it holds, 1 to 65536
     * @throws IllegalArgumentException if it is another number
     */
    public TranslationCache(long entries) {
        if (entries < 1 || entries > 1 << 16) {
            throw new IllegalArgumentException(
                    "translation cache of " + entries + " entries, expected 1 to 65536");
        }
        first = new long[(int) entries];
        translated = new long[(int) entries];
        shift = new byte[(int) entries];
        rights = new byte[(int) entries];
    }

    /** Returns the slot of the range that holds an address, or {@link #NONE}. */
    public int find(long address) {
        if (holds(recent, address)) {
            return recent;
        }
        for (int slot = 0; slot < rights.length; slot++) {
            if (holds(slot, address)) {
                recent = slot;
                return slot;
            }
        }
        return NONE;
    }

    private boolean holds(int slot, long address) {
        return rights[slot] != FREE && (first[slot] ^ address) >>> shift[slot] == 0;
    }

    /**
     * Returns whether a range may be accessed so.
     *
     * @param access {@link iommu.api.pcie.Access#READ} or {@link iommu.api.pcie.Access#WRITE}
     */
    public boolean permits(int slot, int access) {
        return (rights[slot] & access) == access;
    }

    /** Returns whether a range may be accessed by untranslated requests only. */
    public boolean untranslatedOnly(int slot) {
        return (rights[slot] & UNTRANSLATED_ONLY) != 0;
    }

    /** Returns where an address of a range leads. */
    public long translate(int slot, long address) {
        return translated[slot] | address & (1L << shift[slot]) - 1;
    }

    /**
     * Keeps a completion in place of all that it overlaps. One that grants nothing is not kept.
     *
     * @param address that the translation was asked for
     * @param completion a success, packed as {@link TranslationCompletion} does
     * @return its slot, or {@link #NONE}
     */
    public int fill(long address, long completion) {
        int size = TranslationCompletion.shift(completion);
        invalidate(address & -(1L << size), size);
        int granted = TranslationCompletion.access(completion);
        if (granted == 0) {
            return NONE;
        }
        int slot = room();
        first[slot] = address & -(1L << size);
        translated[slot] = TranslationCompletion.address(completion);
        shift[slot] = (byte) size;
        rights[slot] = (byte) (granted | (U.isSet(completion) ? UNTRANSLATED_ONLY : 0));
        recent = slot;
        return slot;
    }

    private int room() {
        for (int slot = 0; slot < rights.length; slot++) {
            if (rights[slot] == FREE) {
                return slot;
            }
        }
        int slot = oldest;
        oldest = (oldest + 1) % rights.length;
        return slot;
    }

    /**
     * Drops every range that shares an address with the one given.
     *
     * @param address of the first byte, aligned to the size
     * @param size base-2 logarithm of the number of bytes, 12 to 64
     */
    public void invalidate(long address, int size) {
        for (int slot = 0; slot < rights.length; slot++) {
            int larger = Math.max(size, shift[slot]);
            if (larger >= WHOLE || (first[slot] ^ address) >>> larger == 0) {
                rights[slot] = FREE;
            }
        }
    }

    /** Drops everything. */
    public void clear() {
        Arrays.fill(rights, (byte) FREE);
        oldest = 0;
    }

    /** Returns how many ranges are held. */
    public int size() {
        int held = 0;
        for (byte right : rights) {
            held += right == FREE ? 0 : 1;
        }
        return held;
    }
}
