// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.invalidation;

import iommu.api.bits.RegisterFile;
import iommu.api.memory.PhysicalMemory;
import iommu.vtd.InvalidationDescriptor;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.ats.DeviceTlbRequests;
import iommu.vtd.unit.faults.FaultLog;
import iommu.vtd.unit.registers.UnitCapabilities;

/**
 * The invalidation queue: fetches descriptors from head to tail as soon as the tail is written. A
 * descriptor that it cannot read or does not understand freezes the head there with FSTS.IQE until
 * software clears that bit, after which the same descriptor is fetched again; why, IQERCD.IQEI
 * says. While a device TLB has timed out (ITE) nothing is fetched either.
 *
 * <p>Source: VT-d, "Queued Invalidation Interface" and "Invalidation Queue Errors".
 */
public final class InvalidationQueue {

    private final RegisterFile registers;
    private final PhysicalMemory memory;
    private final DescriptorExecution execution;
    private final FaultLog faults;
    private final DeviceTlbRequests devices;
    private final boolean asQemu;
    /** QEMU of a version that shows DW, and calls a tail inside a descriptor an error. */
    private final boolean asNewerQemu;
    private final boolean scalable;
    private final long hostAddresses;
    private boolean enabled;
    private boolean fetching;
    /** The queue address, as it was when the queue was enabled. */
    private long enabledAddress;
    private int lastType;
    private long tail;

    public InvalidationQueue(RegisterFile registers, PhysicalMemory memory, UnitCapabilities unit,
            Invalidation invalidation, FaultLog faults, DeviceTlbRequests devices,
            CompletionEvent completion) {
        this.registers = registers;
        this.memory = memory;
        this.faults = faults;
        this.devices = devices;
        execution = new DescriptorExecution(memory, unit, invalidation, devices, completion);
        asQemu = unit.settings().registersAsQemu();
        asNewerQemu = asQemu && unit.settings().qemuVersion() >= QemuDescriptors.CHECKED;
        scalable = unit.scalable();
        hostAddresses = (1L << unit.settings().hostAddressWidth()) - 1;
        tail = VtdRegisters.QUEUE_OFFSET.inPlace(registers.get(VtdRegisters.IQT));
        registers.onWrite(VtdRegisters.IQT, (written, mask) -> tailWritten());
        registers.onWrite(VtdRegisters.FSTS, (written, mask) -> {
            faults.statusCleared();
            if (!asQemu) {
                fetch();
            }
        });
        devices.listener(new DeviceTlbRequests.Waits() {
            @Override
            public void complete(long q0, long q1) {
                execution.completeWait(q0, q1);
            }

            @Override
            public void resume() {
                fetch();
            }
        });
    }

    public boolean enabled() {
        return enabled;
    }

    /**
     * Returns what QEMU lets software read as the queue address: the base of the last enabling, and
     * the size written last; newer ones show DW too.
     */
    public long addressAsQemu() {
        long now = registers.get(VtdRegisters.IQA);
        return VtdRegisters.IQA_BASE.inPlace(enabledAddress) & hostAddresses
                | VtdRegisters.QS.of(now) | (asNewerQemu ? VtdRegisters.DW.inPlace(now) : 0);
    }

    /** Takes the queue as it is, as captured: what was executed last lies before the head. */
    public void resume(boolean nowEnabled) {
        enabled = nowEnabled;
        enabledAddress = registers.get(VtdRegisters.IQA);
        long size = size(enabledAddress);
        int bytes = descriptorBytes(enabledAddress);
        long head = VtdRegisters.QUEUE_OFFSET.inPlace(registers.get(VtdRegisters.IQH));
        long last = VtdRegisters.IQA_BASE.inPlace(enabledAddress) + (head + size - bytes) % size;
        if (enabled && memory.contains(last, bytes)) {
            lastType = (int) InvalidationDescriptor.TYPE.of(memory.read64(last));
        }
    }

