// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi;

import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * Entry of an interrupt table where Control.GaEn is set, 128 bits; bits 7:0 are as in
 * {@link InterruptEntry}. Source: 48882, "Interrupt Virtualization Tables".
 */
public final class WideInterruptEntry {

    /** Size of an entry. */
    public static final int BYTES = 16;
    /** Destination, low bits; with Control.XTEn 24 of them, otherwise 8 count. */
    public static final BitField DESTINATION_LOW = bits(31, 8);
    /** Vector. */
    public static final BitField VECTOR = bits(71, 64);
    /** Of an interrupt for a guest: its backing page. */
    public static final BitField GUEST_ROOT = bits(115, 76);
    /** Destination, high bits. */
    public static final BitField DESTINATION_HIGH = bits(127, 120);

    private WideInterruptEntry() { }

    /** Returns the destination, whose bits lie in two places. */
    public static long destination(long q0, long q1) {
        return DESTINATION_HIGH.of(q1) << 24 | DESTINATION_LOW.of(q0);
    }
}
