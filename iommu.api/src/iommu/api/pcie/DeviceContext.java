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

    /**
     * Option of the machine itself: how long a disk's medium takes for one request, in nanoseconds;
     * 0 or absent where the model's own time holds.
     */
    String MEDIUM_NANOS = "mediumNanos";

    /**
     * Option of the machine itself: the time from one frame that arrives from the wire to the next,
     * in nanoseconds; 0 or absent where none arrives.
     */
    String FRAME_NANOS = "frameNanos";

    /**
     * Option of the machine itself: how many sectors a disk has; absent where the model's own size
     * holds.
     */
    String SECTORS = "sectors";

    /**
     * Option of the machine itself: address of the first memory that its firmware has reserved for
     * the function (RMRR, IVMD); absent where it has reserved none.
     */
    String RESERVED_START = "reservedStart";

    /** Option of the machine itself: size of what {@link #RESERVED_START} begins, in bytes. */
    String RESERVED_BYTES = "reservedBytes";

    /**
     * Option of the machine itself: whether user space of the capture kernel opens a network
     * interface as soon as its driver has probed, 1 for yes; 0 or absent where nobody does.
     */
    String OPENS_INTERFACE = "opensInterface";

    /** Option of a disk: bytes a second that its medium is held to; 0 or absent for none. */
    String BYTES_PER_SECOND = "bytesPerSecond";

    /** Option of a disk's driver: how many processes of the first kernel read from it. */
    String READERS = "readers";

    /** Option of a network controller: 1 where it moves what it moves as emulators do. */
    String WHOLE_TRANSFERS = "whole_transfers";

    /** Number of {@link #request} for what a device does to find out whether there are any. */
    long LOOKING = Long.MIN_VALUE;

    /** Returns the function that the device sits behind. */
    PciFunction function();

    /** Returns the way to memory. */
    DmaPort dma();

    /** Returns the interrupts of the function, as its driver sets them up. */
    default Interrupts interrupts() {
        return dma().interrupts();
    }

    /** Returns the virtual time in nanoseconds. */
    long nanos();

    /** Runs {@code action} after {@code delayNanos} of virtual time. */
    void schedule(long delayNanos, Runnable action);

    /**
     * Says that the device begins to work on a request: what it does from here on, up to the next
     * call or the end of the event, it does for that.
     *
     * @param number of the request, counted from the device's last reset; or {@link #LOOKING}
     * @return a token for {@link #resume}, not 0
     */
    int request(long number);

    /**
     * Says that the device goes on with a request, in a later event or after another one.
     *
     * @param token from {@link #request}
     */
    void resume(int token);

    /** Says that the device has dropped all that it held: it was reset. */
    void dropped();

    /**
     * Returns what the machine asks of its device, such as the bits of its addresses.
     *
     * @param otherwise returned if the machine asks nothing of that name
     */
    default long option(String name, long otherwise) {
        return otherwise;
    }

    /**
     * Returns what the machine says of its device in words, such as a serial number.
     *
     * @param otherwise returned if the machine says nothing of that name
     */
    default String text(String name, String otherwise) {
        return otherwise;
    }

    /**
     * Reads, by a processor as firmware does, memory that firmware has reserved for the function:
     * for a device of which firmware's own driver is a part.
     *
     * @param address physical
     * @throws IllegalArgumentException if not all of it lies where {@link #RESERVED_START} and
     *     {@link #RESERVED_BYTES} say
     */
    default void readReserved(long address, byte[] to, int offset, int bytes) {
        throw new IllegalArgumentException("nothing is reserved here");
    }

    /**
     * Writes, by a processor as firmware does, memory that firmware has reserved for the function.
     *
     * @param address physical
     * @throws IllegalArgumentException as of {@link #readReserved}
     */
    default void writeReserved(long address, byte[] from, int offset, int bytes) {
        throw new IllegalArgumentException("nothing is reserved here");
    }

    /**
     * Puts what the request in hand has read from memory on a medium.
     *
     * @param position number of the first sector, {@link Medium#SECTOR_BYTES} each, or number of
     *     the frame
     */
    void store(Medium medium, long position, byte[] from, int offset, int bytes);

    /**
     * Fills an array with what comes from a medium.
     *
     * @param position as for {@link #store}
     */
    void fetch(Medium medium, long position, byte[] to, int offset, int bytes);
}
