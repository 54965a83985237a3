// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.unit.KernelPort;

/** Lets 10 lines through in 5 seconds. Source: Linux, lib/ratelimit.c, with its default values. */
final class RateLimit {

    private static final long INTERVAL_NANOS = 5_000_000_000L;
    private static final int BURST = 10;

    private final KernelPort port;
    private final String name;
    private boolean started;
    private long begin;
    private int printed;
    private int missed;

    /** @param name of the function that the kernel names when lines were held back */
    RateLimit(KernelPort port, String name) {
        this.port = port;
        this.name = name;
    }

    /** Returns whether a line may be printed now. */
    boolean allows() {
        long now = port.nanos();
        if (!started) {
            started = true;
            begin = now;
        }
        if (now - begin > INTERVAL_NANOS) {
            if (missed > 0) {
                port.print(name + ": " + missed + " callbacks suppressed");
                missed = 0;
            }
            begin = now;
            printed = 0;
        }
        if (printed < BURST) {
            printed++;
            return true;
        }
        missed++;
        return false;
    }
}
