// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.DeviceTableEntry;
import iommu.api.unit.KernelPanicException;
import iommu.api.unit.KernelPort;

/**
 * A device table in memory, entry by entry. Source: Linux, amd/iommu.c, set_dte_entry; amd/init.c,
 * init_device_table_dma.
 */
final class DeviceEntries {

    private static final long BLOCKED = DeviceTableEntry.V.mask() | DeviceTableEntry.TV.mask();

    private final KernelPort port;
    private final long base;
    private final int count;

    DeviceEntries(KernelPort port, long base, int count) {
        this.port = port;
        this.base = base;
        this.count = count;
    }

    long base() {
        return base;
    }

    int count() {
        return count;
    }

    long bytes() {
        return (long) count * DeviceTableEntry.BYTES;
    }

    private long at(int device) {
        if (device >= count) {
            throw new KernelPanicException("AMD-Vi: no device table entry for device 0x"
                    + Integer.toHexString(device) + ", the table has " + count);
        }
        return base + (long) device * DeviceTableEntry.BYTES;
    }

    long low(int device) {
        return port.read64(at(device));
    }

    int domainId(int device) {
        return (int) DeviceTableEntry.DOMAIN_ID.of(port.read64(at(device) + 8));
    }

    /** Gives a device a domain; the interrupt half of the entry stays. */
    void install(int device, Domain domain) {
        long q1 = port.read64(at(device) + 8);
        port.write64(at(device) + 8, DeviceTableEntry.DOMAIN_ID.with(q1, domain.id()));
        long q0 = domain.root() | BLOCKED | DeviceTableEntry.IR.mask() | DeviceTableEntry.IW.mask();
        port.write64(at(device), DeviceTableEntry.MODE.with(q0, domain.levels()));
    }

    /** Points the entry of a device to another table of as many levels. */
    void repoint(int device, long root) {
        port.write64(at(device), low(device) & ~DeviceTableEntry.PT_ROOT.mask() | root);
    }

    /**
     * Has the interrupts of a device remapped.
     *
     * @param length base-2 logarithm of the entries of the table
     */
    void interrupts(int device, long table, int length) {
        long q2 = DeviceTableEntry.INT_TAB_LEN.with(table, length);
        q2 = DeviceTableEntry.INT_CTL.with(q2, DeviceTableEntry.INT_REMAP);
        port.write64(at(device) + 16, DeviceTableEntry.IV.with(q2, 1));
    }

    /**
     * Blocks the DMA of a device: no table, no permission; the interrupt half of the entry stays.
     */
    void block(int device) {
        port.write64(at(device), BLOCKED);
    }

    /** Blocks the DMA of every device that has no valid entry. */
    void blockOthers() {
        for (int device = 0; device < count; device++) {
            long q0 = port.read64(at(device));
            if ((q0 & BLOCKED) != BLOCKED) {
                port.write64(at(device), q0 | BLOCKED);
            }
        }
    }

    /** Returns the domain that a valid entry with translation names; null if there is none. */
    Domain domain(int device) {
        long q0 = low(device);
        boolean passes = DeviceTableEntry.MODE.of(q0) == 0 && DeviceTableEntry.IR.isSet(q0);
        if ((q0 & BLOCKED) != BLOCKED || DeviceTableEntry.MODE.of(q0) == 0 && !passes) {
            return null;
        }
        return new Domain(domainId(device), DeviceTableEntry.PT_ROOT.inPlace(q0),
                (int) DeviceTableEntry.MODE.of(q0));
    }

    /** Tells the unit where the table lies. */
    void tell(UnitRegisters registers) {
        registers.write(AmdViRegisters.DEV_TAB,
                AmdViRegisters.DEV_TAB_SIZE.with(base, bytes() / 4096 - 1));
    }
}
