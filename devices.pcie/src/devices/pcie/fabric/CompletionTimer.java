// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static devices.pcie.fabric.ConfigLayout.DEVICE_CONTROL_2;
import static devices.pcie.fabric.ConfigLayout.EXPRESS_FLAGS;
import static devices.pcie.fabric.ConfigLayout.EXPRESS_VERSION;
import static devices.pcie.fabric.ConfigLayout.TIMEOUT_DISABLE;
import static devices.pcie.fabric.ConfigLayout.TIMEOUT_VALUE;

/**
 * How long a function waits for a completion, by its Device Control 2. The specification gives
 * ranges; it is the upper end of each here, so late as is allowed.
 *
 * <p>Source: PCI Express Base Specification, "Device Control 2 Register" (Completion Timeout Value,
 * Completion Timeout Disable).
 */
final class CompletionTimer {

    /** It waits for ever. */
    static final long NEVER = -1;

    /** Of a function that software has told nothing: 50 us to 50 ms. */
    static final long DEFAULT_NANOS = 50_000_000;

    private static final long MILLI = 1_000_000;
    /** By Completion Timeout Value, ranges A to D; 0 where it is reserved. */
    private static final long[] NANOS = {DEFAULT_NANOS, 100_000, 10 * MILLI, 0, 0, 55 * MILLI,
        210 * MILLI, 0, 0, 900 * MILLI, 3_500 * MILLI, 0, 0, 13_000 * MILLI, 64_000 * MILLI, 0};

    private CompletionTimer() { }

    /** Returns the time, {@link #NEVER} if the mechanism is off. */
    static long nanos(ConfigSpace config) {
        int express = config.express();
        if (express == 0
                || EXPRESS_VERSION.of(config.read(express + EXPRESS_FLAGS, 2)) < 2) {
            return DEFAULT_NANOS;
        }
        int control = config.read(express + DEVICE_CONTROL_2, 2);
        if (TIMEOUT_DISABLE.isSet(control)) {
            return NEVER;
        }
        long nanos = NANOS[(int) TIMEOUT_VALUE.of(control)];
        return nanos == 0 ? DEFAULT_NANOS : nanos;
    }
}
