// SPDX-License-Identifier: Apache-2.0
package iommu.api.machine;

import iommu.api.memory.AddressRange;
import java.util.List;

/**
 * Memory that firmware has some functions do DMA to, and that kernels therefore map to itself for
 * them: RMRR of the DMAR table, IVMD of IVRS.
 *
 * @param range whole pages
 * @param scopes the functions
 */
public record ReservedRegion(AddressRange range, List<UnitDescription.Scope> scopes) {

    /** Checks the range and copies the list. */
    public ReservedRegion {
        if ((range.start() | range.end()) % 4096 != 0) {
            throw new IllegalArgumentException("reserved region " + range + " is no whole pages");
        }
        scopes = List.copyOf(scopes);
    }

    /** Returns whether the region is for this function. */
    public boolean names(int requester) {
        return scopes.stream().anyMatch(s -> s.covers(requester));
    }
}