    private static long size(long address) {
        return (long) PhysicalMemory.PAGE_BYTES << VtdRegisters.QS.of(address);
    }

    private int descriptorBytes(long address) {
        return scalable && VtdRegisters.DW.isSet(address)
                ? InvalidationDescriptor.WIDE_BYTES : InvalidationDescriptor.BYTES;
    }

    /** Switches the queue on, which sets the head to 0, or off; returns whether it is on now. */
    public boolean enable(boolean on) {
        long head = VtdRegisters.QUEUE_OFFSET.inPlace(registers.get(VtdRegisters.IQH));
        if (asQemu && !on && (head != tail || lastType != InvalidationDescriptor.WAIT)) {
            return enabled;
        }
        enabled = on;
        if (on) {
            enabledAddress = registers.get(VtdRegisters.IQA);
        }
        registers.set(VtdRegisters.IQH, 0);
        devices.reset();
        return enabled;
    }

    private void tailWritten() {
        long written = VtdRegisters.QUEUE_OFFSET.inPlace(registers.get(VtdRegisters.IQT));
        // QEMU leaves a tail inside a descriptor alone
        boolean inside = written % descriptorBytes(registers.get(VtdRegisters.IQA)) != 0;
        if (asQemu && inside) {
            if (asNewerQemu) {
                faults.error(VtdRegisters.IQE);
            }
            return;
        }
        tail = written;
        fetch();
    }

    private long address() {
        long now = registers.get(VtdRegisters.IQA);
        return asQemu ? VtdRegisters.DW.mask() & now | ~VtdRegisters.DW.mask() & enabledAddress
                : now;
    }

    /** Executes what lies between head and tail, as far as it can be now. */
    public void fetch() {
        if (fetching) {
            return;
        }
        fetching = true;
        long address = address();
        long base = VtdRegisters.IQA_BASE.inPlace(address);
        long size = size(address);
        int bytes = descriptorBytes(address);
        while (mayFetch()) {
            long head = VtdRegisters.QUEUE_OFFSET.inPlace(registers.get(VtdRegisters.IQH));
            int problem = problem(base + head, size, bytes);
            if (problem == DescriptorExecution.LATER) {
                break;
            }
            if (problem != 0) {
                if (!asQemu) {
                    registers.set(VtdRegisters.IQER, VtdRegisters.IQEI, problem);
                }
                faults.error(VtdRegisters.IQE);
                break;
            }
            registers.set(VtdRegisters.IQH, (head + bytes) % size);
        }
        fetching = false;
    }

    private boolean mayFetch() {
        long status = registers.get(VtdRegisters.FSTS);
        return enabled && !VtdRegisters.IQE.isSet(status) && !VtdRegisters.ITE.isSet(status)
                && !devices.fenced()
                && VtdRegisters.QUEUE_OFFSET.inPlace(registers.get(VtdRegisters.IQH)) != tail;
    }

    /** Executes one descriptor; returns 0, or what IQEI tells of it. */
    private int problem(long at, long size, int bytes) {
        // A tail beyond the queue or inside a wide descriptor is never met: an error as well.
        if (tail >= size) {
            return VtdRegisters.IQEI_TAIL;
        }
        if (tail % bytes != 0) {
            return VtdRegisters.IQEI_ALIGNMENT;
        }
        lastType = 0;
        if (!memory.contains(at, bytes)) {
            return VtdRegisters.IQEI_FETCH;
        }
        long q0 = memory.read64(at);
        lastType = (int) InvalidationDescriptor.TYPE.of(q0);
        boolean wide = bytes == InvalidationDescriptor.WIDE_BYTES;
        if (wide && execution.upperCounts(q0)
                && (memory.read64(at + 16) | memory.read64(at + 24)) != 0) {
            return VtdRegisters.IQEI_RESERVED;
        }
        return execution.execute(wide, q0, memory.read64(at + 8));
    }
}
