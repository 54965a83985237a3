// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.linux;

import iommu.api.unit.KernelPort;

/**
 * The table in firmware's extended BIOS data area that tells where chips are, as a kernel looks for
 * it. Machines whose memory does not say where that area is are taken to have it. Stateless.
 *
 * <p>Source: Linux, pci-calgary_64.c, detect_calgary, build_detail_arrays; bios_ebda.h,
 * get_bios_ebda; rio.h.
 */
final class RioGrandeTable {

    private static final long SEGMENT_AT = 0x40e;
    private static final int PARAGRAPH_SHIFT = 4;
    private static final long LOWEST = 0x8_0000;
    private static final long END = 0xa_0000;
    private static final int KILOBYTE_SHIFT = 10;
    private static final int FIRST_BLOCK = 0x180;
    private static final int BLOCK_ID = 0x4752;
    private static final int OLDEST = 2;
    private static final int NEWEST = 3;

    private RioGrandeTable() { }

    /**
     * Returns what a kernel says that does not find the table, or cannot use it; null if it can.
     */
    static String missing(KernelPort port) {
        long area = area(port);
        if (area < 0) {
            return null;
        }
        int before = 0;
        for (int offset = FIRST_BLOCK; offset > before;) {
            if (area + offset + 2 * Integer.BYTES > END) {
                break;
            }
            if (word(port, area + offset + 2) == BLOCK_ID) {
                int version = word(port, area + offset + 4) & 0xff;
                return version == OLDEST || version == NEWEST ? null
                        : "Calgary: Invalid Rio Grande Table Version: " + version;
            }
            before = offset;
            offset = word(port, area + offset);
        }
        return "Calgary: Unable to locate Rio Grande table in EBDA - bailing!";
    }

    /** Returns where the area is; -1 if memory does not say. */
    private static long area(KernelPort port) {
        if (!port.isMemory(SEGMENT_AT & -8, Long.BYTES)) {
            return -1;
        }
        long at = (long) word(port, SEGMENT_AT) << PARAGRAPH_SHIFT;
        if (at < LOWEST || at >= END || !port.isMemory(at, END - at)) {
            return -1;
        }
        long bytes = (long) (word(port, at) & 0xff) << KILOBYTE_SHIFT;
        return bytes == 0 || at + bytes > END ? -1 : at;
    }

    /** Returns the 16 bits at an even address. */
    private static int word(KernelPort port, long at) {
        return (int) (port.read64(at & -8) >>> 8 * (at & 7)) & 0xffff;
    }
}
