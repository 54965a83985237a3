// SPDX-License-Identifier: Apache-2.0
package iommu.api.machine;

import java.util.Set;

/**
 * What the driver of a function has mapped for it while its kernel runs: how a machine that was
 * never captured is described.
 *
 * @param requester id of the function
 * @param readWrite pages that the device may read and write: rings, queues, buffers
 * @param readOnly pages that it may read only
 * @param writeOnly pages that it may write only, as receive buffers
 * @param registeredBytes memory registered for long, in one piece of addresses, which the device
 *     may read and write; a multiple of {@link #LARGE_BYTES}
 * @param seen pages of I/O addresses that it was seen to use; empty if nobody looked
 */
public record DriverMemory(int requester, int readWrite, int readOnly, int writeOnly,
        long registeredBytes, Set<Long> seen) {

    /** Registered memory comes in pages of 2 MiB. */
    public static final long LARGE_BYTES = 2L << 20;
    /** More pages of a kind than any ring here has. */
    public static final int MOST_PAGES = 4096;
    /** I/O addresses below 4 GiB leave no room for more. */
    public static final long MOST_REGISTERED = 3L << 30;

    /** Describes what the driver of a device has mapped that nobody looked at. */
    public DriverMemory(int requester, int readWrite, int readOnly, int writeOnly,
            long registeredBytes) {
        this(requester, readWrite, readOnly, writeOnly, registeredBytes, Set.of());
    }

    /** Checks the numbers. */
    public DriverMemory {
        seen = Set.copyOf(seen);
        if (!fits(readWrite) || !fits(readOnly) || !fits(writeOnly) || registeredBytes < 0
                || registeredBytes > MOST_REGISTERED || registeredBytes % LARGE_BYTES != 0) {
            throw new IllegalArgumentException(readWrite + ", " + readOnly + ", " + writeOnly
                    + " pages, " + registeredBytes + " bytes registered");
        }
    }

    private static boolean fits(int pages) {
        return pages >= 0 && pages <= MOST_PAGES;
    }
}
