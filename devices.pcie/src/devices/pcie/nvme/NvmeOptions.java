// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import static devices.pcie.link.DeviceOptions.GONE_FROM_NANOS;
import static devices.pcie.link.DeviceOptions.IGNORES_RESET;
import static devices.pcie.link.DeviceOptions.MASTER_TO_RESET_NANOS;
import static devices.pcie.link.DeviceOptions.RESET_NANOS;
import static devices.pcie.link.DeviceOptions.WEDGES_ON_ABORT;

import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.PciFunction;
import java.util.Set;
import java.util.function.ToLongBiFunction;

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
 * @param shadowDoorbells whether the host may keep doorbells in its memory
 * @param bytesPerSecond what the medium is held to; 0 for as fast as it is
 */
record NvmeOptions(long mediumNanos, long resetNanos, boolean ignoresReset, boolean wedgesOnAbort,
        long goneFromNanos, long sectors, int queuePairs, boolean shadowDoorbells,
        long bytesPerSecond) {

    /** As emulators name it. */
    static final String QUEUE_PAIRS = "max_ioqpairs";
    /** 1: has Doorbell Buffer Config; of QEMU's controllers it is 1, of others 0. */
    static final String SHADOW_DOORBELLS = "shadowDoorbells";
    static final Set<String> NAMES = Set.of(DeviceContext.MEDIUM_NANOS, RESET_NANOS, IGNORES_RESET,
            WEDGES_ON_ABORT, GONE_FROM_NANOS, MASTER_TO_RESET_NANOS, SHADOW_DOORBELLS,
            DeviceContext.BYTES_PER_SECOND, DeviceContext.READERS);

    private static final long DEFAULT_MEDIUM_NANOS = 80_000;
    private static final long DEFAULT_RESET_NANOS = 1_000_000;
    /** One TiB. */
    private static final long DEFAULT_SECTORS = 1L << 31;
    private static final int DEFAULT_QUEUE_PAIRS = 64;
    private static final int MOST_QUEUE_PAIRS = 500;
    /** Vendor and device of QEMU's, which has had them since 7.1 (3f7fe8de3d49). */
    private static final int EMULATED = 0x0010_1b36;

    /** Returns whether the host may keep doorbells in its memory. */
    static boolean hasShadowDoorbells(PciFunction function, ToLongBiFunction<String, Long> asked) {
        boolean emulated = function.readConfig(0, Integer.BYTES) == EMULATED;
        return asked.applyAsLong(SHADOW_DOORBELLS, emulated ? 1L : 0L) != 0;
    }

    static NvmeOptions of(DeviceContext context) {
        long medium = context.option(DeviceContext.MEDIUM_NANOS, 0);
        long pairs = context.option(QUEUE_PAIRS, DEFAULT_QUEUE_PAIRS);
        if (pairs < 1 || pairs > MOST_QUEUE_PAIRS) {
            throw new IllegalArgumentException(QUEUE_PAIRS + " " + pairs + ", expected 1 to "
                    + MOST_QUEUE_PAIRS);
        }
        long reset = context.option(RESET_NANOS, DEFAULT_RESET_NANOS);
        long rate = context.option(DeviceContext.BYTES_PER_SECOND, 0);
        if (medium < 0 || reset < 0 || rate < 0) {
            throw new IllegalArgumentException("a request in " + medium + " ns, reset in " + reset
                    + " ns, " + rate + " bytes a second");
        }
        return new NvmeOptions(medium == 0 ? DEFAULT_MEDIUM_NANOS : medium, reset,
                context.option(IGNORES_RESET, 0) != 0, context.option(WEDGES_ON_ABORT, 0) != 0,
                context.option(GONE_FROM_NANOS, Long.MAX_VALUE),
                context.option(DeviceContext.SECTORS, DEFAULT_SECTORS), (int) pairs,
                hasShadowDoorbells(context.function(), context::option), rate);
    }
}
