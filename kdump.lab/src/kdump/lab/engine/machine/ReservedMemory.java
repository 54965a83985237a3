// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.RequesterId;
import java.util.List;

/** The memory that firmware has reserved for a function, as its device is told of it. */
record ReservedMemory(List<AddressRange> ranges) {

    /** Returns what options say of the first range, unless somebody sets them. */
    long option(String name, long otherwise) {
        boolean start = name.equals(DeviceContext.RESERVED_START);
        if (ranges.isEmpty() || !start && !name.equals(DeviceContext.RESERVED_BYTES)) {
            return otherwise;
        }
        return start ? ranges.get(0).start() : ranges.get(0).end() - ranges.get(0).start();
    }

    /**
     * Checks an access by firmware.
     *
     * @throws IllegalArgumentException if it leaves what the device's options say is reserved
     */
    void check(DeviceContext device, long address, int bytes) {
        long start = device.option(DeviceContext.RESERVED_START, 0);
        long reserved = device.option(DeviceContext.RESERVED_BYTES, 0);
        if (address < start || address > start + reserved - bytes) {
            throw new IllegalArgumentException("0x" + Long.toHexString(address) + ", " + bytes
                    + " bytes, are not reserved for "
                    + RequesterId.format(device.function().requesterId()));
        }
    }
}
