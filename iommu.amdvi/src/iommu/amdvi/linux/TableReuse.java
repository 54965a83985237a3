// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.DeviceTableEntry;
import iommu.api.unit.KernelPort;

/**
 * Takes the device table of the kernel before where it lies, after looking at its size and address,
 * and keeps the domain id of every valid entry, in versions that do.
 *
 * <p>Source: Linux 6.18, amd/init.c, __reuse_device_table.
 */
final class TableReuse {

    private static final long FOUR_GIB = 1L << 32;

    private final KernelPort port;
    private final DomainIds ids;
    private final KernelQuirks quirks;
    private String refusal;

    TableReuse(KernelPort port, DomainIds ids, KernelQuirks quirks) {
        this.port = port;
        this.ids = ids;
        this.quirks = quirks;
    }

    /** Returns why the table was refused. */
    String refusal() {
        return refusal;
    }

    /**
     * Takes the table that a base register names.
     *
     * @param expectedBytes size that this kernel's table has; 0 if it takes the old one's
     * @return the table; null if it was refused
     */
    DeviceEntries reuse(long register, long expectedBytes) {
        return reuse(register, expectedBytes, false);
    }

    /** @param anywhere whether a table above 4 GiB is trusted too, which no kernel does */
    DeviceEntries reuse(long register, long expectedBytes, boolean anywhere) {
        long bytes = AmdViRegisters.deviceTableBytes(register);
        if (expectedBytes != 0 && bytes != expectedBytes) {
            return refuse("The device table size of IOMMU:" + port.unitNumber()
                    + " is not expected!");
        }
        long base = quirks.plain(AmdViRegisters.BASE.inPlace(register));
        if (base >= FOUR_GIB && !anywhere) {
            return refuse("The address of old device table is above 4G, not trustworthy!");
        }
        if (base == 0 || !port.isMemory(base, bytes)) {
            return refuse("The old device table cannot be read");
        }
        int count = (int) (bytes / DeviceTableEntry.BYTES);
        var entries = new DeviceEntries(port, base, count);
        for (int device = 0; device < count; device++) {
            if (quirks.reservesIds() && DeviceTableEntry.V.isSet(entries.low(device))) {
                ids.reserve(entries.domainId(device));
            }
        }
        return entries;
    }

    private DeviceEntries refuse(String reason) {
        refusal = reason;
        return null;
    }
}
