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

    /** Translates a request while translation is on; {@link #UNDECIDED} if it is not usual. */
    public long translate(int source, long address, int access) {
        int slot = contexts.find(source);
        if (slot < 0 || access == Access.NONE || InterruptRange.contains(address)) {
            return UNDECIDED;
        }
        long context = contexts.context(slot);
        if (!ContextTag.usual(context) || !ContextTag.covers(context, address)) {
            return UNDECIDED;
        }
        int domain = (int) ContextTag.DOMAIN.of(context);
        long tag = iotlb.smallTag(domain, address);
        int first = iotlb.first(tag);
        int hit = iotlb.find(domain, PagingMode.SECOND_STAGE, address, tag, first);
        if (hit >= 0) {
            return kept(hit, source, address, access);
        }
        long leaf = pages.walk(domain, (int) ContextTag.LEVELS.of(context),
                contexts.table(slot), address, access);
        if (leaf == FusedWalk.UNDECIDED) {
            return UNDECIDED;
        }
        iotlb.fill(first, tag, domain, PagingMode.SECOND_STAGE, leaf);
        return Translation.to(leaf & ~PAGE_BITS | address & PAGE_BITS,
                ContextTag.PASS_THROUGH_SHIFT);
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
