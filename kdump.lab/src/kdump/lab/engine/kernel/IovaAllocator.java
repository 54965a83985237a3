// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import iommu.api.memory.AddressRange;
import iommu.api.unit.IovaOrder;
import iommu.api.unit.KernelPanicException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * I/O virtual addresses of one domain, by page, in the order in which its kernel gives them out: a
 * search goes on below what it found last, and begins at the top again once there is nothing below.
 * Kernels that cache give out what was given back last of that size before they search; what is in
 * a cache no search finds. One thread.
 *
 * <p>Source: Linux, iommu_dma_alloc_iova, alloc_iova and its cached32_node; alloc_iova_fast and
 * iova_rcache_insert, from 4.7 on (9257b4a206fc), of which there is one here however many
 * processors there are; dma_ops_alloc_addresses of old AMD code.
 */
final class IovaAllocator {

    /** Addresses below this are given out first. */
    static final long LOW_BYTES = 1L << 32;

    private static final long LOW_END = 1L << 20;
    /** Pages below the top of a domain that are given out: 64 GiB. */
    private static final int HIGH_PAGES = 1 << 24;
    private static final int PAGE_BITS = 12;
    /** Sizes that are cached: powers of two up to 32 pages. */
    private static final int CACHED_SIZES = 6;

    private final IovaOrder.Kind kind;
    private final PagesFromTop low = new PagesFromTop(LOW_END, (int) LOW_END - 1); // never page 0
    /**
     * What is spared below 4 GiB, taken out once a search comes to it: most never do, and the set
     * of all its pages is large.
     */
    private final List<AddressRange> spared = new ArrayList<>();
    /** Where the last of these ends; 0 without any. */
    private long sparedEnd;
    /** Null if the domain has no addresses from 4 GiB on. */
    private final PagesFromTop high;

    /** What was given back, by the power of two of its pages; empty where nothing is cached. */
    private final List<Deque<Long>> cache = new ArrayList<>();

    /** Makes one in which a range of interrupt messages is taken, and page 0, without caches. */
    IovaAllocator(AddressRange messages, IovaOrder order) {
        this(messages, order, false);
    }

    /**
     * Makes one in which a range of interrupt messages is taken, and page 0.
     *
     * @param caches whether its kernel keeps what is given back for the next request of that size
     */
    IovaAllocator(AddressRange messages, IovaOrder order, boolean caches) {
        for (int i = 0; i < CACHED_SIZES && caches && order.kind() != IovaOrder.Kind.UPWARDS;
                i++) {
            cache.add(new ArrayDeque<>());
        }
        this.kind = order.kind();
        long end = 1L << order.bits() - PAGE_BITS;
        int pages = (int) Math.min(HIGH_PAGES, end - LOW_END);
        high = pages <= 0 ? null : new PagesFromTop(end, pages);
        reserve(messages.start(), messages.bytes());
    }

    /** Marks addresses that are in use. */
    void reserve(long iova, long bytes) {
        low.reserve(iova, bytes);
        if (high != null) {
            high.reserve(iova, bytes);
        }
    }

    /** Keeps addresses of a device, or that firmware reserved, from being given out. */
    void spare(AddressRange range) {
        if (Long.compareUnsigned(range.end(), LOW_BYTES) > 0) {
            reserve(range.start(), range.bytes());
        } else {
            spared.add(range);
            sparedEnd = Math.max(sparedEnd, range.end());
        }
    }

    /**
     * Has addresses given out from here down first, as a kernel does that has gone on from the one
     * it gave out last; those above come once there are none below.
     *
     * <p>Source: Linux, iova.c, __cached_rbnode_insert_update.
     */
    void beginBelow(long iova) {
        low.beginBelow(iova);
    }

    /**
     * Returns a free page, never page 0.
     *
     * @param wide whether the function can send addresses from 4 GiB on
     * @throws KernelPanicException if all are in use
     */
    long allocate(boolean wide) {
        return allocate(1, 1, wide);
    }

    /**
     * Returns the first of adjacent free pages, aligned to a number of pages, a power of two.
     *
     * @param wide as above
     * @throws KernelPanicException if there are none
     */
    long allocate(int pages, int aligned, boolean wide) {
        Deque<Long> kept = aligned == rounded(pages) ? kept(pages) : null;
        if (kept == null) {
            return search(pages, aligned, wide);
        }
        Long last = kept.peekLast();
        return last != null && (wide || Long.compareUnsigned(last, LOW_BYTES) < 0)
                ? kept.removeLast() : search(rounded(pages), aligned, wide);
    }

    private static int rounded(int pages) {
        return pages <= 1 ? 1 : Integer.highestOneBit(pages - 1) << 1;
    }

    /** Returns the cache of a size; null if there is none. */
    private Deque<Long> kept(int pages) {
        int power = Integer.numberOfTrailingZeros(rounded(pages));
        return power < cache.size() ? cache.get(power) : null;
    }

    private long search(int pages, int aligned, boolean wide) {
        long iova = find(pages, aligned, wide);
        while (Long.compareUnsigned(iova, sparedEnd) < 0 && meetsSpared(iova, pages)) {
            iova = find(pages, aligned, wide);
        }
        return iova;
    }

    /** Takes out what is spared of a find, which is given back; returns whether there is any. */
    private boolean meetsSpared(long iova, int pages) {
        var found = AddressRange.of(iova, (long) pages << PAGE_BITS);
        List<AddressRange> met = spared.stream().filter(found::overlaps).toList();
        if (!met.isEmpty()) {
            release(iova, pages);
            met.forEach(r -> reserve(r.start(), r.bytes()));
            spared.removeAll(met);
            sparedEnd = spared.stream().mapToLong(AddressRange::end).max().orElse(0);
        }
        return !met.isEmpty();
    }

    private long find(int pages, int aligned, boolean wide) {
        boolean aboveToo = wide && high != null;
        long iova = kind == IovaOrder.Kind.WHOLE_RANGE && aboveToo
                ? high.takeHighest(pages, aligned) : 0;
        if (iova == 0) {
            iova = kind == IovaOrder.Kind.UPWARDS ? low.takeLowest(pages, aligned)
                    : low.takeHighest(pages, aligned);
        }
        if (iova == 0 && kind == IovaOrder.Kind.LOW_FIRST && aboveToo) {
            iova = high.takeHighest(pages, aligned);
        }
        if (iova == 0) {
            throw new KernelPanicException("out of I/O virtual addresses");
        }
        return iova;
    }

    /** Gives a page back. */
    void free(long iova) {
        free(iova, 1);
    }

    /** Gives back what {@link #allocate} returned for so many pages. */
    void free(long iova, int pages) {
        Deque<Long> kept = kept(pages);
        if (kept != null) {
            kept.addLast(iova & -1L << PAGE_BITS);
        } else {
            release(iova, pages);
        }
    }

    private void release(long iova, int pages) {
        for (int i = pages - 1; i >= 0; i--) {
            long page = iova + ((long) i << PAGE_BITS);
            (low.contains(page) ? low : high).free(page);
        }
    }
}
