// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.swiotlb;

import iommu.api.profile.KernelOption;
import iommu.api.profile.KernelProfile;
import iommu.api.unit.DmaOps;
import iommu.api.unit.DmaOpsFactory;
import iommu.api.unit.KernelPanicException;
import iommu.api.unit.KernelPort;
import java.util.List;
import java.util.Set;
import org.osgi.service.component.annotations.Component;

/**
 * Gives kernels bounce buffers that have memory which 32 bits do not reach, or are told to.
 * Stateless.
 *
 * <p>Source: Linux, pci-swiotlb.c, pci_swiotlb_detect_4gb; swiotlb.c, swiotlb_init.
 */
@Component
public final class Swiotlb implements DmaOpsFactory {

    private static final long LOW_END = 1L << 32;
    private static final int PAGE_SHIFT = 12;

    @Override
    public String name() {
        return "swiotlb";
    }

    @Override
    public DmaOps dmaOps(KernelProfile profile, KernelPort port) {
        BounceKernel kernel = BounceKernel.of(profile);
        if (kernel.use() == BounceKernel.NEVER || kernel.use() == BounceKernel.IF_NEEDED
                && port.ownMemoryEnd() <= LOW_END) {
            return null;
        }
        long bytes = (long) kernel.slots() * BounceBuffers.SLOT_BYTES;
        long start = port.takeLowPages((int) (bytes >> PAGE_SHIFT));
        if (start >= 0) {
            port.print("PCI-DMA: Using software bounce buffering for IO (SWIOTLB)");
            port.print(String.format("software IO TLB [mem 0x%08x-0x%08x] (%dMB)", start,
                    start + bytes - 1, bytes >> 20));
        } else if (kernel.panicsAtBoot()) {
            throw new KernelPanicException("Cannot allocate SWIOTLB buffer");
        } else {
            port.print("Cannot allocate SWIOTLB buffer");
        }
        return new BounceBuffers(kernel, port, start);
    }

    @Override
    public Set<String> kernelSettings() {
        return BounceKernel.settings();
    }

    @Override
    public List<KernelOption> kernelOptions(String commandLine) {
        return BounceKernel.options(commandLine);
    }
}
