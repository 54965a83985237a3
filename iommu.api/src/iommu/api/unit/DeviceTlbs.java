// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

/**
 * The way from a unit to the translation caches of devices: invalidation requests go down, answers
 * come back by {@link RemappingUnit#invalidationCompleted}, at once, late or never. One thread.
 *
 * <p>Source: PCI Express Base Specification, "Address Translation Services", "ATS Invalidation".
 */
public interface DeviceTlbs {

    /**
     * Sends an invalidation request.
     *
     * @param requester the id of the device
     * @param pasid whose translations are meant, or -1 for those without PASID
     * @param address of the first byte, aligned to the size
     * @param shift base-2 logarithm of the size, 12 to 64
     * @param tag that the device answers with, 0 to 31
     */
    void invalidate(int requester, int pasid, long address, int shift, int tag);

    /**
     * Answers a group of page requests.
     *
     * @param pasid or -1
     * @param code 0 success, 1 invalid request, 15 failure
     */
    default void pageResponse(int requester, int pasid, int group, int code) { }

    /** Runs {@code action} after {@code delayNanos} of virtual time. */
    void after(long delayNanos, Runnable action);
}
