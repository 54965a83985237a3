// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.invalidation;

import static iommu.api.bits.BitField.bits;

import iommu.vtd.ExtendedCapability;
import iommu.vtd.InvalidationDescriptor;
import iommu.vtd.unit.registers.UnitCapabilities;

/**
 * Which descriptors QEMU takes for malformed, and which types it knows. Source: QEMU 7.2, 10.0 and
 * 11.1, observed.
 */
final class QemuDescriptors {

    /** From this version on reserved fields of all types count, upper halves included. */
    static final int CHECKED = 10;

    private static final long ALL = -1;
    /** Type bits 11:9, which this unit's types leave 0. */
    private static final long TYPE_HIGH = bits(11, 9).mask();
    private static final long INTERRUPT_RESERVED = bits(63, 48).mask() | bits(26, 12).mask()
            | bits(8, 5).mask();
    private static final long PASID_RESERVED = bits(63, 52).mask() | bits(15, 12).mask()
            | bits(8, 6).mask();
    private static final long PASID_DEVICE_RESERVED = bits(63, 52).mask() | bits(15, 12).mask();
    private static final long PASID_DEVICE_RESERVED_HIGH = bits(10, 1).mask();
    private static final long RESPONSE_RESERVED = bits(63, 52).mask() | bits(8, 5).mask();
    private static final long RESPONSE_RESERVED_HIGH = bits(63, 12).mask() | bits(1, 0).mask();

    private final int version;
    private final boolean drains;
    private final boolean scalable;

    QemuDescriptors(UnitCapabilities unit) {
        version = unit.settings().qemuVersion();
        scalable = unit.scalable();
        drains = version >= 11 && (unit.ecap() & ExtendedCapability.PDS.mask()) != 0;
    }

    /** Returns whether it executes descriptors of a type. */
    boolean knows(int type) {
        return switch (type) {
            case InvalidationDescriptor.PASID_CACHE -> version != CHECKED || scalable;
            case InvalidationDescriptor.PASID_DEVICE_TLB -> version >= CHECKED;
            case InvalidationDescriptor.PAGE_GROUP_RESPONSE -> version >= 11;
            default -> true;
        };
    }

    /** Returns whether a descriptor has a reserved field set that QEMU looks at. */
    boolean malformed(int type, boolean wide, long q0, long q1) {
        return switch (type) {
            case InvalidationDescriptor.WAIT -> !drains && InvalidationDescriptor.PD.isSet(q0);
            case InvalidationDescriptor.DEVICE_TLB ->
                (q0 & InvalidationDescriptor.DEVICE_TLB_RESERVED) != 0
                        || (q1 & InvalidationDescriptor.DEVICE_TLB_RESERVED_HIGH) != 0;
            case InvalidationDescriptor.INTERRUPT_ENTRY -> reserved(q0, q1, INTERRUPT_RESERVED,
                    ALL);
            case InvalidationDescriptor.PASID_IOTLB -> narrow(wide) || reserved(q0, q1,
                    PASID_RESERVED, InvalidationDescriptor.IOTLB_RESERVED_HIGH);
            case InvalidationDescriptor.PASID_CACHE -> version >= 11
                    ? !wide || reserved(q0, q1, PASID_RESERVED, ALL) : reserved(q0, q1, 0, 0);
            case InvalidationDescriptor.PASID_DEVICE_TLB -> narrow(wide) || reserved(q0, q1,
                    PASID_DEVICE_RESERVED, PASID_DEVICE_RESERVED_HIGH);
            case InvalidationDescriptor.PAGE_GROUP_RESPONSE ->
                !InvalidationDescriptor.PP.isSet(q0)
                        || reserved(q0, q1, RESPONSE_RESERVED, RESPONSE_RESERVED_HIGH);
            default -> false;
        };
    }

    private boolean narrow(boolean wide) {
        return version >= CHECKED && !wide;
    }

    private boolean reserved(long q0, long q1, long low, long high) {
        return version >= CHECKED && ((q0 & (low | TYPE_HIGH)) != 0 || (q1 & high) != 0);
    }

    /** Returns whether the upper half of a wide descriptor must be zeros. */
    boolean upperCounts(int type) {
        return version >= CHECKED && type != InvalidationDescriptor.PAGE_GROUP_RESPONSE
                && (version >= 11 || type != InvalidationDescriptor.PASID_CACHE);
    }

    /** Returns whether a wait may both write and interrupt, or do neither, if it is a fence. */
    boolean freeWaits() {
        return version >= 11;
    }
}
