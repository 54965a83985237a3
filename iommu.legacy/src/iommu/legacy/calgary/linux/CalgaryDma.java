// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.linux;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.api.unit.DmaMappingException;
import iommu.api.unit.DmaOps;
import iommu.api.unit.KernelPort;
import iommu.api.unit.StepRefusedException;
import iommu.legacy.calgary.TranslationEntry;

/**
 * Gives out entries of a PHB's table, each time those behind the last ones; an entry that is freed
 * stays in the PHB's cache until the end of the table is reached. Functions on a PHB that does not
 * translate reach memory as it is. One thread.
 *
 * <p>Source: Linux, pci-calgary_64.c, calgary_dma_ops.
 */
final class CalgaryDma implements DmaOps {

    private static final int PAGE_MASK = (1 << TranslationEntry.PAGE_SHIFT) - 1;

    private final HostBridges bridges;
    private final KernelPort port;

    CalgaryDma(HostBridges bridges, KernelPort port) {
        this.bridges = bridges;
        this.port = port;
    }

    private TceTable table(PciFunction function) {
        return bridges.tableOf(RequesterId.bus(function.alias()));
    }

    @Override
    public DmaBuffer map(PciFunction function, long physicalAddress, int bytes, int access) {
        TceTable table = table(function);
        if (table == null) {
            return new DmaBuffer(physicalAddress, physicalAddress, bytes);
        }
        long page = physicalAddress & ~PAGE_MASK;
        int count = pages(physicalAddress, bytes);
        int first = table.take(count);
        if (first < 0) {
            bridges.blast(table);
            table.rewind();
            first = table.take(count);
        }
        if (first < 0) {
            port.print("Calgary: IOMMU full.");
            throw new DmaMappingException(
                    "Calgary: failed to allocate " + count + " pages in iommu");
        }
        int at = first;
        long iova = (long) first << TranslationEntry.PAGE_SHIFT;
        port.recordMap(function.requesterId(), iova, page,
                () -> table.build(at, count, page, access));
        return new DmaBuffer(iova | physicalAddress & PAGE_MASK, physicalAddress, bytes);
    }

    private static int pages(long address, int bytes) {
        return (int) ((address & PAGE_MASK) + bytes + PAGE_MASK >>> TranslationEntry.PAGE_SHIFT);
    }

    @Override
    public void unmap(PciFunction function, DmaBuffer buffer) {
        TceTable table = table(function);
        if (table != null) {
            long page = buffer.iova() & ~PAGE_MASK;
            port.recordUnmap(function.requesterId(), page,
                    () -> table.free((int) (page >>> TranslationEntry.PAGE_SHIFT),
                            pages(buffer.iova(), buffer.bytes())));
        }
    }

    @Override
    public boolean mapsDma(PciFunction function) {
        return table(function) != null;
    }

    @Override
    public void reserve(AddressRange range) {
        bridges.reserve(range);
    }

    /** {@inheritDoc} Montgomery's rule for this chip: entry i leads to page i. */
    @Override
    public void identityMap(PciFunction function, AddressRange range)
            throws StepRefusedException {
        TceTable table = table(function);
        if (table == null || !table.covers(range)) {
            throw new StepRefusedException("no TCE table of this kernel has entries for "
                    + range + " of " + RequesterId.format(function.requesterId()));
        }
        port.recordMap(function.requesterId(), range.start(), range.start(), () ->
                table.build((int) (range.start() >>> TranslationEntry.PAGE_SHIFT),
                        (int) (range.bytes() >>> TranslationEntry.PAGE_SHIFT), range.start(),
                        Access.READ | Access.WRITE));
    }
}
