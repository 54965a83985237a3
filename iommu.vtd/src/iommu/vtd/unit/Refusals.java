// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.vtd.FaultReason;

/** What becomes of requests that are blocked; each returns the packed outcome. */
interface Refusals {

    /**
     * Blocks a request.
     *
     * @param stage of the request, see {@link Stage}, as far as it was found; else 0
     * @param disabled whether the tables disable the recording of qualified faults
     */
    long blocked(Request request, long stage, FaultReason reason, boolean disabled);

    /** Blocks a request that nothing is recorded of. */
    long silently(Request request, int reason);
}
