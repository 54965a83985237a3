// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static devices.pcie.fabric.ConfigLayout.RETRY_VISIBLE_ENABLE;
import static devices.pcie.fabric.ConfigLayout.ROOT_CONTROL;

import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Upstream;

/**
 * One function as it is asked by processors: each request that expects an answer is completed
 * once, if only by the time-out of whoever sent it. One thread.
 */
final class RequestTarget {

    /** Vendor ID 0001h, and ones beside it. */
    private static final int NOT_READY = 0xffff_0001;
    private static final int ALL_ONES = -1;

    private final FabricFunction function;
    private final WayUp way;
    private final Upstream upstream;

    RequestTarget(FabricFunction function, WayUp way, Upstream upstream) {
        this.function = function;
        this.way = way;
        this.upstream = upstream;
    }

    /**
     * Returns how what is asked now ends; a processor that asks in vain waits. A link that is down,
     * or nobody there, is not supported at once.
     */
    CompletionStatus asked() {
        if (!function.isThere() || function.isHeld()) {
            return CompletionStatus.UNSUPPORTED_REQUEST;
        }
        CompletionStatus how = function.completion();
        if (how == CompletionStatus.COMPLETION_TIMEOUT) {
            timedOut(way.rootPort());
        }
        return how;
    }

    /** The root port waits; without one the root complex does, which nobody can tell how long. */
    private void timedOut(FabricFunction port) {
        if (port == null) {
            upstream.requestTimedOut(function.requesterId(), CompletionTimer.DEFAULT_NANOS,
                    () -> { });
        } else {
            upstream.requestTimedOut(function.requesterId(),
                    CompletionTimer.nanos(port.config()),
                    () -> ErrorReporting.timedOut(port, upstream));
        }
    }

    /**
     * Returns what a read of config space gives while the function is not ready: the root port lets
     * software see that by the Vendor ID alone, if it is told to. Otherwise it reads ones, as root
     * complexes do that try no more.
     *
     * <p>Source: PCI Express Base Specification, "Configuration RRS Software Visibility"; Linux,
     * pci_dev_wait.
     */
    int retried(int offset, int bytes) {
        FabricFunction port = way.rootPort();
        return offset == 0 && bytes > 1 && port != null && RETRY_VISIBLE_ENABLE.isSet(
                port.config().read(port.config().express() + ROOT_CONTROL, 2))
                ? NOT_READY : ALL_ONES;
    }
}
