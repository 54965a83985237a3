// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

/**
 * The cache invalidations that the kernel asks for, each done when the call returns. Granularities
 * are those of {@link iommu.vtd.InvalidationDescriptor}, which the registers share.
 */
interface Invalidations {

    /** Invalidates the context cache. */
    void context(int granularity, int domain, int source);

    /**
     * Invalidates the IOTLB.
     *
     * @param hint that only leaves changed
     */
    void iotlb(int granularity, int domain, long address, int addressMask, boolean hint);

    /**
     * Invalidates translations of requests without PASID in a first-stage domain; nothing where
     * there is no queue.
     *
     * @param addressMask base-2 logarithm of the number of pages, or -1 for all
     */
    void firstStage(int domain, long address, int addressMask, boolean hint);

    /** Invalidates all PASID entries; nothing where there is no queue. */
    void pasidCache();

    /** Invalidates all interrupt entries; nothing where there is no queue. */
    void interruptEntries();
}
