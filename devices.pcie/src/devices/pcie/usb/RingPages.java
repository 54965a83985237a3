// SPDX-License-Identifier: Apache-2.0
package devices.pcie.usb;

import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Workload;
import java.util.Iterator;
import java.util.stream.Stream;

/**
 * The pages that a driver under the first kernel lays schedules into, for controllers that reach 32
 * bits of addresses: rings first, then pages that are written both ways, then new ones. One thread.
 */
public final class RingPages {

    private static final int PAGE = 4096;

    private final DriverPort port;
    private final Iterator<DmaBuffer> mapped;
    private DmaBuffer first;

    /** Begins with the first one. */
    public RingPages(DriverPort port, Workload work) {
        this.port = port;
        mapped = Stream.concat(work.rings().stream(), work.writable().stream())
                .filter(RingPages::isReached).iterator();
    }

    /** Returns whether all of a buffer lies below 4 GiB, as the controller sees it. */
    public static boolean isReached(DmaBuffer buffer) {
        return buffer.iova() + buffer.bytes() <= 1L << Integer.SIZE;
    }

    /** Returns the next page. */
    public DmaBuffer next() {
        DmaBuffer page = mapped.hasNext() ? mapped.next()
                : port.map(port.allocatePage(), PAGE, Access.READ | Access.WRITE);
        first = first == null ? page : first;
        return page;
    }

    /** Returns what {@link #next} returned first. */
    public DmaBuffer first() {
        return first;
    }
}
