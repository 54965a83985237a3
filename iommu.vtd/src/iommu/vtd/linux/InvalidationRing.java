// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.unit.KernelPanicException;
import iommu.api.unit.KernelPort;
import iommu.vtd.Capability;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.GlobalCommand;
import iommu.vtd.InvalidationDescriptor;
import iommu.vtd.VtdRegisters;
import iommu.vtd.linux.settings.KernelQuirks;

/**
 * The kernel's side of the invalidation queue. Each request is followed by a wait descriptor; the
 * kernel polls the word that the unit writes for it, and looks for queue errors meanwhile: a bad
 * descriptor is replaced by the wait and the error bit cleared; after a time-out of a device the
 * request is posted again, and again, unless the kernel gives up devices that are gone. The
 * kernel's own patience has no end, the lab's has.
 *
 * <p>Source: Linux, intel/dmar.c, qi_submit_sync, qi_check_fault, dmar_enable_qi, dmar_disable_qi.
 */
final class InvalidationRing implements Invalidations {

    private static final int PAGE_BYTES = 4096;
    /** QI_DEV_IOTLB_MAX_INVS, less one. */
    private static final int MAX_PENDING = 31;
    /** Word that the unit writes when it has come to a wait descriptor. */
    private static final int DONE = 2;
    private static final int IN_USE = 1;
    /** One status word, 8 bytes apart so that each can be read alone; 512 of them in a page. */
    private static final int STATUS_BYTES = 8;
    /** Ends a poll where the machine's clock stands still. */
    private static final int MAX_POLLS = 10_000_000;
    /**
     * So often a request that timed out, after a minute as a rule, is posted again until the lab
     * calls it endless.
     */
    private static final int MAX_RETRIES = 2;
    /** A device may take so long: a minute, and half of one more. */
    private static final long DEVICE_PATIENCE_NANOS = 150_000_000_000L;
    /** Looks at the status without a pause; a device that takes longer takes long. */
    private static final int EAGER_POLLS = 64;
    private static final long FIRST_PAUSE_NANOS = 1_000;
    private static final long LONGEST_PAUSE_NANOS = 1_000_000;
    private static final long ERRORS = VtdRegisters.IQE.mask() | VtdRegisters.ITE.mask()
            | VtdRegisters.ICE.mask();

    private final KernelPort port;
    private final UnitRegisters registers;
    private final boolean knowsWide;
    private final boolean givesUpAbsent;
    private final QueueErrors errors;
    private long base;
    private long status;
    private long size;
    private int bytes;
    private long tail;

    InvalidationRing(KernelPort port, UnitRegisters registers, KernelQuirks quirks) {
        this.port = port;
        this.registers = registers;
        this.knowsWide = quirks.knowsScalableMode();
        this.givesUpAbsent = quirks.givesUpAbsent();
        this.errors = new QueueErrors(port, registers, quirks);
    }

    /**
     * Goes on with the queue that the unit has, at its tail. How wide descriptors are the kernel
     * knows by itself; units are met that do not show it.
     */
    void resume() {
        long address = registers.read(VtdRegisters.IQA);
        base = VtdRegisters.IQA_BASE.inPlace(address);
        size = (long) PAGE_BYTES << VtdRegisters.QS.of(address);
        bytes = VtdRegisters.DW.isSet(address) || usesWide()
                ? InvalidationDescriptor.WIDE_BYTES : InvalidationDescriptor.BYTES;
        tail = VtdRegisters.QUEUE_OFFSET.inPlace(registers.read(VtdRegisters.IQT));
        status = port.allocatePages(1);
    }

    private boolean usesWide() {
        return knowsWide && ExtendedCapability.SMTS.isSet(registers.ecap());
    }

