// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.PciFunction;
import iommu.api.unit.DmaOps;

/** Memory is reached at its physical address. Stateless. */
class DirectDma implements DmaOps {

    @Override
    public DmaBuffer map(PciFunction function, long physicalAddress, int bytes, int access) {
        return new DmaBuffer(physicalAddress, physicalAddress, bytes);
    }

    @Override
    public void unmap(PciFunction function, DmaBuffer buffer) { }

    @Override
    public boolean mapsDma(PciFunction function) {
        return false;
    }
}
