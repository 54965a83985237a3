// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.DeviceTableEntry;
import iommu.api.unit.KernelPort;
import java.util.BitSet;

/**
 * Copies the device table of the kernel before into pages of this one, entry by entry and whole,
 * but for guest tables. Page tables and interrupt tables stay where they are.
 *
 * <p>Source: Linux 5.10 to 6.17, amd/init.c, copy_device_table.
 */
final class TableCopy {

    private static final long FOUR_GIB = 1L << 32;

    private final KernelPort port;
    private final DomainIds ids;
    private final KernelQuirks quirks;
    private final boolean trusts;
    private final BitSet copied = new BitSet();
    private final BitSet seen = new BitSet();
    private String refusal;

    TableCopy(KernelPort port, DomainIds ids, KernelQuirks quirks) {
        this(port, ids, quirks, false);
    }

    /** @param trusts whether a table is copied that any kernel refuses, and all ids are reserved */
    TableCopy(KernelPort port, DomainIds ids, KernelQuirks quirks, boolean trusts) {
        this.trusts = trusts;
        this.port = port;
        this.ids = ids;
        this.quirks = quirks;
    }

    /** Returns the devices whose entries were copied. */
    BitSet copied() {
        return copied;
    }

    /** Returns why the copy was refused. */
    String refusal() {
        return refusal;
    }

    /**
     * Copies the table that a base register names.
     *
     * @param expectedBytes size that this kernel's table has; 0 if it takes the old one's
     * @return the copy; null if it was refused
     */
    DeviceEntries copy(long register, long expectedBytes) {
        long from = AmdViRegisters.BASE.inPlace(register);
        long bytes = AmdViRegisters.deviceTableBytes(register);
        if (expectedBytes != 0 && bytes != expectedBytes) {
            return refuse("The device table size of IOMMU:" + port.unitNumber()
                    + " is not expected!");
        }
        if (from >= FOUR_GIB && !trusts) {
            return refuse("The address of old device table is above 4G, not trustworthy!");
        }
        if (from == 0 || !port.isMemory(from, bytes)) {
            return refuse("The old device table cannot be read");
        }
        long to = port.allocatePages((int) (bytes / 4096));
        for (long at = 0; at < bytes; at += DeviceTableEntry.BYTES) {
            int device = (int) (at / DeviceTableEntry.BYTES);
            String wrong = copyEntry(from + at, to + at, device);
            if (wrong != null) {
                port.freePages(to, (int) (bytes / 4096));
                return refuse(wrong);
            }
        }
        return new DeviceEntries(port, to, (int) (bytes / DeviceTableEntry.BYTES));
    }

    private DeviceEntries refuse(String reason) {
        refusal = reason;
        return null;
    }

    /** Copies an entry; returns why it, and with it the table, cannot be copied, or null. */
    private String copyEntry(long from, long to, int device) {
        long q0 = port.read64(from);
        long q1 = port.read64(from + 8);
        int domain = (int) DeviceTableEntry.DOMAIN_ID.of(q1);
        if (DeviceTableEntry.V.isSet(q0) && domain != 0) {
            if (seen.get(domain) && quirks.refusesSharedIds() && !trusts) {
                return "Failed to reserve domain ID 0x" + Integer.toHexString(domain);
            }
            seen.set(domain);
            if (quirks.reservesIds() || trusts) {
                ids.reserve(domain);
            }
            copied.set(device);
            if (DeviceTableEntry.GV.isSet(q0)) {
                q0 = DeviceTableEntry.withGcr3Low(DeviceTableEntry.GV.with(q0, 0), 0);
                q1 = DeviceTableEntry.withGcr3High(q1, 0);
            }
        }
        port.write64(to + 8, q1);
        port.write64(to, q0);
        long q2 = port.read64(from + 16);
        int control = (int) DeviceTableEntry.INT_CTL.of(q2);
        int length = (int) DeviceTableEntry.INT_TAB_LEN.of(q2);
        if (!trusts && DeviceTableEntry.IV.isSet(q2) && (control != 0 || length != 0)) {
            if (control != DeviceTableEntry.INT_REMAP || length != quirks.interruptTableLength()) {
                return "Wrong old irq remapping flag: 0x" + Integer.toHexString(device);
            }
        }
        port.write64(to + 16, q2);
        port.write64(to + 24, port.read64(from + 24));
        return null;
    }
}
