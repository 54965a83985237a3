// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.invalidation;

import iommu.api.memory.PhysicalMemory;
import iommu.api.unit.DeviceTlbs;
import iommu.vtd.InvalidationDescriptor;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.ats.DeviceTlbRequests;
import iommu.vtd.unit.registers.UnitCapabilities;
import iommu.vtd.unit.requests.Request;

/**
 * What each descriptor of the invalidation queue does. Source: VT-d, "Queued Invalidation
 * Interface".
 */
public final class DescriptorExecution {

    /** The descriptor cannot be executed now, as the device or its tags are busy. */
    static final int LATER = -1;

    private static final long LOW_32 = 0xffff_ffffL;
    private static final int PAGE_SHIFT = 12;
    private static final int WHOLE = 64;

    private final PhysicalMemory memory;
    private final Invalidation invalidation;
    private final DeviceTlbRequests devices;
    private final CompletionEvent completion;
    /** Null but for QEMU's ways. */
    private final QemuDescriptors qemu;

    DescriptorExecution(PhysicalMemory memory, UnitCapabilities unit, Invalidation invalidation,
            DeviceTlbRequests devices, CompletionEvent completion) {
        this.memory = memory;
        this.invalidation = invalidation;
        this.devices = devices;
        this.completion = completion;
        qemu = unit.settings().registersAsQemu() ? new QemuDescriptors(unit) : null;
    }

    /** Returns whether the upper half of a wide descriptor must be zeros. */
    boolean upperCounts(long q0) {
        return qemu == null || qemu.upperCounts((int) InvalidationDescriptor.TYPE.of(q0));
    }

    /**
     * Does what a descriptor says.
     *
     * @param wide whether the queue's descriptors have 256 bits
     * @return 0, {@link #LATER}, or what IQEI tells of it
     */
    int execute(boolean wide, long q0, long q1) {
        int type = (int) InvalidationDescriptor.TYPE.of(q0);
        if (ReservedFields.areSet(type, q0, q1, qemu == null)
                || qemu != null && qemu.malformed(type, wide, q0, q1)) {
            return VtdRegisters.IQEI_RESERVED;
        }
        if (qemu != null && !qemu.knows(type)) {
            return VtdRegisters.IQEI_TYPE;
        }
        return switch (type) {
            case InvalidationDescriptor.WAIT -> await(q0, q1);
            case InvalidationDescriptor.DEVICE_TLB -> deviceTlb(q0, q1);
            case InvalidationDescriptor.PASID_DEVICE_TLB -> pasidDeviceTlb(q0, q1);
            case InvalidationDescriptor.PAGE_GROUP_RESPONSE -> pageResponse(q0, q1);
            case InvalidationDescriptor.CONTEXT, InvalidationDescriptor.IOTLB,
                    InvalidationDescriptor.INTERRUPT_ENTRY, InvalidationDescriptor.PASID_IOTLB,
                    InvalidationDescriptor.PASID_CACHE ->
                cache(type, q0, q1) ? 0 : VtdRegisters.IQEI_RESERVED;
            default -> VtdRegisters.IQEI_TYPE;
        };
    }

    private boolean cache(int type, long q0, long q1) {
        int granularity = (int) InvalidationDescriptor.G.of(q0);
        int domain = (int) InvalidationDescriptor.DID.of(q0);
        int pasid = (int) InvalidationDescriptor.PASID.of(q0);
        long address = InvalidationDescriptor.ADDR.inPlace(q1);
        int addressMask = (int) InvalidationDescriptor.AM.of(q1);
        boolean leavesOnly = InvalidationDescriptor.IH.isSet(q1);
        return switch (type) {
            case InvalidationDescriptor.CONTEXT -> invalidation.context(granularity, domain,
                    (int) InvalidationDescriptor.SID.of(q0),
                    (int) InvalidationDescriptor.FM.of(q0));
            case InvalidationDescriptor.IOTLB ->
                invalidation.iotlb(granularity, domain, address, addressMask, leavesOnly);
            case InvalidationDescriptor.PASID_CACHE ->
                invalidation.pasidCache(granularity, domain, pasid);
            case InvalidationDescriptor.PASID_IOTLB -> invalidation.pasidIotlb(granularity,
                    domain, pasid, address, addressMask, leavesOnly);
            default -> invalidation.interruptEntries(
                    InvalidationDescriptor.IEC_G.isSet(q0),
                    (int) InvalidationDescriptor.IIDX.of(q0),
                    (int) InvalidationDescriptor.IM.of(q0));
        };
    }

