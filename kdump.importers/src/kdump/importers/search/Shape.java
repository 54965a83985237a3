// SPDX-License-Identifier: Apache-2.0
package kdump.importers.search;

/**
 * What entries of VT-d tables look like, as far as it tells them from other memory: present bits,
 * and bits that must be zero. Kept apart from the units that translate: a search may be stricter
 * than hardware, since it looks for what kernels write.
 *
 * <p>Source: VT-d, "Translation Structure Formats": "Root Entry" to "PASID Table Entry".
 */
final class Shape {

    static final int PAGE_BYTES = 4096;

    /** Address bits of an entry that points to a page; 52 bits at most. */
    static final long ADDRESS = 0x000f_ffff_ffff_f000L;

    static final long PRESENT = 1;

    /** Bits of a present root entry's half that are neither present bit nor address. */
    static final long ROOT_RESERVED = ~(ADDRESS | PRESENT);

    /** Legacy context entry, lower half: bits 11:4 and above 51. Translation type 3 is reserved. */
    static final long CONTEXT_RESERVED = ~(ADDRESS | 0xf);

    /** Legacy context entry, upper half: bit 7 and above the domain id in 23:8. */
    static final long CONTEXT_UPPER_RESERVED = ~0xff_ff7fL;

    /** Scalable context entry, first quadword: bits 8:5 and above 51. */
    static final long SCALABLE_RESERVED = ~(ADDRESS | 0xe1f);

    /** Scalable context entry, second quadword: above RID_PASID in 19:0 and its privilege bit. */
    static final long SCALABLE_UPPER_RESERVED = ~0x1f_ffffL;

    /** PASID directory entry: all but present, fault disable and address. */
    static final long DIRECTORY_RESERVED = ~(ADDRESS | 3);

    /** PASID table entry, first quadword: all but bits 9:0 and the address. */
    static final long PASID_RESERVED = ~(ADDRESS | 0x3ff);

    /** Large page bit of a page-table entry of either kind. */
    static final long LARGE = 0x80;

    private Shape() { }

    /** Returns whether a quadword is half a root entry as kernels write it: absent means zero. */
    static boolean isRootHalf(long half) {
        return half == 0 || (half & PRESENT) != 0 && (half & ROOT_RESERVED) == 0
                && (half & ADDRESS) != 0;
    }

    static int translationType(long low) {
        return (int) (low >>> 2) & 3;
    }

    /** Returns the levels that an address width code names; 0 for a reserved one. */
    static int levels(long code) {
        int width = (int) code & 7;
        return width >= 1 && width <= 3 ? width + 2 : 0;
    }
}
