// SPDX-License-Identifier: Apache-2.0
package devices.pcie.graphics;

import iommu.api.pcie.DeviceContext;

/**
 * Memory that firmware has taken away from the operating system for graphics, reserved for the
 * function: the table of translations, then pages for surfaces. Where the two meet, GGC and BDSM of
 * config space would say; here the table has what the size has beside powers of two, from 64 KiB to
 * 8 MiB: of 72 MiB, 8. Where firmware has reserved nothing there is a table, and no page.
 * Immutable.
 *
 * <p>Source: Intel, "Open Source Graphics Programmer's Reference Manual", "Stolen Memory".
 *
 * @param start physical address of the table
 * @param tableBytes size of the table
 * @param pages how many pages follow the table, at most one an entry
 */
record StolenMemory(long start, long tableBytes, long pages) {

    private static final int PAGE = 4096;
    private static final long MOST_BYTES = 8 << 20;
    private static final long LEAST_BYTES = 64 << 10;

    /** What a machine asks of a device, or of its driver. */
    interface Options {
        long option(String name, long otherwise);
    }

    static StolenMemory of(Options options) {
        long reserved = options.option(DeviceContext.RESERVED_BYTES, 0);
        long table = Math.min(MOST_BYTES, Long.lowestOneBit(reserved));
        if (table < LEAST_BYTES || reserved <= table) {
            return new StolenMemory(0, MOST_BYTES, 0);
        }
        return new StolenMemory(options.option(DeviceContext.RESERVED_START, 0), table, Math.min(
                table / GraphicsLayout.ENTRY_BYTES, (reserved - table) / PAGE));
    }

    /** Returns how many pages of graphics addresses have an entry. */
    long entries() {
        return tableBytes / GraphicsLayout.ENTRY_BYTES;
    }

    /** Returns the physical address of the first page for surfaces. */
    long surfaces() {
        return start + tableBytes;
    }
}