    private int deviceTlb(long q0, long q1) {
        return send((int) InvalidationDescriptor.SID.of(q0), Request.NO_PASID, q1,
                InvalidationDescriptor.S.isSet(q1), (int) InvalidationDescriptor.MIP.of(q0));
    }

    private int pasidDeviceTlb(long q0, long q1) {
        return send((int) InvalidationDescriptor.PASID_SID.of(q0),
                (int) InvalidationDescriptor.PASID.of(q0), q1,
                InvalidationDescriptor.PASID_S.isSet(q1),
                (int) InvalidationDescriptor.PASID_MIP.of(q0));
    }

    /** With S set the lowest 0 of the address, from bit 12 on, tells the size. */
    private int send(int source, int pasid, long q1, boolean sized, int most) {
        if (!devices.hasRoom(source, most)) {
            return LATER;
        }
        long address = InvalidationDescriptor.ADDR.inPlace(q1);
        int ones = sized ? Long.numberOfTrailingZeros(~(address >>> PAGE_SHIFT)) + 1 : 0;
        int shift = Math.min(PAGE_SHIFT + ones, WHOLE);
        devices.send(source, pasid, shift == WHOLE ? 0 : address & -(1L << shift), shift);
        return 0;
    }

    private int pageResponse(long q0, long q1) {
        DeviceTlbs port = devices.port();
        if (port != null) {
            boolean pasid = InvalidationDescriptor.PP.isSet(q0);
            port.pageResponse((int) InvalidationDescriptor.PASID_SID.of(q0),
                    pasid ? (int) InvalidationDescriptor.PASID.of(q0) : Request.NO_PASID,
                    (int) InvalidationDescriptor.GROUP.of(q1),
                    (int) InvalidationDescriptor.RESPONSE.of(q0));
        }
        return 0;
    }

    private int await(long q0, long q1) {
        if (InvalidationDescriptor.SW.isSet(q0)
                && !memory.contains(InvalidationDescriptor.STATUS_ADDR.inPlace(q1), 4)) {
            if (qemu != null && qemu.freeWaits() && InvalidationDescriptor.IF.isSet(q0)) {
                completion.raise();
            }
            return VtdRegisters.IQEI_RESERVED;
        }
        if (devices.mustWait()) {
            if (!devices.takesWaits()) {
                return LATER;
            }
            devices.await(q0, q1, InvalidationDescriptor.FN.isSet(q0));
            return 0;
        }
        return completeWait(q0, q1) ? 0 : VtdRegisters.IQEI_RESERVED;
    }

    /** Writes the status and interrupts, as a wait asks for; false if it asks for neither. */
    boolean completeWait(long q0, long q1) {
        boolean writes = InvalidationDescriptor.SW.isSet(q0);
        boolean interrupts = InvalidationDescriptor.IF.isSet(q0);
        if (writes) {
            memory.write32(InvalidationDescriptor.STATUS_ADDR.inPlace(q1),
                    (int) (InvalidationDescriptor.STATUS_DATA.of(q0) & LOW_32));
        }
        boolean free = qemu == null || qemu.freeWaits();
        if (interrupts && (free || !writes)) {
            completion.raise();
        }
        return qemu == null || writes || interrupts
                || free && InvalidationDescriptor.FN.isSet(q0);
    }
}
