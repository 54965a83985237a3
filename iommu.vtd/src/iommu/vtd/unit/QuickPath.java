// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.pcie.Access;
import iommu.api.unit.Translation;

/**
 * The way of {@link Translator} for the usual request, all in one: without PASID, in legacy mode,
 * its context cached, to a page that the IOTLB or {@link FusedWalk} gives. It asks and
 * fills the caches as that does. Whatever is not so it leaves, undecided and with nothing changed
 * that would not be changed again, to the numbered steps there.
 */
final class QuickPath {

    /** Nothing is decided; no outcome has this value. */
    static final long UNDECIDED = Translation.blocked(-1);

    private static final long PAGE_BITS = 0xfff;

    private final ContextCache contexts;
    private final Iotlb iotlb;
    private final FusedWalk pages;
    private final Front front;

    QuickPath(Caches caches, FusedWalk pages) {
        contexts = caches.contexts();
        iotlb = caches.iotlb();
        front = caches.front();
        this.pages = pages;
    }

    /** Translates a request while translation is on; {@link #UNDECIDED} if it is not usual. */
    long translate(int source, long address, int access) {
        int context = contexts.find(source);
        if (context < 0 || access == Access.NONE || InterruptRange.contains(address)) {
            return UNDECIDED;
        }
        long stage = contexts.stage(context);
        if (!Stage.usual(stage) || !Stage.covers(stage, address)) {
            return UNDECIDED;
        }
        int domain = (int) Stage.DOMAIN.of(stage);
        long tag = iotlb.smallTag(domain, address);
        int first = iotlb.first(tag);
        int hit = iotlb.find(domain, Iotlb.SECOND_STAGE, address, tag, first);
        if (hit >= 0) {
            return kept(hit, source, address, access);
        }
        long leaf = pages.walk(domain, (int) Stage.LEVELS.of(stage),
                contexts.table(context), address, access);
        if (leaf == FusedWalk.UNDECIDED) {
            return UNDECIDED;
        }
        iotlb.fill(first, tag, domain, Iotlb.SECOND_STAGE, leaf);
        return Translation.to(leaf & ~PAGE_BITS | address & PAGE_BITS,
                Translator.PASS_THROUGH_SHIFT);
    }

    private long kept(int hit, int source, long address, int access) {
        int rights = iotlb.rights(hit);
        long inPage = (1L << iotlb.pageShift(hit)) - 1;
        long to = iotlb.page(hit) & ~inPage | address & inPage;
        int wanted = access | ((access & Access.WRITE) != 0 ? Iotlb.DIRTY : 0);
        if ((rights & wanted) != wanted || InterruptRange.contains(to)) {
            return UNDECIDED;
        }
        long translation = Translation.to(to, iotlb.pageShift(hit));
        int both = Access.READ | Access.WRITE;
        front.put(source, address, translation,
                (rights & Iotlb.DIRTY) != 0 ? rights & both : rights & Access.READ, hit);
        iotlb.fronted(hit);
        return translation;
    }
}
