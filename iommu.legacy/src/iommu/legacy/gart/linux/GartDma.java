// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.gart.linux;

import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.PciFunction;
import iommu.api.unit.DmaMappingException;
import iommu.api.unit.DmaOps;
import iommu.api.unit.KernelPort;
import iommu.legacy.gart.GattEntry;

/**
 * Maps through the aperture what a device does not reach, or everything if it is forced; all else
 * is reached as it is. An entry that is freed leads to the scratch page, and what is cached of it
 * stays until the next mapping. One thread.
 *
 * <p>Source: Linux, amd_gart_64.c, gart_map_page, dma_map_area, gart_unmap_page.
 */
final class GartDma implements DmaOps {

    private static final int PAGE_MASK = (1 << GattEntry.PAGE_SHIFT) - 1;
    private static final int ALL_BITS = 64;

    private final GartKernel kernel;
    private final KernelPort port;
    private final Gatt gatt;
    private final Runnable flush;

    /**
     * Makes it.
     *
     * @param flush has the northbridge drop what it caches
     */
    GartDma(GartKernel kernel, KernelPort port, Gatt gatt, Runnable flush) {
        this.kernel = kernel;
        this.port = port;
        this.gatt = gatt;
        this.flush = flush;
    }

    @Override
    public boolean mapsDma(PciFunction function) {
        return kernel.force();
    }

    @Override
    public DmaBuffer map(PciFunction function, long physicalAddress, int bytes, int access) {
        int bits = port.dmaBits(function.requesterId());
        boolean reached = bits >= ALL_BITS || physicalAddress + bytes <= 1L << bits;
        if (reached && !kernel.force()) {
            return new DmaBuffer(physicalAddress, physicalAddress, bytes);
        }
        int count = pages(physicalAddress, bytes);
        int first = physicalAddress + bytes > GattEntry.PHYSICAL_END ? -1 : gatt.take(count);
        if (first < 0 && reached) {
            return new DmaBuffer(physicalAddress, physicalAddress, bytes);
        }
        if (first < 0) {
            String words = "PCI-DMA: Out of IOMMU space for " + bytes + " bytes";
            port.print(words);
            throw new DmaMappingException(words);
        }
        long page = physicalAddress & ~PAGE_MASK;
        long iova = gatt.apertureStart() + ((long) first << GattEntry.PAGE_SHIFT);
        port.recordMap(function.requesterId(), iova, page, () -> {
            gatt.build(first, count, page);
            if (gatt.mustFlush() || kernel.flushesAlways()) {
                flush.run();
            }
        });
        return new DmaBuffer(iova | physicalAddress & PAGE_MASK, physicalAddress, bytes);
    }

    private static int pages(long address, int bytes) {
        return (int) ((address & PAGE_MASK) + bytes + PAGE_MASK >>> GattEntry.PAGE_SHIFT);
    }

    @Override
    public void unmap(PciFunction function, DmaBuffer buffer) {
        if (gatt.covers(buffer.iova())) {
            long page = buffer.iova() & ~PAGE_MASK;
            port.recordUnmap(function.requesterId(), page, () -> gatt.clear(
                    (int) (page - gatt.apertureStart() >>> GattEntry.PAGE_SHIFT),
                    pages(buffer.iova(), buffer.bytes())));
        }
    }
}
