// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

/**
 * Addresses 0xFEE0_0000 to 0xFEEF_FFFF: a write there is an interrupt request and is never
 * translated as memory. Source: VT-d, "Handling Requests to Interrupt Address Range".
 */
final class InterruptRange {

    private InterruptRange() { }

    static boolean contains(long address) {
        return address >>> 20 == 0xfee;
    }
}
