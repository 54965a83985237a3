// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.requests;

/**
 * Addresses 0xFEE0_0000 to 0xFEEF_FFFF: a write there is an interrupt request and is never
 * translated as memory. Source: VT-d, "Handling Requests to Interrupt Address Range".
 */
public final class InterruptRange {

    private static final long FIRST = 0xfee0_0000L;
    private static final long LAST = 0xfeef_ffffL;

    private InterruptRange() { }

    /** Returns whether any address from {@code first} to {@code first + more} lies in the range. */
    public static boolean touches(long first, long more) {
        return first <= LAST && first + more >= FIRST;
    }

    public static boolean contains(long address) {
        return address >>> 20 == 0xfee;
    }
}
