// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static devices.pcie.link.DeviceOptions.GONE_FROM_NANOS;
import static devices.pcie.link.DeviceOptions.IGNORES_RESET;
import static devices.pcie.link.DeviceOptions.MASTER_TO_RESET_NANOS;
import static devices.pcie.link.DeviceOptions.RESET_NANOS;
import static devices.pcie.link.DeviceOptions.WEDGES_ON_ABORT;

import iommu.api.pcie.DeviceContext;
import java.util.Set;

/**
 * What a machine may ask of a controller.
 *
 * @param frameNanos from one frame on the wire to the next; 0 for none
 * @param frameBytes length of such a frame without check sequence, 60 to 1514
 * @param wholeTransfers as emulators do it: a descriptor is read when its frame is there, data go
 *     in one request a page, and a descriptor is written back without DD and then its status
 * @param readsZeros an aborted read counts as zeros, which is so with whole transfers if nothing
 *     else is asked; otherwise it stops the unit that made it
 * @param wedgesOnAbort after an aborted read nothing works any more until the function is reset
 * @param ignoresReset the chip's own reset does nothing and never ends
 * @param resetNanos how long the chip's own reset takes
 * @param goneFromNanos the instant at which the device is pulled out
 */
record NicOptions(long frameNanos, int frameBytes, boolean wholeTransfers, boolean readsZeros,
        boolean wedgesOnAbort, boolean ignoresReset, long resetNanos, long goneFromNanos) {

    static final String FRAME_BYTES = "frameBytes";
    static final String WHOLE_TRANSFERS = "whole_transfers";
    static final String ABORTED_READS = "abortedReads";

    static final Set<String> NAMES = Set.of(DeviceContext.FRAME_NANOS, FRAME_BYTES,
            WHOLE_TRANSFERS, ABORTED_READS, WEDGES_ON_ABORT, IGNORES_RESET, RESET_NANOS,
            GONE_FROM_NANOS, Nvm.MAC, MASTER_TO_RESET_NANOS,
            DeviceContext.OPENS_INTERFACE);

    static final int LEAST_FRAME = 60;
    static final int MOST_FRAME = 1514;
    /** A DHCP request, of the broadcasts that any network has the commonest. */
    private static final int DEFAULT_FRAME = 342;
    /** The EEPROM is read again. */
    private static final long DEFAULT_RESET_NANOS = 1_000_000;

    /** Checks the length of frames. */
    NicOptions {
        if (frameBytes < LEAST_FRAME || frameBytes > MOST_FRAME) {
            throw new IllegalArgumentException(FRAME_BYTES + " " + frameBytes + ", expected "
                    + LEAST_FRAME + " to " + MOST_FRAME);
        }
        if (frameNanos < 0 || resetNanos < 0) {
            throw new IllegalArgumentException("frames every " + frameNanos + " ns, reset in "
                    + resetNanos + " ns");
        }
    }

    static NicOptions of(DeviceContext context) {
        long whole = context.option(WHOLE_TRANSFERS, 0);
        return new NicOptions(context.option(DeviceContext.FRAME_NANOS, 0),
                (int) context.option(FRAME_BYTES, DEFAULT_FRAME),
                whole != 0, context.option(ABORTED_READS, whole) != 0,
                context.option(WEDGES_ON_ABORT, 0) != 0, context.option(IGNORES_RESET, 0) != 0,
                context.option(RESET_NANOS, DEFAULT_RESET_NANOS),
                context.option(GONE_FROM_NANOS, Long.MAX_VALUE));
    }
}
