// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

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
 * @param mediumNanos how long the medium takes for a request
 * @param resetNanos from a change of CC.EN to that of CSTS.RDY
 * @param ignoresReset whether clearing CC.EN does nothing
 * @param wedgesOnAbort whether an aborted read is the end until the function is reset
 * @param goneFromNanos when it is pulled out of its slot
 * @param sectors of the namespace, 512 bytes each; 0 for no namespace
 * @param queuePairs I/O queue pairs
 */
record NvmeOptions(long mediumNanos, long resetNanos, boolean ignoresReset, boolean wedgesOnAbort,
        long goneFromNanos, long sectors, int queuePairs) {

    /** As emulators name it. */
    static final String QUEUE_PAIRS = "max_ioqpairs";
    static final Set<String> NAMES = Set.of(DeviceContext.MEDIUM_NANOS, RESET_NANOS, IGNORES_RESET,
            WEDGES_ON_ABORT, GONE_FROM_NANOS, MASTER_TO_RESET_NANOS);

    private static final long DEFAULT_MEDIUM_NANOS = 80_000;
    private static final long DEFAULT_RESET_NANOS = 1_000_000;
    /** One TiB. */
    private static final long DEFAULT_SECTORS = 1L << 31;
    private static final int DEFAULT_QUEUE_PAIRS = 64;
    private static final int MOST_QUEUE_PAIRS = 500;

    static NvmeOptions of(DeviceContext context) {
        long medium = context.option(DeviceContext.MEDIUM_NANOS, 0);
        long pairs = context.option(QUEUE_PAIRS, DEFAULT_QUEUE_PAIRS);
        if (pairs < 1 || pairs > MOST_QUEUE_PAIRS) {
            throw new IllegalArgumentException(QUEUE_PAIRS + " " + pairs + ", expected 1 to "
                    + MOST_QUEUE_PAIRS);
        }
        long reset = context.option(RESET_NANOS, DEFAULT_RESET_NANOS);
        if (medium < 0 || reset < 0) {
            throw new IllegalArgumentException("a request in " + medium + " ns, reset in " + reset
                    + " ns");
        }
        return new NvmeOptions(medium == 0 ? DEFAULT_MEDIUM_NANOS : medium, reset,
                context.option(IGNORES_RESET, 0) != 0, context.option(WEDGES_ON_ABORT, 0) != 0,
                context.option(GONE_FROM_NANOS, Long.MAX_VALUE),
                context.option(DeviceContext.SECTORS, DEFAULT_SECTORS), (int) pairs);
    }
}
