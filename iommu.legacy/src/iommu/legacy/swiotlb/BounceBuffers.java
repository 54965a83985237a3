// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.swiotlb;

import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.PciFunction;
import iommu.api.unit.DmaMappingException;
import iommu.api.unit.DmaOps;
import iommu.api.unit.KernelPanicException;
import iommu.api.unit.KernelPort;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * Slots of 2 KiB below 4 GiB. What a device is to read is copied there as it is mapped, what it has
 * written is copied back as it is unmapped, and at no other time: a device that writes after its
 * kernel has crashed fills a slot, and the memory that was meant never changes. One thread.
 *
 * <p>Source: Linux, swiotlb.c, swiotlb_tbl_map_single, swiotlb_tbl_unmap_single, swiotlb_bounce.
 */
final class BounceBuffers implements DmaOps {

    /** Length of a slot. */
    static final int SLOT_BYTES = 2048;
    private static final int PAGE_BYTES = 4096;
    /** Slots that may be adjacent, 256 KiB. */
    private static final int SEGMENT = 128;
    private static final int ALL_BITS = 64;
    private static final int WORD = 8;

    private record Bounced(long original, int bytes, int access, int slot, int slots) { }

    private final BounceKernel kernel;
    private final KernelPort port;
    /** -1 if there was no memory. */
    private final long start;
    private final BitSet used = new BitSet();
    private final Map<Long, Bounced> bounced = new HashMap<>();
    private int next;

    BounceBuffers(BounceKernel kernel, KernelPort port, long start) {
        this.kernel = kernel;
        this.port = port;
        this.start = start;
    }

    @Override
    public boolean mapsDma(PciFunction function) {
        return false;
    }

    @Override
    public DmaBuffer map(PciFunction function, long physicalAddress, int bytes, int access) {
        int bits = port.dmaBits(function.requesterId());
        boolean reached = bits >= ALL_BITS || physicalAddress + bytes <= 1L << bits;
        boolean coherent = access == (Access.READ | Access.WRITE);
        if (reached && (coherent || !kernel.force())) {
            return new DmaBuffer(physicalAddress, physicalAddress, bytes);
        }
        int inPage = (int) (physicalAddress % PAGE_BYTES % SLOT_BYTES);
        int slots = (inPage + bytes + SLOT_BYTES - 1) / SLOT_BYTES;
        int slot = take(slots, bytes >= PAGE_BYTES ? PAGE_BYTES / SLOT_BYTES : 1, bytes);
        long at = start + (long) slot * SLOT_BYTES + inPage;
        bounced.put(at, new Bounced(physicalAddress, bytes, access, slot, slots));
        port.recordMap(function.requesterId(), at, physicalAddress, () -> {
            if ((access & Access.READ) != 0) {
                copy(physicalAddress, at, bytes);
            }
        });
        return new DmaBuffer(at, physicalAddress, bytes);
    }

    private int take(int slots, int aligned, int bytes) {
        if (start < 0) {
            String words = "Can not allocate SWIOTLB buffer earlier and can't now provide you with"
                    + " the DMA bounce buffer";
            if (kernel.panicsAtMap()) {
                throw new KernelPanicException(words);
            }
            throw new DmaMappingException(words);
        }
        int slot = find(slots, aligned, next);
        slot = slot >= 0 ? slot : find(slots, aligned, 0);
        if (slot < 0) {
            port.print("swiotlb buffer is full (sz: " + bytes + " bytes)");
            throw new DmaMappingException("swiotlb buffer is full (sz: " + bytes + " bytes)");
        }
        used.set(slot, slot + slots);
        next = slot + slots;
        return slot;
    }

    /** Returns the first of adjacent free slots that are in one segment; -1 if there are none. */
    private int find(int slots, int aligned, int from) {
        int slot = up(from, aligned);
        while (slots <= SEGMENT && slot + slots <= kernel.slots()) {
            int clash = used.nextSetBit(slot);
            if (slot / SEGMENT != (slot + slots - 1) / SEGMENT) {
                slot = up(slot + 1, SEGMENT);
            } else if (clash < 0 || clash >= slot + slots) {
                return slot;
            } else {
                slot = up(clash + 1, aligned);
            }
        }
        return -1;
    }

    private static int up(int slot, int aligned) {
        return (slot + aligned - 1) / aligned * aligned;
    }

    @Override
    public void unmap(PciFunction function, DmaBuffer buffer) {
        Bounced entry = bounced.isEmpty() ? null : bounced.remove(buffer.iova());
        if (entry != null) {
            port.recordUnmap(function.requesterId(), buffer.iova(), () -> {
                if ((entry.access & Access.WRITE) != 0) {
                    copy(buffer.iova(), entry.original, entry.bytes);
                }
            });
            used.clear(entry.slot, entry.slot + entry.slots);
        }
    }

    /** Copies words, and of the last one as much as is the buffer's. */
    private void copy(long from, long to, int bytes) {
        int whole = bytes / WORD * WORD;
        port.copy(from, to, whole);
        if (whole < bytes) {
            long kept = -1L << 8 * (bytes - whole);
            port.write64(to + whole,
                    port.read64(to + whole) & kept | port.read64(from + whole) & ~kept);
        }
    }
}
