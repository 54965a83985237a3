// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import org.osgi.annotation.versioning.ProviderType;

/**
 * What a kernel offers to a driver. Each act costs virtual time, except inside an event. One
 * thread.
 */
@ProviderType
public interface DriverPort {

    /**
     * How long what waits without bound waits here until it is taken for hung.
     *
     * <p>Source: Linux, hung_task_timeout_secs, 120 s by default.
     */
    long WITHOUT_BOUND_NANOS = 120_000_000_000L;

    /** Returns the function that the driver drives. */
    PciFunction function();

    /** Returns the 64 bits of memory at {@code physicalAddress}. */
    long read64(long physicalAddress);

    /** Writes 64 bits of memory. */
    void write64(long physicalAddress, long value);

    /** Copies bytes into memory. */
    void write(long physicalAddress, byte[] from, int offset, int bytes);

    /** Copies bytes out of memory. */
    void read(long physicalAddress, byte[] to, int offset, int bytes);

    /**
     * Allocates cleared pages, adjacent and aligned to their number rounded up to a power of two;
     * they are never given back.
     *
     * @return physical address of the first
     * @throws IllegalStateException if the kernel has no such pages left
     */
    long allocatePages(int count);

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

    /**
     * Sets up interrupts of the function, as far as it can: by its MSI-X table, otherwise by MSI,
     * otherwise by its pin. Each vector gets one of this kernel's own, through the interrupt table
     * of the remapping unit where this kernel uses one. Called once, after {@link #function} is a
     * bus master and decodes memory.
     *
     * @param wanted how many vectors the driver has use for, at least 1
     * @return how many it has got, at least 1; 0 if the function has no interrupt at all
     */
    int enableInterrupts(int wanted);

    /**
     * Waits for an interrupt of the function; one that has arrived since the last call counts. What
     * it is about, the driver finds out by itself.
     *
     * @param vector 0 to what {@link #enableInterrupts} returned less 1
     * @return false if none came within {@code timeoutNanos}; at once within an event
     */
    boolean waitForInterrupt(int vector, long timeoutNanos);

    /**
     * Returns what the machine asks of this device's driver, as {@link DeviceContext#option} does
     * of the device.
     *
     * @param otherwise returned if the machine asks nothing of that name
     */
    default long option(String name, long otherwise) {
        return otherwise;
    }

    /**
     * Returns whether the kernel's command line has the word reset_devices, which asks drivers to
     * reset their devices before they use them. Few drivers heed it; most reset theirs anyhow.
     *
     * <p>Source: Linux, kernel-parameters.txt, reset_devices.
     */
    default boolean resetsDevices() {
        return true;
    }

    /** Returns whether the kernel is of this version or later: drivers change, too. */
    default boolean isFrom(int major, int minor) {
        return true;
    }

    /**
     * Returns the instant: drivers keep a time-out from the begin of a command, however many
     * interrupts come meanwhile. 0 where nobody counts.
     */
    default long nanos() {
        return 0;
    }

    /** Lets time pass. */
    void sleep(long nanos);

    /**
     * Waits until the 64 bits at {@code physicalAddress} have {@code value} under {@code mask}.
     *
     * @return false if they had not after {@code timeoutNanos}
     */
    boolean waitForMemory(long physicalAddress, long mask, long value, long timeoutNanos);
}
