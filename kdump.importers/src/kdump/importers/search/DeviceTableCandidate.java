// SPDX-License-Identifier: Apache-2.0
package kdump.importers.search;

import java.util.List;

/**
 * Pages that have the shape of a device table, and what walking it showed.
 *
 * @param address of the first
 * @param pages of 4 KiB
 * @param valid entries that are valid
 * @param requesters bus, device and function of each entry whose page table was walked without
 *     fault, or that passes requests through
 * @param broken entries that led to something that is no table
 * @param leaves mappings of the good entries
 * @param leavesInRam those of them that lead to RAM
 */
public record DeviceTableCandidate(long address, int pages, int valid, List<Integer> requesters,
        int broken, long leaves, long leavesInRam) {

    /** Without any mapping only a table with so many valid entries is believed: half a page. */
    private static final int FULL = 64;

    /** Copies the list. */
    public DeviceTableCandidate {
        requesters = List.copyOf(requesters);
    }

    /**
     * Returns whether the walk confirms the shape: devices are there, nearly all lead to tables,
     * and most of what they map is RAM.
     */
    public boolean isVerified() {
        return !requesters.isEmpty() && broken <= requesters.size() / 4
                && (leaves > 0 || valid >= FULL) && leavesInRam >= leaves - leaves / 2;
    }

    /** Returns the evidence in a few words. */
    public String evidence() {
        return String.format("0x%x (%d pages, %d valid entries, %d devices with DMA%s, %d mappings,"
                + " %d of them to RAM)", address, pages, valid, requesters.size(),
                broken == 0 ? "" : " and " + broken + " broken ones", leaves, leavesInRam);
    }
}
