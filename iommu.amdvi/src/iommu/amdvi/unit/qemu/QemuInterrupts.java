// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.qemu;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Control;
import iommu.amdvi.DeviceTableEntry;
import iommu.amdvi.EventCode;
import iommu.amdvi.ExtendedFeature;
import iommu.amdvi.InterruptEntry;
import iommu.amdvi.WideInterruptEntry;
import iommu.amdvi.unit.interrupts.InterruptEntryFormatter;
import iommu.amdvi.unit.interrupts.InterruptRemapping;
import iommu.amdvi.unit.tables.WalkResult;
import iommu.api.bits.BitField;
import iommu.api.bits.RegisterFile;
import iommu.api.memory.PhysicalMemory;
import iommu.api.unit.CacheLookup;
import iommu.api.unit.Interrupt;
import iommu.api.unit.WalkListener;

/**
 * What QEMU makes of interrupt messages: whether the unit is enabled or not, as soon as there is a
 * device table, and with nothing cached or logged. The length of a table, IG and SupIOPF are not
 * looked at, SMIs never pass, and what IntCtl forwards is delivered as vector 0 to APIC 0.
 *
 * <p>Source: QEMU 7.2.22, 10.0.13 and 11.1.3, observed; hw/i386/amd_iommu.c, {@code
 * amdvi_int_remap_msi}.
 */
final class QemuInterrupts {

    private static final int ARBITRATED = 1;
    private static final int SMI = 2;

    private final RegisterFile registers;
    private final PhysicalMemory memory;
    private final boolean remaps;
    private final boolean xtEnNeeded;
    private final WalkListener listener;

    /**
     * @param remaps whether the unit remaps messages, property intremap
     * @param xtEnNeeded whether wide destinations need XTEn, or only a unit that can have it
     */
    QemuInterrupts(RegisterFile registers, PhysicalMemory memory, boolean remaps,
            boolean xtEnNeeded) {
        this(registers, memory, remaps, xtEnNeeded, WalkListener.NONE);
    }

    private QemuInterrupts(RegisterFile registers, PhysicalMemory memory, boolean remaps,
            boolean xtEnNeeded, WalkListener listener) {
        this.registers = registers;
        this.memory = memory;
        this.remaps = remaps;
        this.xtEnNeeded = xtEnNeeded;
        this.listener = listener;
    }

    /** Returns the same that tells the entries that it reads. */
    QemuInterrupts telling(WalkListener hears) {
        return new QemuInterrupts(registers, memory, remaps, xtEnNeeded, hears);
    }

    /**
     * Remaps a message of a device; the result is as {@link Interrupt} packs it.
     *
     * @param q2 interrupt quadword of the device's entry
     * @param result gets what blocks it
     */
    long remap(long address, int data, long q2, WalkResult result) {
        if (!DeviceTableEntry.IV.isSet(q2)) {
            return Interrupt.unchanged();
        }
        if (!remaps) {
            return blocked(result, EventCode.IO_PAGE_FAULT);
        }
        int mode = InterruptRemapping.deliveryMode(data);
        if (mode <= ARBITRATED) {
            return fixed(data, q2, result);
        }
        boolean passes = mode != SMI && InterruptRemapping.passes(mode, q2)
                && !InterruptRemapping.isLogical(address);
        return passes ? Interrupt.unchanged() : blocked(result, EventCode.IO_PAGE_FAULT);
    }

    private long fixed(int data, long q2, WalkResult result) {
        int action = (int) DeviceTableEntry.INT_CTL.of(q2);
        if (action == DeviceTableEntry.INT_FORWARD) {
            return Interrupt.delivered(0, 0, false, false, false, 0);
        }
        if (action != DeviceTableEntry.INT_REMAP) {
            return blocked(result, EventCode.IO_PAGE_FAULT);
        }
        boolean wide = control(Control.GA_EN);
        int bytes = wide ? WideInterruptEntry.BYTES : InterruptEntry.BYTES;
        int index = (int) InterruptEntry.MESSAGE_INDEX.of(data);
        long at = (DeviceTableEntry.INT_ROOT.of(q2) << 6) + (long) index * bytes;
        if (!memory.contains(at, bytes)) {
            return blocked(result, EventCode.PAGE_TAB_HARDWARE_ERROR);
        }
        long low = wide ? memory.read64(at) : Integer.toUnsignedLong(memory.read32(at));
        long high = wide ? memory.read64(at + Long.BYTES) : 0;
        long outcome = delivered(low, high, wide, result);
        if (listener != WalkListener.NONE) {
            InterruptEntryFormatter.tell(index, at, low, high, wide, outcome, CacheLookup.none(),
                    listener);
        }
        return outcome;
    }

    private long delivered(long low, long high, boolean wide, WalkResult result) {
        long type = InterruptEntry.INT_TYPE.of(low);
        if (!InterruptEntry.REMAP_EN.isSet(low) || InterruptEntry.GUEST_MODE.isSet(low)
                || type > ARBITRATED) {
            return blocked(result, EventCode.IO_PAGE_FAULT);
        }
        long destination = !wide ? InterruptEntry.DESTINATION.of(low)
                : WideInterruptEntry.destination(low, high) & (isWide() ? 0xffff_ffffL : 0xff);
        long vector = wide ? WideInterruptEntry.VECTOR.of(high) : InterruptEntry.VECTOR.of(low);
        return Interrupt.delivered((int) vector, (int) type, InterruptEntry.DM.isSet(low), false,
                InterruptEntry.RQ_EOI.isSet(low), destination);
    }

    private boolean isWide() {
        return ExtendedFeature.XT_SUP.isSet(registers.get(AmdViRegisters.EXTENDED_FEATURE))
                && (!xtEnNeeded || control(Control.XT_EN));
    }

    private boolean control(BitField field) {
        return field.isSet(registers.get(AmdViRegisters.CONTROL));
    }

    private static long blocked(WalkResult result, EventCode code) {
        result.fail(code, 0);
        return Interrupt.blocked(code.number());
    }
}
