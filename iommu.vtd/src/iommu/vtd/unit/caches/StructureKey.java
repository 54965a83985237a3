// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.caches;

import iommu.vtd.unit.requests.PagingMode;

/**
 * What an entry of the paging-structure caches is found by, packed: domain id (bits 15:0), the
 * upper bits of an address (51:16), whether second-stage tables alone led there, so that no PASID
 * need be compared, and a bit that no empty entry has.
 */
final class StructureKey {

    private static final long VALID = 1L << 62;
    private static final long SECOND_STAGE = 1L << 61;
    private static final long DOMAIN_AND_PREFIX = (1L << 52) - 1;
    private static final int PREFIX_SHIFT = 16;
    private static final int DOMAIN = 0xffff;
    private static final int ADDRESS_BITS = 57;

    private StructureKey() {
    }

    /**
     * Returns a key, never 0.
     *
     * @param ofPasid the PASID, or {@link PagingMode#SECOND_STAGE} for none
     */
    static long of(int domain, int ofPasid, long prefix) {
        return VALID | (ofPasid == PagingMode.SECOND_STAGE ? SECOND_STAGE : 0)
                | prefix << PREFIX_SHIFT | domain;
    }

    static int domain(long key) {
        return (int) key & DOMAIN;
    }

    /** Returns the upper bits of the addresses that a key is of. */
    static long prefix(long key) {
        return (key & DOMAIN_AND_PREFIX) >>> PREFIX_SHIFT;
    }

    /** Returns the bits of an address that choose the table of a level, 1 for the lowest. */
    static long prefix(long address, int level) {
        return (address & (1L << ADDRESS_BITS) - 1) >>> shift(level);
    }

    /** Returns the base-2 logarithm of the bytes that one table of a level covers. */
    static int shift(int level) {
        return 12 + 9 * level;
    }
}
