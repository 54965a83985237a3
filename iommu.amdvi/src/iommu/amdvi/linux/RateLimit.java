// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

/** Lets 10 lines through in 5 seconds. Source: Linux, lib/ratelimit.c, with its default values. */
final class RateLimit {

    private static final long INTERVAL_NANOS = 5_000_000_000L;
    private static final int BURST = 10;

    private long begin = Long.MIN_VALUE;
    private int printed;

    /** Returns whether a line may be printed at an instant. */
    boolean allows(long nanos) {
        if (begin == Long.MIN_VALUE || nanos - begin > INTERVAL_NANOS) {
            begin = nanos;
            printed = 0;
        }
        return printed++ < BURST;
    }
}
