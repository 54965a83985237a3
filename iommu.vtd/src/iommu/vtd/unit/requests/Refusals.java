// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.requests;

import iommu.vtd.FaultReason;

/** What becomes of requests that are blocked; each returns the packed outcome. */
public interface Refusals {

    /** Of a translated request while translation is off: above all reasons of fault records. */
    int TRANSLATION_OFF = 0x101;

    /**
     * Blocks a request.
     *
     * @param context of the request, see {@link ContextTag}, as far as it was found; else 0
     * @param disabled whether the tables disable the recording of qualified faults
     */
    long blocked(Request request, long context, FaultReason reason, boolean disabled);

    /**
     * Blocks a request that hit an IOTLB entry without the right it needs, and nothing is recorded
     * of it.
     */
    long denied(Request request, long page, int pageShift, int reason);

    /** Blocks a request that nothing is recorded of. */
    long silently(Request request, int reason);
}
