// SPDX-License-Identifier: Apache-2.0
package devices.pcie.root;

import iommu.api.pcie.Fabric;
import iommu.api.pcie.PciFunction;
import iommu.api.sim.EventQueue;
import iommu.api.unit.DeviceTlbs;

/**
 * The way from one unit down to the translation caches of the functions of its segment. A request
 * for a function that is not there is lost. One thread.
 */
final class DeviceTlbRoute implements DeviceTlbs {

    private static final int SEGMENT_SHIFT = 16;

    private final EventQueue queue;
    private final Fabric fabric;
    private final int segment;

    DeviceTlbRoute(EventQueue queue, Fabric fabric, int segment) {
        this.queue = queue;
        this.fabric = fabric;
        this.segment = segment;
    }

    @Override
    public void invalidate(int requester, int pasid, long address, int shift, int tag) {
        PciFunction function = fabric.function(segment << SEGMENT_SHIFT | requester & 0xffff);
        if (function != null) {
            function.invalidateTranslations(pasid, address, shift, tag);
        }
    }

    @Override
    public void after(long delayNanos, Runnable action) {
        queue.schedule(delayNanos, action);
    }
}
