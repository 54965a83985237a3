// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import org.osgi.annotation.versioning.ProviderType;

/**
 * What a kernel offers to a driver. Each act costs virtual time, except inside an event. One
 * thread.
 */
@ProviderType
public interface DriverPort {

    /** Returns the function that the driver drives. */
    PciFunction function();

    /** Returns the 64 bits of memory at {@code physicalAddress}. */
    long read64(long physicalAddress);

    /** Writes 64 bits of memory. */
    void write64(long physicalAddress, long value);

    /** Copies bytes into memory. */
    void write(long physicalAddress, byte[] from, int offset, int bytes);

    /**
     * Allocates a cleared page and returns its physical address.
     *
     * @throws IllegalStateException if the kernel has no page left
     */
    long allocatePage();

    /** Gives a page back. */
    void freePage(long physicalAddress);

    /**
     * Maps memory for DMA of this function.
     *
     * @param access {@link Access} bits
     * @return the buffer with the iova that the kernel chose
     */
    DmaBuffer map(long physicalAddress, int bytes, int access);

    /** Unmaps a buffer that {@link #map} returned. */
    void unmap(DmaBuffer buffer);

    /**
     * Says that the driver hands a request to its device that is to reach a medium: it is lost
     * unless that happens.
     *
     * @param number of the request, counted from the device's last reset
     */
    void posted(long number, Medium medium);

    /** Lets time pass. */
    void sleep(long nanos);

    /**
     * Waits until the 64 bits at {@code physicalAddress} have {@code value} under {@code mask}.
     *
     * @return false if they had not after {@code timeoutNanos}
     */
    boolean waitForMemory(long physicalAddress, long mask, long value, long timeoutNanos);
}
