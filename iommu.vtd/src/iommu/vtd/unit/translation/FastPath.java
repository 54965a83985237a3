// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.translation;

import iommu.api.pcie.Access;
import iommu.api.unit.Translation;
import iommu.vtd.unit.caches.Caches;
import iommu.vtd.unit.caches.ContextCache;
import iommu.vtd.unit.caches.FastPathCache;
import iommu.vtd.unit.caches.Iotlb;
import iommu.vtd.unit.requests.ContextTag;
import iommu.vtd.unit.requests.InterruptRange;
import iommu.vtd.unit.requests.PageRights;
import iommu.vtd.unit.requests.PagingMode;
import iommu.vtd.unit.tables.FusedWalk;

/**
 * The way of {@link Translator} for the usual request, all in one: without PASID, in legacy mode,
 * its context cached, to a page that the IOTLB or {@link FusedWalk} gives. It asks and
 * fills the caches as that does. Whatever is not so it leaves, undecided and with nothing changed
 * that would not be changed again, to the numbered steps there.
 */
public final class FastPath {

    /** Nothing is decided; no outcome has this value. */
    public static final long UNDECIDED = Translation.blocked(-1);

    private static final long PAGE_BITS = 0xfff;

    private final ContextCache contexts;
    private final Iotlb iotlb;
    private final FusedWalk pages;
    private final FastPathCache front;

    public FastPath(Caches caches, FusedWalk pages) {
        contexts = caches.contexts();
        iotlb = caches.iotlb();
        front = caches.front();
        this.pages = pages;
    }

    /**
     * Translates a request while translation is on; {@link #UNDECIDED} if it is not usual.
     *
     * <p>What is written out here is what most requests that get so far need: a page that the IOTLB
     * lacks, in a table that is known. All else is left to a method of its own, so that the
     * compiler makes short code of this one.
     */
    public long translate(int source, long address, int access) {
        int slot = contexts.find(source);
        if (slot < 0 || access == Access.NONE || InterruptRange.contains(address)
                || !contexts.translatesSimply(slot, address)) {
            return UNDECIDED;
        }
        int domain = contexts.domain(slot);
        long tag = iotlb.smallTag(domain, address);
        int first = iotlb.first(tag);
        if (!iotlb.lacks(first, tag)) {
            return others(slot, source, address, access);
        }
        long leaf = pages.leaf(domain, address, access);
        if (leaf == FusedWalk.UNDECIDED) {
            return walked(slot, first, tag, address, access);
        }
        iotlb.fill(first, tag, leaf);
        return to(leaf, address);
    }

    private static long to(long leaf, long address) {
        return Translation.to(leaf & ~PAGE_BITS | address & PAGE_BITS,
                ContextTag.PASS_THROUGH_SHIFT);
    }

    /** Translates a request whose page the IOTLB lacks, and whose lowest table is not known. */
    private long walked(int slot, int first, long tag, long address, int access) {
        long leaf = pages.walk(contexts.domain(slot),
                (int) ContextTag.LEVELS.of(contexts.context(slot)), contexts.table(slot), address,
                access);
        if (leaf == FusedWalk.UNDECIDED) {
            return UNDECIDED;
        }
        iotlb.fill(first, tag, leaf);
        return to(leaf, address);
    }

    /** Translates a request whose page the IOTLB may have. */
    private long others(int slot, int source, long address, int access) {
        int domain = contexts.domain(slot);
        int hit = iotlb.find(domain, PagingMode.SECOND_STAGE, address);
        if (hit >= 0) {
            return kept(hit, source, address, access);
        }
        long tag = iotlb.smallTag(domain, address);
        return walked(slot, iotlb.first(tag), tag, address, access);
    }

    private long kept(int hit, int source, long address, int access) {
        int rights = iotlb.rights(hit);
        long inPage = (1L << iotlb.pageShift(hit)) - 1;
        long to = iotlb.page(hit) & ~inPage | address & inPage;
        int wanted = access | ((access & Access.WRITE) != 0 ? PageRights.DIRTY : 0);
        if ((rights & wanted) != wanted || InterruptRange.contains(to)) {
            return UNDECIDED;
        }
        long translation = Translation.to(to, iotlb.pageShift(hit));
        int both = Access.READ | Access.WRITE;
        front.put(source, address, translation,
                (rights & PageRights.DIRTY) != 0 ? rights & both : rights & Access.READ, hit);
        iotlb.fronted(hit);
        return translation;
    }
}
