// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.vtd.FaultReason;

/** What a walk found; one object a walker, overwritten by each walk so that none is allocated. */
final class WalkResult {

    /** Whether the walk only looks: it sets no accessed or dirty bits and fills no cache. */
    boolean looksOnly;
    /** Whether a walk that only looks asks and fills caches nevertheless; they are a copy. */
    boolean asksCaches;
    /** Whether a listener is told what the paging-structure caches know. */
    boolean tellsCaches;

    /** Why the walk ended early, or null. */
    FaultReason fault;
    /** Whether an entry on the way disables the recording of qualified faults. */
    boolean faultsDisabled;
    /** Whether the fault lies in an entry that is not present or wrong, not in its rights. */
    boolean erroneous;
    /** What the context entry lets the source do, see {@link SourceTraits}. */
    int source;
    /** Result of the walk to context or PASID entry, see {@link Stage}. */
    long stage;
    /** PASID directory or second-stage table that belongs to {@link #stage}. */
    long table;
    /** How page tables are walked, see {@link PagingMode}. */
    long paging;
    /** Page that the leaf maps. */
    long page;
    /** Base-2 logarithm of the page size. */
    int pageShift;
    /** Rights over all levels, as {@link Iotlb} keeps them. */
    int rights;

    /** Forgets the walk before. */
    void start() {
        faultsDisabled = false;
        erroneous = true;
        stage = 0;
        source = 0;
        paging = 0;
    }

    /** Ends a walk with a fault; returns false. */
    boolean fail(FaultReason reason) {
        fault = reason;
        return false;
    }

    /** Ends a walk with a fault; returns false. */
    boolean fail(FaultReason reason, boolean inEntry) {
        erroneous = inEntry;
        fault = reason;
        return false;
    }
}
