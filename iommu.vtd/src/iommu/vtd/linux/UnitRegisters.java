// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.bits.BitField;
import iommu.api.bits.Register;
import iommu.api.unit.KernelPanicException;
import iommu.api.unit.KernelPort;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.GlobalCommand;
import iommu.vtd.VtdRegisters;
import iommu.vtd.linux.settings.KernelQuirks;

/**
 * The unit's registers as the kernel uses them, and its copy of the global command: preloaded from
 * the status, so that what a kernel before it had enabled stays enabled through every write, unless
 * the kernel is from before it was.
 *
 * <p>Each wait is bounded, as IOMMU_WAIT_OP is; a unit that does not answer is a kernel panic.
 * Source: Linux, intel/dmar.c and intel/iommu.h.
 */
final class UnitRegisters {

    /** DMAR_OPERATION_TIMEOUT. */
    static final long TIMEOUT_NANOS = 10_000_000_000L;

    private static final BitField[] PRELOADED =
            {GlobalCommand.IRE, GlobalCommand.TE, GlobalCommand.QIE};

    private final KernelPort port;
    private final boolean loadsStatus;
    private boolean loaded;
    private long command;
    private long cap;
    private long ecap;

    /** @param loadsStatus as in {@link KernelQuirks} */
    UnitRegisters(KernelPort port, boolean loadsStatus) {
        this.port = port;
        this.loadsStatus = loadsStatus;
    }

    /** Reads capabilities and status once, at the first use. */
    private void load() {
        if (loaded) {
            return;
        }
        loaded = true;
        cap = read(VtdRegisters.CAP);
        ecap = read(VtdRegisters.ECAP);
        // __iommu_flush_cache; here also for the queue, which needs it not
        port.flushWrites(!ExtendedCapability.C.isSet(ecap));
        if (loadsStatus) {
            preload();
        }
    }

    private void preload() {
        long status = read(VtdRegisters.GSTS);
        for (BitField field : PRELOADED) {
            command |= field.inPlace(status);
        }
    }

    /** Goes on with what this very kernel had enabled before it was imported. */
    void resume() {
        load();
        preload();
    }

    long cap() {
        load();
        return cap;
    }

    long ecap() {
        load();
        return ecap;
    }

    long read(Register r) {
        return port.readRegister(r.offset(), r.bytes());
    }

    void write(Register r, long value) {
        port.writeRegister(r.offset(), r.bytes(), value);
    }

    /** Returns whether the status shows a field of {@link GlobalCommand}. */
    boolean status(BitField field) {
        return field.isSet(read(VtdRegisters.GSTS));
    }

    /** Switches a persistent field and waits until the status follows. */
    void enable(BitField field, boolean on) {
        load();
        command = field.with(command, on ? 1 : 0);
        write(VtdRegisters.GCMD, command);
        await(VtdRegisters.GSTS, field.mask(), on ? field.mask() : 0);
    }

    /** Gives a command that acts once and waits until the status shows it. */
    void once(BitField field) {
        load();
        write(VtdRegisters.GCMD, command | field.mask());
        await(VtdRegisters.GSTS, field.mask(), field.mask());
    }

    /** Flushes the write buffer, on units that need it. */
    void flushWriteBuffer() {
        if (iommu.vtd.Capability.RWBF.isSet(cap())) {
            write(VtdRegisters.GCMD, command | GlobalCommand.WBF.mask());
            await(VtdRegisters.GSTS, GlobalCommand.WBF.mask(), 0);
        }
    }

    /** Waits until a register has a value under a mask; a time-out is a kernel panic. */
    void await(Register r, long mask, long value) {
        if (!port.waitRegister(r.offset(), r.bytes(), mask, value, TIMEOUT_NANOS)) {
            throw malfunction();
        }
    }

    static KernelPanicException malfunction() {
        return new KernelPanicException("DMAR hardware is malfunctioning");
    }
}
