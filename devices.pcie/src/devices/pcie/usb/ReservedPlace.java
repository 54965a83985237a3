// SPDX-License-Identifier: Apache-2.0
package devices.pcie.usb;

import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;

/**
 * Where firmware lays the schedule of one controller into memory that it has reserved for several:
 * controllers whose numbers follow each other get places that do. Assumed; nobody says.
 */
public final class ReservedPlace {

    /** Of a place: a page for the list of frames, a page for what it leads to. */
    public static final int BYTES = 8192;

    private static final long PAGE = 4096;

    private ReservedPlace() { }

    /**
     * Returns the address of a controller's place, on a page.
     *
     * @param start of what is reserved
     * @param bytes its size
     * @throws IllegalArgumentException if there is no room for one
     */
    public static long of(PciFunction function, long start, long bytes) {
        long first = start + PAGE - 1 & -PAGE;
        long places = (start + bytes - first) / BYTES;
        if (bytes <= 0 || places <= 0) {
            throw new IllegalArgumentException(UsbOptions.LEGACY_USE + " of "
                    + RequesterId.format(function.requesterId()) + ": firmware has reserved "
                    + bytes + " bytes for it, and needs " + BYTES);
        }
        int id = function.requesterId();
        return first + ((id >>> 3 & 0x1f) + (id & 7)) % places * BYTES;
    }
}
