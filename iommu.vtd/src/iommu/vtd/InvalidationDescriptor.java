// SPDX-License-Identifier: Apache-2.0
package iommu.vtd;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/**
 * Descriptors of the invalidation queue, 128 bits each; of 256 bits the upper half is reserved for
 * those known here. Source: VT-d, "Queued Invalidation Interface".
 */
public final class InvalidationDescriptor {

    /** Size of a descriptor while IQA.DW is 0. */
    public static final int BYTES = 16;
    /** Size of a descriptor while IQA.DW is 1. */
    public static final int WIDE_BYTES = 32;
    /** Type. */
    public static final BitField TYPE = bits(3, 0);
    /** Granularity of types 1, 2, 6 and 7. */
    public static final BitField G = bits(5, 4);
    /** Domain-ID of types 1, 2, 6 and 7. */
    public static final BitField DID = bits(31, 16);

    /** Type: context-cache. */
    public static final int CONTEXT = 1;
    /** Type: IOTLB. */
    public static final int IOTLB = 2;
    /** Type: device-TLB. */
    public static final int DEVICE_TLB = 3;
    /** Type: interrupt entry cache. */
    public static final int INTERRUPT_ENTRY = 4;
    /** Type: wait. */
    public static final int WAIT = 5;
    /** Type: PASID-based IOTLB. */
    public static final int PASID_IOTLB = 6;
    /** Type: PASID-cache. */
    public static final int PASID_CACHE = 7;
    /** Type: PASID-based device-TLB. */
    public static final int PASID_DEVICE_TLB = 8;
    /** Type: page group response. */
    public static final int PAGE_GROUP_RESPONSE = 9;

    /** G of types 1 and 2: everything. */
    public static final int GLOBAL = 1;
    /** G of types 1 and 2: one domain. */
    public static final int DOMAIN = 2;
    /** G of type 1: one device; of types 2 and 6: pages. */
    public static final int SELECTIVE = 3;
    /** G of type 6: all pages of a PASID. */
    public static final int PASID_ALL_PAGES = 2;
    /** G of type 7: one domain. */
    public static final int PASID_CACHE_DOMAIN = 0;
    /** G of type 7: one PASID. */
    public static final int PASID_CACHE_PASID = 1;
    /** G of type 7: everything. */
    public static final int PASID_CACHE_GLOBAL = 3;

    /** Context-cache: Source-ID. */
    public static final BitField SID = bits(47, 32);
    /** Context-cache: Function Mask. */
    public static final BitField FM = bits(49, 48);

    /** IOTLB: Drain Writes. */
    public static final BitField DW = bit(6);
    /** IOTLB: Drain Reads. */
    public static final BitField DR = bit(7);
    /** IOTLB: address of the first page. */
    public static final BitField ADDR = bits(127, 76);
    /** IOTLB: Invalidation Hint. */
    public static final BitField IH = bit(70);
    /** IOTLB: Address Mask: 2^AM pages. */
    public static final BitField AM = bits(69, 64);

    /** PASID of types 6, 7, 8 and 9. */
    public static final BitField PASID = bits(51, 32);

    /** Device-TLB: Max Invs Pending: requests that the device can hold; 0 for 32. */
    public static final BitField MIP = bits(20, 16);
    /** Device-TLB: Physical Function Source-ID 3:0, of units that throttle device TLBs. */
    public static final BitField PFSID_LOW = bits(15, 12);
    /** Device-TLB: Physical Function Source-ID 15:4. */
    public static final BitField PFSID_HIGH = bits(63, 52);
    /** Device-TLB: Size: more than a page, as the address tells. */
    public static final BitField S = bit(64);
    /** PASID-based device-TLB: Max Invs Pending. */
    public static final BitField PASID_MIP = bits(8, 4);
    /** PASID-based device-TLB and page group response: Source-ID. */
    public static final BitField PASID_SID = bits(31, 16);
    /** PASID-based device-TLB: Size. */
    public static final BitField PASID_S = bit(75);

    /** Page group response: PASID Present. */
    public static final BitField PP = bit(4);
    /** Page group response: Response Code. */
    public static final BitField RESPONSE = bits(15, 12);
    /** Page group response: Page Request Group Index. */
    public static final BitField GROUP = bits(75, 67);

    /** Interrupt entry cache: G, 1 for the indices that IIDX and IM name, 0 for all. */
    public static final BitField IEC_G = bit(4);
    /** Interrupt entry cache: Index Mask. */
    public static final BitField IM = bits(31, 27);
    /** Interrupt entry cache: Interrupt Index. */
    public static final BitField IIDX = bits(47, 32);

    /** Wait: Interrupt Flag. */
    public static final BitField IF = bit(4);
    /** Wait: Status Write. */
    public static final BitField SW = bit(5);
    /** Wait: Fence. */
    public static final BitField FN = bit(6);
    /** Wait: Page-request Drain. */
    public static final BitField PD = bit(7);
    /** Wait: Status Data. */
    public static final BitField STATUS_DATA = bits(63, 32);
    /** Wait: Status Address, 4-byte aligned. */
    public static final BitField STATUS_ADDR = bits(127, 66);

    /** Reserved bits of the lower quadword, type 1; the upper one is reserved as a whole. */
    public static final long CONTEXT_RESERVED = bits(63, 50).mask() | bits(15, 6).mask();
    /** Reserved bits of the lower quadword, type 2. */
    public static final long IOTLB_RESERVED = bits(63, 32).mask() | bits(15, 8).mask();
    /** Reserved bits of the upper quadword, type 2. */
    public static final long IOTLB_RESERVED_HIGH = bits(11, 7).mask();
    /** Reserved bits of the lower quadword, type 3. */
    public static final long DEVICE_TLB_RESERVED = bits(63, 48).mask() | bits(31, 21).mask()
            | bits(15, 4).mask();
    /** Reserved bits of the upper quadword, type 3. */
    public static final long DEVICE_TLB_RESERVED_HIGH = bits(11, 1).mask();
    /** Reserved bits of the lower quadword, type 3, where PFSID is known. */
    public static final long DEVICE_TLB_RESERVED_BUT_PFSID = bits(51, 48).mask()
            | bits(31, 21).mask() | bits(11, 4).mask();
    /** Reserved bits of the lower quadword, type 4; the upper one is reserved as a whole. */
    public static final long INTERRUPT_RESERVED = bits(63, 48).mask() | bits(26, 12).mask()
            | bits(11, 5).mask();
    /** Reserved bits of the lower quadword, types 6 and 7; of 7 the whole upper one too. */
    public static final long PASID_RESERVED = bits(63, 52).mask() | bits(15, 6).mask();
    /** Reserved bits of the lower quadword, type 8. */
    public static final long PASID_DEVICE_TLB_RESERVED = bits(11, 9).mask();
    /** Reserved bits of the upper quadword, type 8. */
    public static final long PASID_DEVICE_TLB_RESERVED_HIGH = bits(10, 1).mask();
    /** Reserved bits of the lower quadword, type 9. */
    public static final long RESPONSE_RESERVED = bits(63, 52).mask() | bits(11, 6).mask();
    /** Reserved bits of the upper quadword, type 9. */
    public static final long RESPONSE_RESERVED_HIGH = bits(63, 12).mask() | bits(1, 0).mask();
    /** Reserved bits of the lower quadword, type 5. */
    public static final long WAIT_RESERVED = bits(31, 8).mask();
    /** Reserved bits of the upper quadword, type 5. */
    public static final long WAIT_RESERVED_HIGH = bits(1, 0).mask();

    private InvalidationDescriptor() { }
}
