// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.vtd.FaultReason;

/** What a walk found; one object a walker, overwritten by each walk so that none is allocated. */
final class WalkResult {

    /** Why the walk ended early, or null. */
    FaultReason fault;
    /** Whether an entry on the way disables the recording of qualified faults. */
    boolean faultsDisabled;
    /** Result of the context walk, see {@link Stage}. */
    long stage;
    /** Second-stage table that belongs to {@link #stage}. */
    long table;
    /** Page that the leaf maps. */
    long page;
    /** Base-2 logarithm of the page size. */
    int pageShift;
    /** {@link iommu.api.pcie.Access} bits over all levels. */
    int rights;

    /** Forgets the walk before. */
    void start() {
        faultsDisabled = false;
        stage = 0;
    }

    /** Ends a walk with a fault; returns false. */
    boolean fail(FaultReason reason) {
        fault = reason;
        return false;
    }
}
