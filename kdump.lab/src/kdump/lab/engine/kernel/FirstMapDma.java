// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.PciFunction;
import iommu.api.unit.DmaOps;
import iommu.api.unit.StepRefusedException;
import java.util.function.Consumer;

/** Another way to map, before whose first mapping of a function something is told. One thread. */
final class FirstMapDma implements DmaOps {

    private final DmaOps ops;
    private final Consumer<PciFunction> maps;

    /**
     * Makes it.
     *
     * @param maps is told of each mapping before it is made
     */
    FirstMapDma(DmaOps ops, Consumer<PciFunction> maps) {
        this.ops = ops;
        this.maps = maps;
    }

    @Override
    public DmaBuffer map(PciFunction function, long physicalAddress, int bytes, int access) {
        maps.accept(function);
        return ops.map(function, physicalAddress, bytes, access);
    }

    @Override
    public void unmap(PciFunction function, DmaBuffer buffer) {
        ops.unmap(function, buffer);
    }

    @Override
    public boolean mapsDma(PciFunction function) {
        return ops.mapsDma(function);
    }

    @Override
    public void reserve(AddressRange range) {
        ops.reserve(range);
    }

    @Override
    public void identityMap(PciFunction function, AddressRange range)
            throws StepRefusedException {
        ops.identityMap(function, range);
    }
}
