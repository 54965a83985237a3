// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.pcie.PciFunction;
import iommu.api.unit.DeviceTlbs;

/**
 * The way from one unit down to the translation caches of the functions of its segment. A request
 * for a function that is not there is lost. One thread.
 */
final class DeviceTlbPath implements DeviceTlbs {

    private static final int SEGMENT_SHIFT = 16;

    private final Hardware hardware;
    private final int segment;

    DeviceTlbPath(Hardware hardware, int segment) {
        this.hardware = hardware;
        this.segment = segment;
    }

    @Override
    public void invalidate(int requester, int pasid, long address, int shift, int tag) {
        PciFunction function =
                hardware.fabric().function(segment << SEGMENT_SHIFT | requester & 0xffff);
        if (function != null) {
            function.invalidateTranslations(pasid, address, shift, tag);
        }
    }

    @Override
    public void after(long delayNanos, Runnable action) {
        hardware.queue().schedule(delayNanos, action);
    }
}
