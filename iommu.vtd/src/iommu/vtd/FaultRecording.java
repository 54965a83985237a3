// SPDX-License-Identifier: Apache-2.0
package iommu.vtd;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/** A fault-recording register, 128 bits. Source: VT-d, "Fault Recording Registers". */
public final class FaultRecording {

    /** Size of a record. */
    public static final int BYTES = 16;
    /** Fault Information: page of the request, or the interrupt index in 63:48. */
    public static final BitField FI = bits(63, 12);
    /** Source Identifier. */
    public static final BitField SID = bits(79, 64);
    /** Type, second bit. */
    public static final BitField T2 = bit(92);
    /** Privilege mode requested. */
    public static final BitField PRIV = bit(93);
    /** Execute permission requested. */
    public static final BitField EXE = bit(94);
    /** PASID Present. */
    public static final BitField PP = bit(95);
    /** Fault Reason. */
    public static final BitField FR = bits(103, 96);
    /** PASID Value. */
    public static final BitField PV = bits(123, 104);
    /** Address Type. */
    public static final BitField AT = bits(125, 124);
    /** Type: 1 for a read request. */
    public static final BitField T = bit(126);
    /** Fault: this record is pending. RW1C, sticky. */
    public static final BitField F = bit(127);

    private FaultRecording() { }
}
