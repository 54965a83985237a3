// SPDX-License-Identifier: Apache-2.0
package iommu.vtd;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/** Root-entry of legacy mode, 128 bits, one a bus. Source: VT-d, "Root Entry". */
public final class RootEntry {

    /** Size of an entry. */
    public static final int BYTES = 16;
    /** Present. */
    public static final BitField P = bit(0);
    /** Reserved, low part. */
    public static final BitField RESERVED_LOW = bits(11, 1);
    /** Context-table Pointer, 4 KiB aligned. */
    public static final BitField CTP = bits(63, 12);
    /** Reserved, upper quadword. */
    public static final BitField RESERVED_HIGH = bits(127, 64);

    private RootEntry() { }
}
