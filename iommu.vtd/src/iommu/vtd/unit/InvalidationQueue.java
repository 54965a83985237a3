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
    private final CompletionEvent completion;
    private final boolean asQemu;
    private boolean enabled;
    /** The queue address, as it was when the queue was enabled. */
    private long enabledAddress;
    private int lastType;
    private long tail;

    InvalidationQueue(RegisterFile registers, PhysicalMemory memory, Traits traits,
            Invalidation invalidation, FaultLog faults) {
        this.registers = registers;
        this.memory = memory;
        this.invalidation = invalidation;
        this.faults = faults;
        completion = new CompletionEvent(registers);
        asQemu = traits.settings().registersAsQemu();
        tail = VtdRegisters.QUEUE_OFFSET.inPlace(registers.get(VtdRegisters.IQT));
        registers.onWrite(VtdRegisters.IQT, (written, mask) -> tailWritten());
        registers.onWrite(VtdRegisters.FSTS, (written, mask) -> {
            faults.statusCleared();
            if (!asQemu) {
                fetch();
            }
        });
    }

    boolean enabled() {
        return enabled;
    }

    /** Takes the queue as it is, as captured. */
    void resume(boolean nowEnabled) {
        enabled = nowEnabled;
    }

    /**
     * Switches the queue on, which sets the head to 0, or off.
     *
     * @return whether it is on now
     */
    boolean enable(boolean on) {
        long head = VtdRegisters.QUEUE_OFFSET.inPlace(registers.get(VtdRegisters.IQH));
        if (asQemu && !on && (head != tail || lastType != InvalidationDescriptor.WAIT)) {
            return enabled;
        }
        enabled = on;
        enabledAddress = registers.get(VtdRegisters.IQA);
        registers.set(VtdRegisters.IQH, 0);
        return enabled;
    }

    private void tailWritten() {
        long written = VtdRegisters.QUEUE_OFFSET.inPlace(registers.get(VtdRegisters.IQT));
        // QEMU leaves a tail inside a descriptor alone
        boolean inside = VtdRegisters.DW.isSet(registers.get(VtdRegisters.IQA))
                && written % InvalidationDescriptor.WIDE_BYTES != 0;
        if (!(asQemu && inside)) {
            tail = written;
            fetch();
        }
    }

    private long address() {
        long now = registers.get(VtdRegisters.IQA);
        return asQemu ? VtdRegisters.DW.mask() & now | ~VtdRegisters.DW.mask() & enabledAddress
                : now;
    }

    /** Executes what lies between head and tail. */
    void fetch() {
        long address = address();
        long base = VtdRegisters.IQA_BASE.inPlace(address);
        long size = (long) PhysicalMemory.PAGE_BYTES << VtdRegisters.QS.of(address);
        int bytes = VtdRegisters.DW.isSet(address)
                ? InvalidationDescriptor.WIDE_BYTES : InvalidationDescriptor.BYTES;
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
        lastType = 0;
        if (!memory.contains(at, bytes)) {
            return false;
        }
        long q0 = memory.read64(at);
        long q1 = memory.read64(at + 8);
        if (bytes == InvalidationDescriptor.WIDE_BYTES && !asQemu
                && (memory.read64(at + 16) | memory.read64(at + 24)) != 0) {
            return false;
        }
        int type = (int) InvalidationDescriptor.TYPE.of(q0);
        lastType = type;
        return !malformed(type, q0, q1) && execute(type, q0, q1);
    }

    private boolean malformed(int type, long q0, long q1) {
        return switch (type) {
            case InvalidationDescriptor.CONTEXT ->
                (q0 & InvalidationDescriptor.CONTEXT_RESERVED) != 0 || q1 != 0;
            case InvalidationDescriptor.IOTLB ->
                (q0 & InvalidationDescriptor.IOTLB_RESERVED) != 0
                        || (q1 & InvalidationDescriptor.IOTLB_RESERVED_HIGH) != 0;
            case InvalidationDescriptor.WAIT ->
                (q0 & InvalidationDescriptor.WAIT_RESERVED) != 0
                        || (q1 & InvalidationDescriptor.WAIT_RESERVED_HIGH) != 0
                        || asQemu && InvalidationDescriptor.PD.isSet(q0);
            case InvalidationDescriptor.DEVICE_TLB -> asQemu
                    && ((q0 & InvalidationDescriptor.DEVICE_TLB_RESERVED) != 0
                            || (q1 & InvalidationDescriptor.DEVICE_TLB_RESERVED_HIGH) != 0);
            default -> false;
        };
    }

    private boolean execute(int type, long q0, long q1) {
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
            case InvalidationDescriptor.WAIT -> await(q0, q1);
            case InvalidationDescriptor.INTERRUPT_ENTRY -> invalidation.interruptEntries(
                    InvalidationDescriptor.INTERRUPT_SELECTIVE.isSet(q0),
                    (int) InvalidationDescriptor.IIDX.of(q0),
                    (int) InvalidationDescriptor.IM.of(q0));
            // Nothing of these is cached here.
            case InvalidationDescriptor.DEVICE_TLB -> true;
            case InvalidationDescriptor.PASID_DEVICE_TLB,
                    InvalidationDescriptor.PAGE_GROUP_RESPONSE -> !asQemu;
            default -> false;
        };
    }

    private boolean await(long q0, long q1) {
        boolean writes = InvalidationDescriptor.SW.isSet(q0);
        boolean interrupts = InvalidationDescriptor.IF.isSet(q0);
        if (writes) {
            long at = InvalidationDescriptor.STATUS_ADDR.inPlace(q1);
            if (!memory.contains(at, 4)) {
                return false;
            }
            memory.write32(at, (int) (InvalidationDescriptor.STATUS_DATA.of(q0) & LOW_32));
        }
        if (interrupts && !(asQemu && writes)) {
            completion.raise();
        }
        return !asQemu || writes || interrupts;
    }
}
