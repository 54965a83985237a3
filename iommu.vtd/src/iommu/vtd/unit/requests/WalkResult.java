// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.requests;

import iommu.vtd.FaultReason;

/** What a walk found; one object a walker, overwritten by each walk so that none is allocated. */
public final class WalkResult {

    /** Whether the walk only looks: it sets no accessed or dirty bits and fills no cache. */
    public boolean looksOnly;
    /** Whether a walk that only looks asks and fills caches nevertheless; they are a copy. */
    public boolean asksCaches;
    /** Whether a listener is told what the paging-structure caches know. */
    public boolean tellsCaches;

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
