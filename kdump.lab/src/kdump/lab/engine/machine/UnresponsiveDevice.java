// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Device;
import iommu.api.sim.EventQueue;
import java.util.Set;

/**
 * A device of any model that does not always answer. {@value #SILENT_FROM}: the instant from which
 * on it completes nothing that it is asked, until a reset reaches it; what it does by itself goes
 * on. {@value #READY_AFTER}: for so long after each reset it answers configuration requests with
 * Request Retry Status and takes no others; -1 for ever. One thread.
 */
final class UnresponsiveDevice extends DelegatingDevice {

    /** Option: the instant from which on nothing is answered. */
    static final String SILENT_FROM = "silentFromNanos";
    /** Option: nanoseconds from a reset to readiness. */
    static final String READY_AFTER = "readyAfterResetNanos";
    /** Both. */
    static final Set<String> OPTIONS = Set.of(SILENT_FROM, READY_AFTER);

    private static final long NEVER = Long.MAX_VALUE;

    private final EventQueue queue;
    private final long readyAfter;
    private long silentFrom;
    private long readyAt;

    private UnresponsiveDevice(Device device, EventQueue queue, long silentFrom,
            long readyAfter) {
        super(device);
        this.queue = queue;
        this.silentFrom = silentFrom;
        this.readyAfter = readyAfter;
    }

    /**
     * Returns the device as it is asked to be.
     *
     * @throws IllegalArgumentException if an instant is negative, or a time below -1
     */
    static Device of(Device device, EventQueue queue, DeviceSetup setup, int requester) {
        long silent = setup.option(requester, SILENT_FROM, NEVER);
        long ready = setup.option(requester, READY_AFTER, 0);
        if (silent < 0) {
            throw new IllegalArgumentException(SILENT_FROM + " = " + silent);
        }
        if (ready < -1) {
            throw new IllegalArgumentException(READY_AFTER + " = " + ready
                    + ", expected -1 or more");
        }
        return silent == NEVER && ready == 0 ? device
                : new UnresponsiveDevice(device, queue, silent, ready);
    }

    @Override
    public CompletionStatus completion() {
        long now = queue.nanos();
        return now >= silentFrom ? CompletionStatus.COMPLETION_TIMEOUT
                : now < readyAt ? CompletionStatus.REQUEST_RETRY : super.completion();
    }

    @Override
    public void reset() {
        super.reset();
        if (queue.nanos() >= silentFrom) {
            silentFrom = NEVER;
        }
        notReady();
    }

    @Override
    public void resetEnded() {
        super.resetEnded();
        notReady();
    }

    private void notReady() {
        readyAt = readyAfter < 0 ? NEVER : queue.nanos() + readyAfter;
    }
}
