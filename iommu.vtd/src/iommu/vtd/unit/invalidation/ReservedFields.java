// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.invalidation;

import iommu.vtd.InvalidationDescriptor;

/**
 * Which fields of descriptors have to be zeros, in the lower 128 bits.
 *
 * <p>Source: VT-d, "Invalidation Descriptors".
 */
final class ReservedFields {

    private static final long ALL = -1;

    private ReservedFields() { }

    /**
     * Returns whether one is not zero.
     *
     * @param newer whether those are looked at that came after types 1, 2 and 5
     */
    static boolean areSet(int type, long q0, long q1, boolean newer) {
        return switch (type) {
            case InvalidationDescriptor.CONTEXT ->
                any(q0, q1, InvalidationDescriptor.CONTEXT_RESERVED, ALL);
            case InvalidationDescriptor.IOTLB ->
                any(q0, q1, InvalidationDescriptor.IOTLB_RESERVED,
                        InvalidationDescriptor.IOTLB_RESERVED_HIGH);
            case InvalidationDescriptor.WAIT ->
                any(q0, q1, InvalidationDescriptor.WAIT_RESERVED,
                        InvalidationDescriptor.WAIT_RESERVED_HIGH);
            default -> newer && newerAreSet(type, q0, q1);
        };
    }

    private static boolean newerAreSet(int type, long q0, long q1) {
        return switch (type) {
            case InvalidationDescriptor.DEVICE_TLB ->
                any(q0, q1, InvalidationDescriptor.DEVICE_TLB_RESERVED_BUT_PFSID,
                        InvalidationDescriptor.DEVICE_TLB_RESERVED_HIGH);
            case InvalidationDescriptor.INTERRUPT_ENTRY ->
                any(q0, q1, InvalidationDescriptor.INTERRUPT_RESERVED, ALL);
            case InvalidationDescriptor.PASID_IOTLB ->
                any(q0, q1, InvalidationDescriptor.PASID_RESERVED,
                        InvalidationDescriptor.IOTLB_RESERVED_HIGH);
            case InvalidationDescriptor.PASID_CACHE ->
                any(q0, q1, InvalidationDescriptor.PASID_RESERVED, ALL);
            case InvalidationDescriptor.PASID_DEVICE_TLB ->
                any(q0, q1, InvalidationDescriptor.PASID_DEVICE_TLB_RESERVED,
                        InvalidationDescriptor.PASID_DEVICE_TLB_RESERVED_HIGH);
            case InvalidationDescriptor.PAGE_GROUP_RESPONSE ->
                any(q0, q1, InvalidationDescriptor.RESPONSE_RESERVED,
                        InvalidationDescriptor.RESPONSE_RESERVED_HIGH);
            default -> false;
        };
    }

    private static boolean any(long q0, long q1, long low, long high) {
        return (q0 & low) != 0 || (q1 & high) != 0;
    }
}