    /** Sets up a queue of 256 descriptors of this kernel's own and enables it. */
    void enable() {
        boolean wide = usesWide();
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
    public void firstStage(int domain, long address, int addressMask, boolean hint) {
        boolean all = addressMask < 0;
        long q0 = InvalidationDescriptor.G.with(InvalidationDescriptor.PASID_IOTLB,
                all ? InvalidationDescriptor.PASID_ALL_PAGES : InvalidationDescriptor.SELECTIVE);
        q0 = InvalidationDescriptor.DID.with(q0, domain);
        long q1 = all ? 0 : InvalidationDescriptor.AM.with(
                InvalidationDescriptor.ADDR.inPlace(address), addressMask);
        submit(q0, InvalidationDescriptor.IH.with(q1, !all && hint ? 1 : 0));
    }

    @Override
    public void pasidCache() {
        submit(InvalidationDescriptor.G.with(InvalidationDescriptor.PASID_CACHE,
                InvalidationDescriptor.PASID_CACHE_GLOBAL), 0);
    }

    @Override
    public boolean reachDeviceTlbs() {
        return true;
    }

    @Override
    public void deviceTlb(int source, int depth, long address, int addressMask) {
        long q0 = InvalidationDescriptor.SID.with(InvalidationDescriptor.DEVICE_TLB, source);
        if (ExtendedCapability.DIT.isSet(registers.ecap())) {
            // no function here is a virtual one: each is its own physical function
            q0 = InvalidationDescriptor.PFSID_LOW.with(q0, source & 0xf);
            q0 = InvalidationDescriptor.PFSID_HIGH.with(q0, source >>> 4);
        }
        long size = addressMask == 0 ? 0 : (1L << 12 + addressMask - 1) - 1;
        long q1 = InvalidationDescriptor.ADDR.inPlace(address | size);
        submit(InvalidationDescriptor.MIP.with(q0, depth > MAX_PENDING ? 0 : depth),
                InvalidationDescriptor.S.with(q1, addressMask == 0 ? 0 : 1));
    }

    @Override
    public void interruptEntries() {
        submit(InvalidationDescriptor.INTERRUPT_ENTRY, 0);
    }

    @Override
    public void interruptEntry(int index) {
        long q0 = InvalidationDescriptor.INTERRUPT_ENTRY
                | InvalidationDescriptor.IEC_G.mask();
        submit(InvalidationDescriptor.IIDX.with(q0, index), 0);
    }

    /**
     * Posts a request and waits until it is done.
     *
     * @throws IllegalStateException if that never comes, as far as can be told
     */
    void submit(long q0, long q1) {
        for (int tries = 0; tries <= MAX_RETRIES; tries++) {
            if (attempt(q0, q1) != Outcome.ABORTED) {
                return;
            }
        }
        throw new KernelPanicException(
                "endless invalidation retry: a device does not answer");
    }

    /** What became of a request. */
    private enum Outcome {
        DONE, ABORTED, GIVEN_UP
    }

    private Outcome attempt(long q0, long q1) {
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
        boolean device = InvalidationDescriptor.TYPE.of(q0) == InvalidationDescriptor.DEVICE_TLB;
        return poll(request, w0, statusAt, device);
    }

    private Outcome poll(long request, long w0, long statusAt, boolean device) {
        long start = port.nanos();
        long patience = device ? DEVICE_PATIENCE_NANOS : UnitRegisters.TIMEOUT_NANOS;
        long pause = FIRST_PAUSE_NANOS;
        for (int polls = 0; polls < MAX_POLLS; polls++) {
            if ((int) port.read64(statusAt) == DONE) {
                return Outcome.DONE;
            }
            long faults = registers.read(VtdRegisters.FSTS);
            Outcome outcome = (faults & ERRORS) == 0 ? null
                    : handleErrors(faults, request, w0, statusAt);
            if (outcome != null) {
                return outcome;
            }
            if (port.nanos() - start > patience) {
                break;
            }
            if (device && polls > EAGER_POLLS) {
                port.pause(pause);
                pause = Math.min(2 * pause, LONGEST_PAUSE_NANOS);
            }
        }
        throw new KernelPanicException(
                "endless invalidation wait: the queue of the unit does not move");
    }

    /** Returns what became of the request if its wait was aborted, or null if that goes on. */
    private Outcome handleErrors(long faults, long request, long w0, long statusAt) {
        long head = VtdRegisters.QUEUE_OFFSET.inPlace(registers.read(VtdRegisters.IQH));
        errors.found(faults, base + head, base + (head + size - bytes) % size);
        if (VtdRegisters.IQE.isSet(faults) && head == request) {
            errors.refused(base + head);
            put(request, w0, statusAt);
            registers.write(VtdRegisters.FSTS, VtdRegisters.IQE.mask());
            errors.cleared("Invalidation Queue Error (IQE)");
        }
        if (VtdRegisters.ITE.isSet(faults)) {
            long source = givesUpAbsent
                    ? VtdRegisters.ITESID.of(registers.read(VtdRegisters.IQER)) : 0;
            registers.write(VtdRegisters.FSTS, VtdRegisters.ITE.mask());
            errors.cleared("Invalidation Time-out Error (ITE)");
            if (source != 0 && !AtsDevices.isPresent(port, (int) source)) {
                return Outcome.GIVEN_UP;
            }
            // A wait that the unit had come to was aborted; one before its head it goes on with.
            return head == tail ? Outcome.ABORTED : null;
        }
        if (VtdRegisters.ICE.isSet(faults)) {
            registers.write(VtdRegisters.FSTS, VtdRegisters.ICE.mask());
            errors.cleared("Invalidation Completion Error (ICE)");
        }
        return null;
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
