// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.unit.KernelPort;
import iommu.vtd.Capability;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.GlobalCommand;
import iommu.vtd.InvalidationDescriptor;
import iommu.vtd.VtdRegisters;

/**
 * The kernel's side of the invalidation queue. Each request is followed by a wait descriptor; the
 * kernel polls the word that the unit writes for it, and looks for a queue error meanwhile: a bad
 * descriptor is replaced by the wait and the error bit cleared.
 *
 * <p>Source: Linux, intel/dmar.c, qi_submit_sync, qi_check_fault, dmar_enable_qi, dmar_disable_qi.
 */
final class InvalidationRing implements Invalidations {

    private static final int PAGE_BYTES = 4096;
    /** Word that the unit writes when it has come to a wait descriptor. */
    private static final int DONE = 2;
    private static final int IN_USE = 1;
    /** One status word, 8 bytes apart so that each can be read alone; 512 of them in a page. */
    private static final int STATUS_BYTES = 8;
    /** Ends a poll where the machine's clock stands still. */
    private static final int MAX_POLLS = 1_000_000;

    private final KernelPort port;
    private final UnitRegisters registers;
    private final boolean knowsWide;
    private long base;
    private long status;
    private long size;
    private int bytes;
    private long tail;

    /** @param knowsWide whether the kernel knows descriptors of 256 bits */
    InvalidationRing(KernelPort port, UnitRegisters registers, boolean knowsWide) {
        this.port = port;
        this.registers = registers;
        this.knowsWide = knowsWide;
    }

    /** Goes on with the queue that the unit has, at its tail. */
    void resume() {
        long address = registers.read(VtdRegisters.IQA);
        base = VtdRegisters.IQA_BASE.inPlace(address);
        size = (long) PAGE_BYTES << VtdRegisters.QS.of(address);
        bytes = VtdRegisters.DW.isSet(address)
                ? InvalidationDescriptor.WIDE_BYTES : InvalidationDescriptor.BYTES;
        tail = VtdRegisters.QUEUE_OFFSET.inPlace(registers.read(VtdRegisters.IQT));
        status = port.allocatePages(1);
    }

    /** Sets up a queue of 256 descriptors of this kernel's own and enables it. */
    void enable() {
        boolean wide = knowsWide && ExtendedCapability.SMTS.isSet(registers.ecap());
        bytes = wide ? InvalidationDescriptor.WIDE_BYTES : InvalidationDescriptor.BYTES;
        int pages = wide ? 2 : 1;
        size = (long) PAGE_BYTES * pages;
        base = port.allocatePages(pages);
        status = port.allocatePages(1);
        tail = 0;
        registers.write(VtdRegisters.IQT, 0);
        long address = VtdRegisters.QS.with(base, pages - 1);
        registers.write(VtdRegisters.IQA, VtdRegisters.DW.with(address, wide ? 1 : 0));
        registers.enable(GlobalCommand.QIE, true);
    }

    /** Switches off a queue that a kernel before had left on, once it is empty. */
    static void disableLeftOver(KernelPort port, UnitRegisters registers) {
        if (registers.status(GlobalCommand.QIE)) {
            long last = registers.read(VtdRegisters.IQT);
            // A queue that never empties is given up, not waited for again.
            port.waitRegister(VtdRegisters.IQH.offset(), VtdRegisters.IQH.bytes(),
                    VtdRegisters.QUEUE_OFFSET.mask(), VtdRegisters.QUEUE_OFFSET.inPlace(last),
                    UnitRegisters.TIMEOUT_NANOS);
            registers.enable(GlobalCommand.QIE, false);
        }
    }

    @Override
    public void context(int granularity, int domain, int source) {
        long q = InvalidationDescriptor.G.with(InvalidationDescriptor.CONTEXT, granularity);
        q = InvalidationDescriptor.DID.with(q, domain);
        submit(InvalidationDescriptor.SID.with(q, source), 0);
    }

    @Override
    public void iotlb(int granularity, int domain, long address, int addressMask, boolean hint) {
        long q0 = InvalidationDescriptor.G.with(InvalidationDescriptor.IOTLB, granularity);
        q0 = InvalidationDescriptor.DID.with(q0, domain);
        q0 = InvalidationDescriptor.DW.with(q0, Capability.DWD.of(registers.cap()));
        q0 = InvalidationDescriptor.DR.with(q0, Capability.DRD.of(registers.cap()));
        long q1 = InvalidationDescriptor.ADDR.inPlace(address);
        q1 = InvalidationDescriptor.AM.with(q1, addressMask);
        submit(q0, InvalidationDescriptor.IH.with(q1, hint ? 1 : 0));
    }

    @Override
    public void pasidCache() {
        submit(InvalidationDescriptor.G.with(InvalidationDescriptor.PASID_CACHE,
                InvalidationDescriptor.PASID_CACHE_GLOBAL), 0);
    }

    @Override
    public void interruptEntries() {
        submit(InvalidationDescriptor.INTERRUPT_ENTRY, 0);
    }

    private void submit(long q0, long q1) {
        long request = tail;
        put(request, q0, q1);
        long wait = next(request);
        long statusAt = status + wait / bytes * STATUS_BYTES;
        port.write64(statusAt, IN_USE);
        long w0 = InvalidationDescriptor.STATUS_DATA.with(InvalidationDescriptor.WAIT, DONE)
                | InvalidationDescriptor.SW.mask();
        put(wait, w0, statusAt);
        tail = next(wait);
        registers.write(VtdRegisters.IQT, tail);
        poll(request, w0, statusAt);
    }

    private void poll(long request, long w0, long statusAt) {
        long start = port.nanos();
        for (int polls = 0; polls < MAX_POLLS; polls++) {
            if ((int) port.read64(statusAt) == DONE) {
                return;
            }
            if (VtdRegisters.IQE.isSet(registers.read(VtdRegisters.FSTS))) {
                replaceBad(request, w0, statusAt);
            }
            if (port.nanos() - start > UnitRegisters.TIMEOUT_NANOS) {
                break;
            }
        }
        throw UnitRegisters.malfunction();
    }

    private void replaceBad(long request, long w0, long statusAt) {
        long head = VtdRegisters.QUEUE_OFFSET.inPlace(registers.read(VtdRegisters.IQH));
        if (head == request) {
            port.print("DMAR: VT-d detected Invalidation Queue Error: Reason "
                    + Long.toHexString(registers.read(VtdRegisters.IQER) & 0xf));
            put(request, w0, statusAt);
        }
        registers.write(VtdRegisters.FSTS, VtdRegisters.IQE.mask());
    }

    private long next(long offset) {
        return (offset + bytes) % size;
    }

    private void put(long offset, long q0, long q1) {
        port.write64(base + offset, q0);
        port.write64(base + offset + 8, q1);
        if (bytes == InvalidationDescriptor.WIDE_BYTES) {
            port.write64(base + offset + 16, 0);
            port.write64(base + offset + 24, 0);
        }
    }
}
