// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.qemu;

import static iommu.api.bits.BitField.bits;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.DeviceTableEntry;
import iommu.amdvi.Event;
import iommu.amdvi.EventCode;
import iommu.amdvi.ExtendedFeature;
import iommu.amdvi.unit.caches.ContextTag;
import iommu.amdvi.unit.tables.EntryFormatter;
import iommu.amdvi.unit.tables.WalkResult;
import iommu.api.bits.BitField;
import iommu.api.bits.RegisterFile;
import iommu.api.memory.PhysicalMemory;
import iommu.api.unit.WalkListener;

/**
 * The device table of QEMU: its size is not checked, and entries that are not valid are looked at
 * too. From QEMU 11 on a unit without host tables takes no entry that names one.
 */
final class QemuDeviceTable {

    private static final BitField RESERVED_Q2 = bits(53, 52);
    private static final BitField RESERVED_Q3_LOW = bits(14, 0);
    private static final BitField RESERVED_Q3_HIGH = bits(53, 48);

    private final PhysicalMemory memory;
    private final boolean hasTables;
    private long table;
    private boolean based;

    /** @param checksTables whether entries must name no page table where the unit takes none */
    QemuDeviceTable(RegisterFile registers, PhysicalMemory memory, boolean checksTables) {
        this.memory = memory;
        hasTables = !checksTables || ExtendedFeature.HATS.of(
                registers.get(AmdViRegisters.EXTENDED_FEATURE)) != ExtendedFeature.NO_TABLES;
        table = AmdViRegisters.BASE.inPlace(registers.get(AmdViRegisters.DEV_TAB));
        based = registers.get(AmdViRegisters.DEV_TAB) != 0;
        registers.onWrite(AmdViRegisters.DEV_TAB, (written, mask) -> {
            if (counts(mask)) {
                based = true;
                table = AmdViRegisters.BASE.inPlace(registers.get(AmdViRegisters.DEV_TAB));
            }
        });
    }

    /** Returns whether a write to a base makes it count: to all of it, or not to its first byte. */
    static boolean counts(long mask) {
        return mask == -1 || (mask & 1) == 0;
    }

    /** Returns whether software has given the unit a table, be it at 0. */
    boolean isBased() {
        return based;
    }

    /** Leaves what a device's entry says in {@code result}; false for a fault. */
    boolean read(int device, WalkResult result, WalkListener listener) {
        long at = table + (long) device * DeviceTableEntry.BYTES;
        if (!memory.contains(at, DeviceTableEntry.BYTES)) {
            return result.fail(EventCode.DEV_TAB_HARDWARE_ERROR, Event.MASTER_ABORT, at);
        }
        long q0 = memory.read64(at);
        long q1 = memory.read64(at + 8);
        long q2 = memory.read64(at + 16);
        long q3 = memory.read64(at + 24);
        // An entry that is not valid is looked at too.
        boolean legal = !DeviceTableEntry.RESERVED_LOW.isSet(q0)
                && !DeviceTableEntry.RESERVED_63.isSet(q0) && !RESERVED_Q2.isSet(q2)
                && !RESERVED_Q3_LOW.isSet(q3) && !RESERVED_Q3_HIGH.isSet(q3)
                && (hasTables || DeviceTableEntry.PT_ROOT.of(q0) == 0);
        if (listener != WalkListener.NONE) {
            EntryFormatter.entry("device table entry", at, q0, q1, q2, q3)
                    .with("V", DeviceTableEntry.V).with("TV", DeviceTableEntry.TV)
                    .with("Mode", DeviceTableEntry.MODE).at("PTRoot", DeviceTableEntry.PT_ROOT)
                    .decides(listener, legal ? "taken as QEMU takes it"
                            : EventCode.ILLEGAL_DEV_TABLE_ENTRY.text());
        }
        result.tag = ContextTag.of(q0, q1);
        result.root = DeviceTableEntry.PT_ROOT.inPlace(q0);
        result.interrupts = q2;
        return legal || result.fail(EventCode.ILLEGAL_DEV_TABLE_ENTRY, Event.RESERVED);
    }
}
