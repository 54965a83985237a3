// SPDX-License-Identifier: Apache-2.0
package iommu.vtd;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/** Fields of ECAP_REG. Source: VT-d, "Extended Capability Register". */
public final class ExtendedCapability {

    /** Page-walk Coherency. */
    public static final BitField C = bit(0);
    /** Queued Invalidation. */
    public static final BitField QI = bit(1);
    /** Device-TLB support. */
    public static final BitField DT = bit(2);
    /** Interrupt Remapping. */
    public static final BitField IR = bit(3);
    /** Extended Interrupt Mode. */
    public static final BitField EIM = bit(4);
    /** Pass Through. */
    public static final BitField PT = bit(6);
    /** Snoop Control. */
    public static final BitField SC = bit(7);
    /** IOTLB Register Offset, in 16 bytes. */
    public static final BitField IRO = bits(17, 8);
    /** Maximum Handle Mask Value. */
    public static final BitField MHMV = bits(23, 20);
    /** Nested Translation Support. */
    public static final BitField NEST = bit(26);
    /** Page Request Support. */
    public static final BitField PRS = bit(29);
    /** Execute Request Support. */
    public static final BitField ERS = bit(30);
    /** Supervisor Request Support. */
    public static final BitField SRS = bit(31);
    /** No Write Flag Support. */
    public static final BitField NWFS = bit(33);
    /** Extended Accessed Flag Support. */
    public static final BitField EAFS = bit(34);
    /** PASID Size Supported, less 1. */
    public static final BitField PSS = bits(39, 35);
    /** Process Address Space ID Support. */
    public static final BitField PASID = bit(40);
    /** Device-TLB Invalidation Throttle. */
    public static final BitField DIT = bit(41);
    /** Page-request Drain Support. */
    public static final BitField PDS = bit(42);
    /** Scalable Mode Translation Support. */
    public static final BitField SMTS = bit(43);
    /** Virtual Command Support. */
    public static final BitField VCS = bit(44);
    /** Second-stage Accessed/Dirty Support. */
    public static final BitField SLADS = bit(45);
    /** Second-stage Translation Support. */
    public static final BitField SLTS = bit(46);
    /** First-stage Translation Support. */
    public static final BitField FLTS = bit(47);
    /** Scalable-Mode Page-walk Coherency. */
    public static final BitField SMPWC = bit(48);
    /** RID-PASID Support. */
    public static final BitField RPS = bit(49);

    private ExtendedCapability() { }
}
