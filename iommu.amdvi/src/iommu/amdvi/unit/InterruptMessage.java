// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/** What remapping makes of an interrupt message, packed into a {@code long} of 63 bits. */
public final class InterruptMessage {

    /** Vector. */
    public static final BitField VECTOR = bits(7, 0);
    /** Interrupt type. */
    public static final BitField TYPE = bits(10, 8);
    /** The destination is logical. */
    public static final BitField LOGICAL = bit(11);
    /** The message goes out as it came; the other fields are 0. */
    public static final BitField UNCHANGED = bit(12);
    /** Destination. */
    public static final BitField DESTINATION = bits(62, 31);

    private InterruptMessage() { }
}
