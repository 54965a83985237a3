// SPDX-License-Identifier: Apache-2.0
package iommu.vtd;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * Root-entry of scalable mode, 128 bits, one a bus: the low quadword for device and function 0 to
 * 127, the high one for 128 to 255, both laid out alike.
 *
 * <p>Source: VT-d, "Scalable-Mode Root Entry".
 */
public final class ScalableRootEntry {

    /** Size of an entry. */
    public static final int BYTES = 16;
    /** Lower Present, or in the upper quadword Upper Present. */
    public static final BitField P = bit(0);
    /** Reserved. */
    public static final BitField RESERVED = bits(11, 1);
    /** Lower or Upper Context-table Pointer, 4 KiB aligned. */
    public static final BitField CTP = bits(63, 12);

    private ScalableRootEntry() { }

    /** Returns the offset in the entry of the quadword that serves a device and function. */
    public static int half(int devfn) {
        return devfn < 0x80 ? 0 : 8;
    }
}
