// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.requests;

import iommu.vtd.FaultReason;

/** Finds where a request goes, asking caches before tables; or looks what would be found. */
public interface RequestResolver {

    /** Returns whether translation is on. */
    boolean translating();

    /** Returns what is known of the request that is looked up now. */
    WalkResult found();

    /** Finds the context entry of the source of a request; false for a fault. */
    boolean locateContext(Request request);

    /** Finds how the source, or the PASID, of a request is translated; false for a fault. */
    boolean locate(Request request);

    /**
     * Goes from what {@link #locate} found to a page, which it leaves in {@link #found}.
     *
     * @param wanted the access, perhaps another than the request's own
     * @return null, or why it is not granted
     */
    FaultReason resolve(Request request, int wanted);
}
