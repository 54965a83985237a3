// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Control;
import iommu.amdvi.DeviceTableEntry;
import iommu.amdvi.Event;
import iommu.amdvi.EventCode;
import iommu.amdvi.InterruptEntry;
import iommu.amdvi.WideInterruptEntry;
import iommu.api.bits.BitField;
import iommu.api.bits.RegisterFile;
import iommu.api.memory.PhysicalMemory;

/**
 * The remapping of fixed and arbitrated interrupt messages through the table that the device table
 * entry gives. Source: 48882, "Interrupt Remapping Tables".
 */
final class InterruptRemapping {

    private final RegisterFile registers;
    private final PhysicalMemory memory;
    private final InterruptCache cache;

    InterruptRemapping(RegisterFile registers, PhysicalMemory memory, InterruptCache cache) {
        this.registers = registers;
        this.memory = memory;
        this.cache = cache;
    }

    private boolean control(BitField field) {
        return field.isSet(registers.get(AmdViRegisters.CONTROL));
    }

    /**
     * Remaps a message.
     *
     * @param q2 interrupt quadword of the device's entry
     * @param result gets the fault
     * @return packed as {@link InterruptMessage}; negative for a fault, which {@code result} tells
     */
    long remap(int device, int data, long q2, WalkResult result) {
        // 1. IV = 0: nothing is remapped. IntCtl: abort, forward or remap.
        int action = (int) DeviceTableEntry.INT_CTL.of(q2);
        if (!DeviceTableEntry.IV.isSet(q2) || action == DeviceTableEntry.INT_FORWARD) {
            return InterruptMessage.UNCHANGED.mask();
        }
        // 2. An index beyond the table has no entry.
        int index = (int) InterruptEntry.MESSAGE_INDEX.of(data);
        if (action != DeviceTableEntry.INT_REMAP
                || index >= 1 << DeviceTableEntry.INT_TAB_LEN.of(q2)) {
            return fault(result, EventCode.IO_PAGE_FAULT, Event.INTERRUPT, 0);
        }
        int slot = entry(device, index, q2, result);
        if (slot < 0) {
            return -1;
        }
        long low = cache.low(slot);
        // 4. RemapEn = 0: the interrupt is not mapped.
        if (!InterruptEntry.REMAP_EN.isSet(low)) {
            return fault(result, EventCode.IO_PAGE_FAULT, Event.INTERRUPT, 0);
        }
        return message(low, cache.high(slot));
    }

    private long message(long low, long high) {
        boolean wide = control(Control.GA_EN);
        long destination = !wide ? InterruptEntry.DESTINATION.of(low)
                : WideInterruptEntry.destination(low, high)
                        & (control(Control.XT_EN) ? 0xffff_ffffL : 0xff);
        long m = InterruptMessage.VECTOR.with(0, wide ? WideInterruptEntry.VECTOR.of(high)
                : InterruptEntry.VECTOR.of(low));
        m = InterruptMessage.TYPE.with(m, InterruptEntry.INT_TYPE.of(low));
        m = InterruptMessage.LOGICAL.with(m, InterruptEntry.DM.of(low));
        return InterruptMessage.DESTINATION.with(m, destination);
    }

    private int entry(int device, int index, long q2, WalkResult result) {
        int slot = cache.find(device, index);
        if (slot >= 0 && !control(Control.IRT_CACHE_DIS)) {
            return slot;
        }
        // 3. The entry is read; without memory there: PAGE_TAB_HARDWARE_ERROR.
        boolean wide = control(Control.GA_EN);
        int bytes = wide ? WideInterruptEntry.BYTES : InterruptEntry.BYTES;
        long at = (DeviceTableEntry.INT_ROOT.of(q2) << 6) + (long) index * bytes;
        if (!memory.contains(at, bytes)) {
            result.fail(EventCode.PAGE_TAB_HARDWARE_ERROR,
                    Event.INTERRUPT | Event.MASTER_ABORT, at);
            return -1;
        }
        long low = wide ? memory.read64(at) : Integer.toUnsignedLong(memory.read32(at));
        return cache.insert(device, index, low, wide ? memory.read64(at + 8) : 0);
    }

    private static long fault(WalkResult result, EventCode code, int flags, long address) {
        result.fail(code, flags, address);
        return -1;
    }
}
