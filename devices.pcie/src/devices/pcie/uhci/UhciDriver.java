// SPDX-License-Identifier: Apache-2.0
package devices.pcie.uhci;

import static devices.pcie.uhci.UhciLayout.EVENTS;
import static devices.pcie.uhci.UhciLayout.USBSTS;

import devices.pcie.usb.ControllerDriver;
import devices.pcie.usb.RingPages;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Workload;
import java.util.function.LongSupplier;

/**
 * The driver of a controller: reports of the keyboard are waited for, through a schedule that the
 * controller goes through for ever.
 *
 * <p>Source: Linux, uhci-hcd.c; usbhid's hid_irq_in.
 */
final class UhciDriver extends ControllerDriver {

    private static final long MOST_POLLS = 1000;

    private final DriverPort port;
    private final HostAccess access;

    UhciDriver(DriverPort port) {
        this(port, new HostAccess(port));
    }

    private UhciDriver(DriverPort port, HostAccess access) {
        super(port, access);
        this.port = port;
        this.access = access;
    }

    @Override
    protected LongSupplier begin(Workload work, long seed) {
        var pages = new RingPages(port, work);
        access.enable(true);
        access.own();
        var schedule = new HostSchedule(port, pages.next(), pages.next());
        schedule.awaitReport();
        access.start(pages.first().iova());
        long pollNanos = (long) (1e9 / Math.min(MOST_POLLS, work.requestsPerSecond()));
        return () -> {
            access.write(USBSTS, access.read(USBSTS) & EVENTS.mask() & ~UhciLayout.HALTED.mask());
            if (schedule.hasReport()) {
                schedule.awaitReport();
            }
            return pollNanos;
        };
    }

    @Override
    protected Probe newProbe() {
        return new HostProbe(port, access);
    }
}
