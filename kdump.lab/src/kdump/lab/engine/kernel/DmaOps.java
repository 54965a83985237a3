// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.PciFunction;

/**
 * How a kernel makes memory reachable for a function: by a remapping unit, as it is, or by another
 * way that a machine has. One thread.
 *
 * <p>Source: Linux, dma-map-ops.h, struct dma_map_ops.
 */
interface DmaOps {

    /** Memory is reached at its physical address. */
    DmaOps DIRECT = new DmaOps() {
        @Override
        public DmaBuffer map(PciFunction function, long physicalAddress, int bytes, int access) {
            return new DmaBuffer(physicalAddress, physicalAddress, bytes);
        }

        @Override
        public void unmap(PciFunction function, DmaBuffer buffer) { }
    };

    /**
     * Makes bytes within one page reachable.
     *
     * @param access as in {@link iommu.api.pcie.Access}
     */
    DmaBuffer map(PciFunction function, long physicalAddress, int bytes, int access);

    /** Ends what {@link #map} began. */
    void unmap(PciFunction function, DmaBuffer buffer);
}
