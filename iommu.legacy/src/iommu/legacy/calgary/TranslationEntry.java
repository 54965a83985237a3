// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import iommu.api.pcie.Access;

/**
 * A translation control entry (TCE): 64 bits, which lie in memory with the highest byte first. One
 * whose both rights are 0 translates nothing.
 *
 * <p>Source: Linux, tce.h, TCE_READ_SHIFT to TCE_RPN_MASK.
 */
public final class TranslationEntry {

    /** Length of an entry. */
    public static final int BYTES = 8;
    /** Base-2 logarithm of what an entry maps. */
    public static final int PAGE_SHIFT = 12;

    /** The device may read. */
    public static final BitField READ = bit(0);
    /** The device may write. */
    public static final BitField WRITE = bit(1);
    /** Real page number: bits 47:12 of the physical address. */
    public static final BitField RPN = bits(47, 12);

    private TranslationEntry() { }

    /**
     * Returns an entry as Linux makes it: what may be written may be read, too.
     *
     * @param access {@link Access} bits
     */
    public static long of(long physicalAddress, int access) {
        return RPN.inPlace(physicalAddress) | READ.mask()
                | ((access & Access.WRITE) != 0 ? WRITE.mask() : 0);
    }

    /** Returns the rights of an entry as {@link Access} bits. */
    public static int access(long entry) {
        return (READ.isSet(entry) ? Access.READ : 0) | (WRITE.isSet(entry) ? Access.WRITE : 0);
    }

    /** Returns the entry behind what a little-endian processor reads, and the other way round. */
    public static long swap(long word) {
        return Long.reverseBytes(word);
    }
}
