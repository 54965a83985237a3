// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.none;

import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.PciFunction;
import iommu.api.profile.KernelProfile;
import iommu.api.unit.DmaMappingException;
import iommu.api.unit.DmaOps;
import iommu.api.unit.DmaOpsFactory;
import iommu.api.unit.KernelPort;
import org.osgi.service.component.annotations.Component;

/**
 * The last resort of every kernel: an address is that of memory, and what a device's mask does not
 * reach cannot be mapped. Stateless.
 *
 * <p>Source: Linux, pci-nommu.c, check_addr and nommu_map_page; dma-direct.c, dma_direct_map_page.
 */
@Component(property = "service.ranking:Integer=-1000")
public final class NoIommu implements DmaOpsFactory {

    private static final int ALL_BITS = 64;

    @Override
    public String name() {
        return "none";
    }

    @Override
    public DmaOps dmaOps(KernelProfile kernel, KernelPort port) {
        return new DmaOps() {
            @Override
            public DmaBuffer map(PciFunction function, long physicalAddress, int bytes,
                    int access) {
                int bits = port.dmaBits(function.requesterId());
                if (bits < ALL_BITS && physicalAddress + bytes > 1L << bits) {
                    throw new DmaMappingException(String.format(
                            "nommu_map_page: overflow %x+%d of device mask %x", physicalAddress,
                            bytes, (1L << bits) - 1));
                }
                return new DmaBuffer(physicalAddress, physicalAddress, bytes);
            }

            @Override
            public void unmap(PciFunction function, DmaBuffer buffer) { }

            @Override
            public boolean mapsDma(PciFunction function) {
                return false;
            }
        };
    }
}
