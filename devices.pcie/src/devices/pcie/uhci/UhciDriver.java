// SPDX-License-Identifier: Apache-2.0
package devices.pcie.uhci;

import static devices.pcie.uhci.UhciLayout.EVENTS;
import static devices.pcie.uhci.UhciLayout.USBSTS;

import devices.pcie.usb.RingPages;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Workload;

/**
 * The driver of a controller. Under the first kernel it waits for reports of the keyboard, through
 * a schedule that the controller goes through for ever; under a capture kernel it takes the
 * controller over and enumerates what is plugged in. It writes no dump. One thread.
 *
 * <p>Source: Linux, uhci-hcd.c; usbhid's hid_irq_in.
 */
final class UhciDriver implements DeviceDriver {

    private static final long MOST_POLLS = 1000;

    private final DriverPort port;
    private final HostAccess access;
    private HostSchedule schedule;
    private long pollNanos;
    private HostProbe probe;

    UhciDriver(DriverPort port) {
        this.port = port;
        access = new HostAccess(port);
    }

    @Override
    public void start(Workload work, long seed) {
        if (work.requestsPerSecond() == 0 || work.rings().isEmpty()) {
            return;
        }
        pollNanos = (long) (1e9 / Math.min(MOST_POLLS, work.requestsPerSecond()));
        var pages = new RingPages(port, work);
        access.enable(true);
        access.own();
        schedule = new HostSchedule(port, pages.next(), pages.next());
        schedule.awaitReport();
        access.start(pages.first().iova());
    }

    @Override
    public long service() {
        if (schedule == null) {
            return 0;
        }
        access.write(USBSTS, access.read(USBSTS) & EVENTS.mask() & ~UhciLayout.HALTED.mask());
        if (schedule.hasReport()) {
            schedule.awaitReport();
        }
        return pollNanos;
    }

    @Override
    public void finalFixup() {
        access.handOff();
    }

    @Override
    public String probe() {
        probe = new HostProbe(port, access);
        return probe.probe();
    }

    @Override
    public String write(long physicalAddress, int bytes, long position) {
        return "has no medium";
    }

    @Override
    public String shutdown() {
        if (probe != null) {
            probe.shutdown();
        }
        return null;
    }
}
