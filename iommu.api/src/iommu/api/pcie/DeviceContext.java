// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import org.osgi.annotation.versioning.ProviderType;

/** What a device model gets from the machine it sits in. One thread. */
@ProviderType
public interface DeviceContext {

    /**
     * Option of the machine itself: the instant at which its first kernel crashes. A device that
     * misbehaves does so from there on, as a rule: before it, the kernel got on with it.
     */
    String CRASH_NANOS = "crashNanos";

    /** Returns the function that the device sits behind. */
    PciFunction function();

    /** Returns the way to memory. */
    DmaPort dma();

    /** Returns the virtual time in nanoseconds. */
    long nanos();

    /** Runs {@code action} after {@code delayNanos} of virtual time. */
    void schedule(long delayNanos, Runnable action);

    /** Says that what follows, up to the next call, is done for request {@code sequence}. */
    void begin(long sequence);

    /**
     * Returns what the machine asks of its device, such as the bits of its addresses.
     *
     * @param otherwise returned if the machine asks nothing of that name
     */
    default long option(String name, long otherwise) {
        return otherwise;
    }

    /**
     * Keeps what a request read from memory.
     *
     * @param sequence number of the request, counted from the device's last reset
     * @param position block number or frame number
     */
    void commit(Medium medium, long sequence, long position, byte[] from, int offset, int bytes);

    /** Fills an array with what comes from the medium at {@code position}. */
    void fetch(Medium medium, long position, byte[] to, int offset, int bytes);
}
