// SPDX-License-Identifier: Apache-2.0
package iommu.vtd;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/** An entry of the page request queue, 256 bits. Source: VT-d, "Page Request Descriptor". */
public final class PageRequest {

    /** Size of an entry. */
    public static final int BYTES = 32;
    /** Type. */
    public static final BitField TYPE = bits(7, 0);
    /** PASID Present. */
    public static final BitField PP = bit(8);
    /** Requester-Id. */
    public static final BitField RID = bits(31, 16);
    /** PASID. */
    public static final BitField PASID = bits(51, 32);
    /** Execute Requested. */
    public static final BitField EXE = bit(52);
    /** Privileged Mode Requested. */
    public static final BitField PM = bit(53);
    /** Read Requested. */
    public static final BitField RD = bit(64);
    /** Write Requested. */
    public static final BitField WR = bit(65);
    /** Last Page In Group. */
    public static final BitField LPIG = bit(66);
    /** Page Request Group Index. */
    public static final BitField PRGI = bits(75, 67);
    /** Page address, in place. */
    public static final BitField ADDR = bits(127, 76);

    /** TYPE of a page request. */
    public static final int PAGE_REQUEST = 1;

    private PageRequest() { }
}
