// SPDX-License-Identifier: Apache-2.0
package kdump.importers.search;

import java.util.List;

/**
 * A page that has the shape of a root table, and what walking it showed.
 *
 * @param address of the page
 * @param scalable whether it is a table of scalable mode
 * @param requesters bus, device and function of each context that was walked without fault
 * @param broken contexts that led to something that is no table
 * @param leaves mappings of the good contexts
 * @param leavesInRam those of them that lead to RAM
 */
public record RootCandidate(long address, boolean scalable, List<Integer> requesters, int broken,
        long leaves, long leavesInRam) {

    /** Copies the list. */
    public RootCandidate {
        requesters = List.copyOf(requesters);
    }

    /**
     * Returns whether the walk confirms the shape: contexts are there, nearly all lead to tables,
     * and most of what they map is RAM. Some may map a device's registers, and a dump may lack a
     * page.
     */
    public boolean isVerified() {
        return !requesters.isEmpty() && broken <= requesters.size() / 4
                && leavesInRam >= leaves - leaves / 2;
    }

    /** Returns the evidence in a few words. */
    public String evidence() {
        return String.format("0x%x (%s mode, %d contexts%s, %d mappings, %d of them to RAM)",
                address, scalable ? "scalable" : "legacy", requesters.size(),
                broken == 0 ? "" : " and " + broken + " broken ones", leaves, leavesInRam);
    }
}
