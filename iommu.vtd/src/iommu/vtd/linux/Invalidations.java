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

    /** Returns whether device TLBs can be invalidated: they need a queue. */
    default boolean reachDeviceTlbs() {
        return false;
    }

    /**
     * Invalidates translations in a function's device TLB.
     *
     * @param depth requests that the function can hold, 0 or more than 31 for 32
     * @param address of the first page, aligned to the range
     * @param addressMask base-2 logarithm of the number of pages, 0 to 52
     */
    default void deviceTlb(int source, int depth, long address, int addressMask) {
        throw new UnsupportedOperationException("device TLBs need a queue");
    }

    /** Invalidates all interrupt entries; nothing where there is no queue. */
    void interruptEntries();

    /** Invalidates one interrupt entry; nothing where there is no queue. */
    void interruptEntry(int index);
}
