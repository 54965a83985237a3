// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.bits.BitField;
import iommu.api.bits.RegisterFile;
import iommu.vtd.Capability;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.GlobalCommand;
import iommu.vtd.InvalidationDescriptor;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.invalidation.Invalidation;
import iommu.vtd.unit.invalidation.InvalidationQueue;
import iommu.vtd.unit.registers.UnitCapabilities;

/**
 * What GCMD, CCMD and IOTLB writes set off. Software changes one GCMD field a write; should several
 * change at once, which the manual leaves open, they act in the order SRTP, SFL, EAFL, WBF, SIRTP,
 * QIE, IRE, CFI, TE. Commands of features that the unit has not are dropped.
 *
 * <p>Commands are done when the write returns. Source: VT-d, "Global Command Register", "Context
 * Command Register" and "IOTLB Invalidate Register".
 */
public final class CommandHandler {

    /** Receives what the walks and the engine must know. */
    interface Effects {

        /** Set Root Table Pointer was commanded. */
        void rootPointer(long rtaddr);

        /** Set Fault Log was commanded. */
        void faultLog();

        /** Advanced fault logging was switched. */
        void advancedFaultLogging(boolean on);

        /** Write Buffer Flush was commanded. */
        void writeBufferFlush();

        /** Set Interrupt Remap Table Pointer was commanded. */
        void interruptTable();

        /** Translation was switched. */
        void translation(boolean on);
    }

    private final RegisterFile registers;
    private final Invalidation invalidation;
    private final InvalidationQueue queue;
    private final Effects effects;
    private final boolean asQemu;
    private final boolean remaps;
    private final boolean queues;
    private final boolean logsToMemory;

    CommandHandler(RegisterFile registers, UnitCapabilities unit, Invalidation invalidation,
            InvalidationQueue queue, Effects effects) {
        this.registers = registers;
        this.invalidation = invalidation;
        this.queue = queue;
        this.effects = effects;
        this.asQemu = unit.settings().registersAsQemu();
        long ecap = unit.ecap();
        remaps = ExtendedCapability.IR.isSet(ecap);
        queues = ExtendedCapability.QI.isSet(ecap) || asQemu;
        logsToMemory = Capability.AFL.isSet(unit.cap());
        registers.onWrite(VtdRegisters.GCMD, (written, mask) -> command(written, mask));
        registers.onWrite(VtdRegisters.CCMD, (written, mask) -> {
            if (VtdRegisters.ICC.isSet(written) && !staysPending()) {
                contextCommand();
            }
        });
        var iotlb = VtdRegisters.iotlb(ecap);
        var iva = VtdRegisters.iva(ecap);
        registers.onWrite(iotlb, (written, mask) -> {
            if (VtdRegisters.IVT.isSet(written) && !staysPending()) {
                long outcome = iotlbCommand(registers.get(iotlb), registers.get(iva));
                registers.set(iotlb, outcome);
            }
        });
    }

    private boolean staysPending() {
        return asQemu && queue.enabled();
    }

    private boolean status(BitField field) {
        return field.isSet(registers.get(VtdRegisters.GSTS));
    }

    private void status(BitField field, boolean on) {
        registers.set(VtdRegisters.GSTS, field, on ? 1 : 0);
    }

    private void command(long written, long mask) {
        if (GlobalCommand.SRTP.isSet(written)) {
            effects.rootPointer(registers.get(VtdRegisters.RTADDR));
            status(GlobalCommand.SRTP, true);
        }
        if (logsToMemory && GlobalCommand.SFL.isSet(written)) {
            effects.faultLog();
            status(GlobalCommand.SFL, true);
        }
        if (logsToMemory && changes(GlobalCommand.EAFL, written, mask)) {
            status(GlobalCommand.EAFL, !status(GlobalCommand.EAFL));
            effects.advancedFaultLogging(status(GlobalCommand.EAFL));
        }
        if (GlobalCommand.WBF.isSet(written)) {
            effects.writeBufferFlush();
        }
        if ((remaps || asQemu) && GlobalCommand.SIRTP.isSet(written)) {
            effects.interruptTable();
            status(GlobalCommand.SIRTP, true);
        }
        if (queues && changes(GlobalCommand.QIE, written, mask)) {
            boolean wanted = GlobalCommand.QIE.isSet(written);
            status(GlobalCommand.QIE, queue.enable(wanted));
            if (wanted) {
                queue.fetch();
            }
        }
        if (remaps && changes(GlobalCommand.IRE, written, mask)) {
            status(GlobalCommand.IRE, !status(GlobalCommand.IRE));
        }
        if (!asQemu && remaps && changes(GlobalCommand.CFI, written, mask)) {
            status(GlobalCommand.CFI, !status(GlobalCommand.CFI));
        }
        if (changes(GlobalCommand.TE, written, mask)) {
            status(GlobalCommand.TE, !status(GlobalCommand.TE));
            effects.translation(status(GlobalCommand.TE));
        }
    }

    private boolean changes(BitField field, long written, long mask) {
        return field.isSet(mask) && field.isSet(written) != status(field);
    }

    /** With the queue enabled the register does nothing and reports granularity 0. */
    private void contextCommand() {
        long q = registers.get(VtdRegisters.CCMD);
        int granularity = (int) VtdRegisters.CIRG.of(q);
        boolean done = !queue.enabled() && invalidation.context(granularity,
                (int) VtdRegisters.CCMD_DID.of(q), (int) VtdRegisters.CCMD_SID.of(q),
                (int) VtdRegisters.CCMD_FM.of(q));
        if (asQemu && granularity == InvalidationDescriptor.DOMAIN) {
            granularity = InvalidationDescriptor.GLOBAL;
        }
        q = VtdRegisters.CAIG.with(q, done ? granularity : 0);
        registers.set(VtdRegisters.CCMD, VtdRegisters.ICC.with(q, 0));
    }

    private long iotlbCommand(long q, long address) {
        int granularity = (int) VtdRegisters.IIRG.of(q);
        boolean done = !queue.enabled() && invalidation.iotlb(granularity,
                (int) VtdRegisters.IOTLB_DID.of(q), VtdRegisters.IVA_ADDR.inPlace(address),
                (int) VtdRegisters.AM.of(address), VtdRegisters.IH.isSet(address));
        return VtdRegisters.IVT.with(VtdRegisters.IAIG.with(q, done ? granularity : 0), 0);
    }
}
