// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.requests;

import iommu.api.unit.Translation;
import iommu.vtd.FaultReason;

/** What a walk found; one object a walker, overwritten by each walk so that none is allocated. */
public final class WalkResult {

    /** Why the walk ended early, or null. */
    public FaultReason fault;
    /** Whether an entry on the way disables the recording of qualified faults. */
    public boolean faultsDisabled;
    /** Whether the fault lies in an entry that is not present or wrong, not in its rights. */
    public boolean erroneous;
    /** What the context entry lets the source do, see {@link SourceCapabilities}. */
    public int source;
    /** Result of the walk to context or PASID entry, see {@link ContextTag}. */
    public long context;
    /** PASID directory or second-stage table that belongs to {@link #context}. */
    public long table;
    /** How page tables are walked, see {@link PagingMode}. */
    public long paging;
    /** Page that the leaf maps. */
    public long page;
    /** Base-2 logarithm of the page size. */
    public int pageShift;
    /** Rights over all levels, see {@link PageRights}. */
    public int rights;

    /** Forgets the walk before. */
    public void start() {
        faultsDisabled = false;
        erroneous = true;
        context = 0;
        source = 0;
        paging = 0;
    }

    /** Returns where an address of the page goes, packed. */
    public long translation(long address) {
        long inPage = (1L << pageShift) - 1;
        return Translation.to(page & ~inPage | address & inPage, pageShift);
    }

    /** Ends a walk with a fault; returns false. */
    public boolean fail(FaultReason reason) {
        fault = reason;
        return false;
    }

    /** Ends a walk with a fault; returns false. */
    public boolean fail(FaultReason reason, boolean inEntry) {
        erroneous = inEntry;
        fault = reason;
        return false;
    }
}
