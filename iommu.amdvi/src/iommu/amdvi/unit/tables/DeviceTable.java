// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.tables;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.DeviceTableEntry;
import iommu.amdvi.Event;
import iommu.amdvi.EventCode;
import iommu.amdvi.unit.caches.ContextTag;
import iommu.api.bits.BitField;
import iommu.api.bits.RegisterFile;
import iommu.api.memory.PhysicalMemory;
import iommu.api.unit.WalkListener;

/**
 * The device table in memory, at the place and of the size that its base register gives.
 *
 * <p>Source: 48882, "Device Table" and "Device Table Entry Format".
 */
public final class DeviceTable {

    public static final String ENTRY = "device table entry";

    private final RegisterFile registers;
    private final PhysicalMemory memory;
    private final int levels;

    /** @param levels the most that the unit walks */
    public DeviceTable(RegisterFile registers, PhysicalMemory memory, int levels) {
        this.registers = registers;
        this.memory = memory;
        this.levels = levels;
    }

    /** Returns the number of entries. */
    public int entries() {
        return (int) (AmdViRegisters.deviceTableBytes(registers.get(AmdViRegisters.DEV_TAB))
                / DeviceTableEntry.BYTES);
    }

    /**
     * Reads the entry of a device into {@code result}: tag, root and interrupts.
     *
     * @return false for a fault, which is in {@code result}
     */
    public boolean read(int device, WalkResult result, WalkListener listener) {
        // 1. A device beyond the table has no entry: ILLEGAL_DEV_TABLE_ENTRY.
        if (device >= entries()) {
            return result.fail(EventCode.ILLEGAL_DEV_TABLE_ENTRY, 0);
        }
        // 2. An entry that cannot be read: DEV_TAB_HARDWARE_ERROR.
        long at = AmdViRegisters.BASE.inPlace(registers.get(AmdViRegisters.DEV_TAB))
                + (long) device * DeviceTableEntry.BYTES;
        if (!memory.contains(at, DeviceTableEntry.BYTES)) {
            EntryFormatter.unreadable(listener, ENTRY, at, EventCode.DEV_TAB_HARDWARE_ERROR);
            return result.fail(EventCode.DEV_TAB_HARDWARE_ERROR, Event.MASTER_ABORT, at);
        }
        long q0 = memory.read64(at);
        long q1 = memory.read64(at + 8);
        long q2 = memory.read64(at + 16);
        boolean legal = check(q0, result);
        if (listener != WalkListener.NONE) {
            tell(at, q0, q1, q2, memory.read64(at + 24), legal, listener);
        }
        result.tag = ContextTag.of(q0, q1);
        result.root = DeviceTableEntry.PT_ROOT.inPlace(q0);
        result.interrupts = q2;
        return legal;
    }

    private boolean check(long q0, WalkResult result) {
        // 3. V = 0: bits 127:1 do not count, requests are forwarded; IV decides on interrupts.
        if (!DeviceTableEntry.V.isSet(q0)) {
            return true;
        }
        // 4. A reserved bit of a valid entry: ILLEGAL_DEV_TABLE_ENTRY with RZ.
        if (DeviceTableEntry.RESERVED_LOW.isSet(q0) || DeviceTableEntry.RESERVED_63.isSet(q0)) {
            return result.fail(EventCode.ILLEGAL_DEV_TABLE_ENTRY, Event.RESERVED);
        }
        // 5. A mode that is reserved, or deeper than the unit walks: without RZ.
        long mode = DeviceTableEntry.MODE.of(q0);
        if (DeviceTableEntry.TV.isSet(q0) && mode > levels) {
            return result.fail(EventCode.ILLEGAL_DEV_TABLE_ENTRY, 0);
        }
        return true;
    }

    private static void tell(long at, long q0, long q1, long q2, long q3, boolean legal,
            WalkListener listener) {
        String decision;
        if (!legal) {
            long reserved = q0 & (DeviceTableEntry.RESERVED_LOW.mask()
                    | DeviceTableEntry.RESERVED_63.mask());
            decision = EntryFormatter.refusal(reserved == 0
                    ? "Mode " + DeviceTableEntry.MODE.of(q0) + " not supported"
                    : "reserved bits " + BitField.ranges(reserved) + " set",
                    EventCode.ILLEGAL_DEV_TABLE_ENTRY);
        } else if (!DeviceTableEntry.V.isSet(q0)) {
            decision = "not valid, requests are forwarded unchanged";
        } else if (!DeviceTableEntry.TV.isSet(q0)) {
            decision = "no valid translation information, requests are blocked";
        } else if (DeviceTableEntry.MODE.of(q0) == 0) {
            decision = "no page table, IR and IW decide";
        } else {
            decision = "valid, page table of " + DeviceTableEntry.MODE.of(q0) + " levels at "
                    + EntryFormatter.hex(DeviceTableEntry.PT_ROOT.inPlace(q0));
        }
        EntryFormatter.entry(ENTRY, at, q0, q1, q2, q3)
                .with("V", DeviceTableEntry.V).with("TV", DeviceTableEntry.TV)
                .with("Mode", DeviceTableEntry.MODE).at("PTRoot", DeviceTableEntry.PT_ROOT)
                .with("IR", DeviceTableEntry.IR).with("IW", DeviceTableEntry.IW)
                .with("DomainID", DeviceTableEntry.DOMAIN_ID).with("IV", DeviceTableEntry.IV)
                .decides(listener, decision);
    }
}
