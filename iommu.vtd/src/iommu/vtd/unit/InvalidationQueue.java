// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.bits.RegisterFile;
import iommu.api.memory.PhysicalMemory;
import iommu.vtd.InvalidationDescriptor;
import iommu.vtd.VtdRegisters;

/**
 * The invalidation queue: fetches descriptors from head to tail as soon as the tail is written. A
 * descriptor that it cannot read or does not understand freezes the head there with FSTS.IQE until
 * software clears that bit, after which the same descriptor is fetched again.
 *
 * <p>Source: VT-d, "Queued Invalidation Interface" and "Invalidation Queue Errors".
 */
final class InvalidationQueue {

    private static final long LOW_32 = 0xffff_ffffL;

    private final RegisterFile registers;
    private final PhysicalMemory memory;
    private final Invalidation invalidation;
    private final FaultLog faults;
    private boolean enabled;

    InvalidationQueue(RegisterFile registers, PhysicalMemory memory, Invalidation invalidation,
            FaultLog faults) {
        this.registers = registers;
        this.memory = memory;
        this.invalidation = invalidation;
        this.faults = faults;
        registers.onWrite(VtdRegisters.IQT, (written, mask) -> fetch());
        registers.onWrite(VtdRegisters.FSTS, (written, mask) -> {
            faults.updatePending();
            fetch();
        });
    }

    boolean enabled() {
        return enabled;
    }

    /** Takes the queue as it is, as captured. */
    void resume(boolean nowEnabled) {
        enabled = nowEnabled;
    }

    /** Switches the queue on, which sets the head to 0, or off. */
    void enable(boolean on) {
        enabled = on;
        registers.set(VtdRegisters.IQH, 0);
        fetch();
    }

    private void fetch() {
        long address = registers.get(VtdRegisters.IQA);
        long base = VtdRegisters.IQA_BASE.inPlace(address);
        long size = (long) PhysicalMemory.PAGE_BYTES << VtdRegisters.QS.of(address);
        int bytes = VtdRegisters.DW.isSet(address)
                ? InvalidationDescriptor.WIDE_BYTES : InvalidationDescriptor.BYTES;
        long tail = VtdRegisters.QUEUE_OFFSET.inPlace(registers.get(VtdRegisters.IQT));
        while (enabled && !VtdRegisters.IQE.isSet(registers.get(VtdRegisters.FSTS))) {
            long head = VtdRegisters.QUEUE_OFFSET.inPlace(registers.get(VtdRegisters.IQH));
            if (head == tail) {
                return;
            }
            // A tail beyond the queue or inside a wide descriptor is never met: an error as well.
            if (tail >= size || tail % bytes != 0 || !execute(base + head, bytes)) {
                faults.error(VtdRegisters.IQE);
                return;
            }
            registers.set(VtdRegisters.IQH, (head + bytes) % size);
        }
    }

    private boolean execute(long at, int bytes) {
        if (!memory.contains(at, bytes)) {
            return false;
        }
        long q0 = memory.read64(at);
        long q1 = memory.read64(at + 8);
        if (bytes == InvalidationDescriptor.WIDE_BYTES
                && (memory.read64(at + 16) | memory.read64(at + 24)) != 0) {
            return false;
        }
        int granularity = (int) InvalidationDescriptor.G.of(q0);
        int domain = (int) InvalidationDescriptor.DID.of(q0);
        int pasid = (int) InvalidationDescriptor.PASID.of(q0);
        long address = InvalidationDescriptor.ADDR.inPlace(q1);
        int addressMask = (int) InvalidationDescriptor.AM.of(q1);
        return switch ((int) InvalidationDescriptor.TYPE.of(q0)) {
            case InvalidationDescriptor.CONTEXT -> q1 == 0 && invalidation.context(granularity,
                    domain, (int) InvalidationDescriptor.SID.of(q0),
                    (int) InvalidationDescriptor.FM.of(q0));
            case InvalidationDescriptor.IOTLB ->
                invalidation.iotlb(granularity, domain, address, addressMask);
            case InvalidationDescriptor.PASID_CACHE ->
                invalidation.pasidCache(granularity, domain, pasid);
            case InvalidationDescriptor.PASID_IOTLB ->
                invalidation.pasidIotlb(granularity, domain, pasid, address, addressMask);
            case InvalidationDescriptor.WAIT -> await(q0, q1);
            case InvalidationDescriptor.INTERRUPT_ENTRY -> invalidation.interruptEntries(
                    InvalidationDescriptor.INTERRUPT_SELECTIVE.isSet(q0),
                    (int) InvalidationDescriptor.IIDX.of(q0),
                    (int) InvalidationDescriptor.IM.of(q0));
            // Nothing of these is cached here.
            case InvalidationDescriptor.DEVICE_TLB, InvalidationDescriptor.PASID_DEVICE_TLB,
                    InvalidationDescriptor.PAGE_GROUP_RESPONSE -> true;
            default -> false;
        };
    }

    private boolean await(long q0, long q1) {
        if (InvalidationDescriptor.SW.isSet(q0)) {
            long at = InvalidationDescriptor.STATUS_ADDR.inPlace(q1);
            if (!memory.contains(at, 4)) {
                return false;
            }
            memory.write32(at, (int) (InvalidationDescriptor.STATUS_DATA.of(q0) & LOW_32));
        }
        if (InvalidationDescriptor.IF.isSet(q0)) {
            registers.set(VtdRegisters.ICS, VtdRegisters.IWC, 1);
        }
        return true;
    }
}
