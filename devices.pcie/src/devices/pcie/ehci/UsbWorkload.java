// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ehci;

import static devices.pcie.usb.AttachedDevice.DISK_OUT;
import static devices.pcie.usb.AttachedDevice.KEYS_IN;

import devices.pcie.usb.AttachedDevice;
import devices.pcie.usb.BulkOnlyTransport;
import devices.pcie.usb.Pipes;
import devices.pcie.usb.RingPages;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Workload;
import iommu.api.sim.RandomStream;

/**
 * What a running kernel has a controller do: one command of the disk after the other, and a request
 * for the keyboard's next report all the time. Queues stay linked, so the controller goes round
 * them for ever. One thread.
 *
 * <p>Source: Linux, usbhid's hid_irq_in; ehci-q.c, which unlinks a queue some milliseconds after
 * its last transfer: a crash may leave it linked.
 */
final class UsbWorkload implements Pipes {

    private static final long POLL_NANOS = 10_000;
    private static final int BUFFERS = 4;
    private static final int ADDRESS = 1;
    private static final int ENDPOINTS = 5;

    private final HostAccess access;
    private final Workload work;
    private final HostQueues queues;
    private final BulkOnlyTransport disk;
    private int waitsFor;

    UsbWorkload(DriverPort port, HostAccess access, Workload work, long seed) {
        this.access = access;
        this.work = work;
        var pages = new RingPages(port, work);
        queues = new HostQueues(port, pages.next(), pages.next());
        disk = new BulkOnlyTransport(port, this, work, new RandomStream(seed, "ehci-driver"),
                RingPages::isReached, BUFFERS);
    }

    /** Starts the controller, whose device is there already. */
    void start() {
        access.enable(true);
        access.own();
        awaitReport();
        disk.begin();
        access.start(queues.frameList(), queues.queues());
    }

    /** Attends to what has ended; returns when it wants to be called again. */
    long service() {
        access.handled();
        if (queues.hasEnded(KEYS_IN) && !queues.hasHalted(KEYS_IN)) {
            awaitReport();
        }
        if (!disk.hasEnded() && queues.hasEnded(waitsFor)) {
            disk.transferred(!queues.hasHalted(waitsFor));
        }
        return Math.max(POLL_NANOS,
                (long) (1e9 / BulkOnlyTransport.STAGES / work.requestsPerSecond()));
    }

    private void awaitReport() {
        queues.post(KEYS_IN, QueueLayout.IN, queues.at(HostQueues.REPORT_AT),
                AttachedDevice.REPORT_BYTES, true, false);
    }

    // ---- for the disk ---------------------------------------------------------------------------

    @Override
    public void post(int endpoint, long address, int bytes, boolean more) {
        queues.post(endpoint, endpoint == DISK_OUT ? QueueLayout.OUT : QueueLayout.IN, address,
                bytes, !more, false);
    }

    /** The controller looks by itself. */
    @Override
    public void start(int endpoint) {
        waitsFor = endpoint;
    }

    @Override
    public void command(byte[] block) {
        queues.write(HostQueues.COMMAND_AT, block);
    }

    @Override
    public long commandAt() {
        return queues.at(HostQueues.COMMAND_AT);
    }

    @Override
    public long statusAt() {
        return queues.at(HostQueues.STATUS_AT);
    }

    @Override
    public long number(long transfer) {
        return (long) (ADDRESS << ENDPOINTS | DISK_OUT) << Integer.SIZE | transfer;
    }
}
