// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * Entry of an interrupt table, 32 bits. Source: 48882, "Interrupt Remapping Tables".
 */
public final class InterruptEntry {

    /** Size of an entry. */
    public static final int BYTES = 4;
    /** RemapEn: the entry is valid. */
    public static final BitField REMAP_EN = bit(0);
    /** SupIOPF: faults of this entry are not logged. */
    public static final BitField SUP_IO_PF = bit(1);
    /** Interrupt type. */
    public static final BitField INT_TYPE = bits(4, 2);
    /** RqEoi. */
    public static final BitField RQ_EOI = bit(5);
    /** DM: the destination is logical. */
    public static final BitField DM = bit(6);
    /** GuestMode: the interrupt goes to a guest. */
    public static final BitField GUEST_MODE = bit(7);
    /** Destination. */
    public static final BitField DESTINATION = bits(15, 8);
    /** Vector. */
    public static final BitField VECTOR = bits(23, 16);
    /** Index in the message data of a request. */
    public static final BitField MESSAGE_INDEX = bits(10, 0);

    private InterruptEntry() { }
}
