// SPDX-License-Identifier: Apache-2.0
package iommu.vtd;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * An interrupt request: address and data of a write to 0xFEEx_xxxx.
 *
 * <p>Source: VT-d, "Interrupt Requests in Intel 64 Remappable Format".
 */
public final class InterruptRequest {

    /** Address, remappable format: interrupt index, bits 14:0. */
    public static final BitField HANDLE_LOW = bits(19, 5);
    /** Address: 1 for the remappable format, 0 for the compatibility format. */
    public static final BitField FORMAT = bit(4);
    /** Address, remappable format: the data holds a sub-handle. */
    public static final BitField SHV = bit(3);
    /** Address, remappable format: interrupt index, bit 15. */
    public static final BitField HANDLE_HIGH = bit(2);
    /** Data, with SHV: added to the index. */
    public static final BitField SUB_HANDLE = bits(15, 0);
    /** Data, with SHV: reserved. */
    public static final BitField DATA_RESERVED = bits(31, 16);

    private static final long INTERRUPT_RANGE = 0xfee0_0000L;

    private InterruptRequest() { }

    /** Returns the address of a request in remappable format; its data is 0. */
    public static long address(int index) {
        return INTERRUPT_RANGE | FORMAT.mask() | HANDLE_LOW.with(0, index & 0x7fff)
                | HANDLE_HIGH.with(0, index >>> 15);
    }

    /** Returns the interrupt index of a request in remappable format. */
    public static int index(long address, int data) {
        int handle = (int) (HANDLE_HIGH.of(address) << 15 | HANDLE_LOW.of(address));
        return SHV.isSet(address) ? handle + (int) SUB_HANDLE.of(data) : handle;
    }
}
