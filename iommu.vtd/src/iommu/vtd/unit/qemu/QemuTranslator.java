// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.qemu;

import iommu.api.pcie.Access;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import iommu.vtd.FaultReason;
import iommu.vtd.InvalidationDescriptor;
import iommu.vtd.unit.caches.Caches;
import iommu.vtd.unit.caches.ContextCache;
import iommu.vtd.unit.caches.Iotlb;
import iommu.vtd.unit.requests.ContextTag;
import iommu.vtd.unit.requests.InterruptRange;
import iommu.vtd.unit.requests.PagingMode;
import iommu.vtd.unit.requests.Refusals;
import iommu.vtd.unit.requests.Request;
import iommu.vtd.unit.requests.WalkResult;
import iommu.vtd.unit.tables.RootPointer;
import iommu.vtd.unit.tables.Walks;
import iommu.vtd.unit.translation.LookupListener;
import iommu.vtd.unit.translation.Translator;
import java.util.BitSet;

/**
 * The order in which QEMU looks a request up, where it differs from the manual's.
 *
 * <p>The IOTLB is tagged by source; in legacy mode it is asked before the context cache. A hit that
 * lacks the right blocks the request and records nothing. In scalable mode only the context entry
 * is cached, the PASID entry is read for each request, and once the context is cached it need not
 * be present. A source that is found to pass through does so, at any width, until its context entry
 * is invalidated, the root table is set or translation is switched; each of these looks at once
 * whether it shall pass, be it idle or not: QEMU knows all functions of its machine.
 *
 * <p>From 11 on the IOTLB is asked first in scalable mode too, under PASID 0, and invalidations of
 * the PASID cache have sources looked at.
 */
public final class QemuTranslator {

    /** No bit of a source need be alike. */
    public static final int ALL = -1;

    /** Version that asks the IOTLB first. */
    private static final int NEWEST = 11;
    private static final int NO_SLOT = -1;
    private static final int BUSES = 256;
    /** Page numbers of the IOTLB have no more bits. */
    private static final int TAG_WIDTH = 57;
    /** No physical address has more bits. */
    private static final int PHYSICAL_WIDTH = 52;

    private final int version;
    private final Walks walks;
    private final boolean newest;
    private final RootPointer root;
    private final ContextCache contexts;
    private final Iotlb iotlb;
    private final Translator translator;
    private final Refusals refusals;
    private final LookupListener lookups;
    private final WalkResult found = new WalkResult();
    private final WalkResult probe = new WalkResult();
    private final BitSet passing = new BitSet();
    private final QemuPasids pasids;

    /**
     * Makes one, of a unit or of what is told about it: then caches and walks are copies.
     *
     * @param version of QEMU
     * @param translator knows whether translation is on
     * @param refusals told of requests that are blocked
     * @param lookups told of what is asked
     */
    public QemuTranslator(int version, Walks walks, Caches caches, Translator translator,
            Refusals refusals, LookupListener lookups) {
        this.version = version;
        this.walks = walks;
        newest = version >= NEWEST;
        root = walks.root();
        pasids = new QemuPasids(walks, passing);
        contexts = caches.contexts();
        iotlb = caches.iotlb();
        this.translator = translator;
        this.refusals = refusals;
        this.lookups = lookups;
    }

    /** Returns one that knows the same of sources, over other walks and caches. */
    public QemuTranslator copy(Walks otherWalks, Caches otherCaches, Refusals otherRefusals,
            LookupListener otherLookups) {
        var made = new QemuTranslator(version, otherWalks, otherCaches, translator,
                otherRefusals, otherLookups);
        made.passing.or(passing);
        return made;
    }

    /**
     * Looks again which sources pass through.
     *
     * @param source all sources like it are looked at
     * @param ignored bits of the function number that need not be alike; {@link #ALL} for all
     */
    public void contextsDropped(int source, int ignored) {
        if (ignored == ALL) {
            passing.clear();
            if (translator.translating()) {
                lookAtAll();
                pasidsDropped(InvalidationDescriptor.PASID_CACHE_GLOBAL, 0, 0);
            }
            return;
        }
        for (int s = source & ~ignored; s <= (source | ignored); s++) {
            if (((s ^ source) & ~ignored) == 0) {
                passing.set(s, translator.translating() && passes(s));
            }
        }
    }

    /** Looks again at sources whose PASID entries an invalidation names. */
    public void pasidsDropped(int granularity, int domain, int pasid) {
        if (newest && root.scalable() && translator.translating()) {
            pasids.look(granularity, domain, pasid);
        }
    }

    /** Sources that no function has are looked at too: they make no requests. */
    private void lookAtAll() {
        for (int bus = 0; bus < BUSES; bus++) {
            if (root.hasBus(bus)) {
                for (int s = bus << 8; s < bus + 1 << 8; s++) {
                    passing.set(s, passes(s));
                }
            }
        }
    }

    private boolean passes(int source) {
        boolean there = root.locateContext(source, probe, WalkListener.NONE)
                && (!root.scalable()
                        || walks.scalable().locatePasid(true, probe, WalkListener.NONE));
        return there && passes(probe);
    }

    private static boolean passes(WalkResult result) {
        return ContextTag.passesThrough(result.context)
                && !PagingMode.FIRST_STAGE.isSet(result.paging);
    }

    /**
     * Translates a request; returns the packed outcome.
     *
     * @throws UnsupportedOperationException if it has a PASID
     */
    public long translate(Request request) {
        if (request.hasPasid()) {
            throw new UnsupportedOperationException("QEMU's way takes no requests with PASID");
        }
        int source = request.source;
        if (!translator.translating() || InterruptRange.contains(request.address)
                || passing.get(source)) {
            return Translation.untranslated();
        }
        boolean scalable = root.scalable();
        boolean early = newest || !scalable;
        int hit = early ? find(request, 0) : NO_SLOT;
        if (hit >= 0) {
            return cached(request, hit);
        }
        if (!(scalable ? locateScalable(request) : locateLegacy(request))) {
            found.context = 0;
            return refused(request);
        }
        if (passes(found)) {
            passing.set(source, passes(source));
            return pass(request.address);
        }
        hit = early ? NO_SLOT : find(request, (int) ContextTag.PASID.of(found.context));
        return hit >= 0 ? cached(request, hit) : throughTables(request);
    }

    private long refused(Request request) {
        return refusals.blocked(request, found.context, found.fault, found.faultsDisabled);
    }

    /** Returns the slot of the page of a request, or {@link #NO_SLOT}. */
    private int find(Request request, int pasid) {
        int slot = request.address >>> TAG_WIDTH == 0
                ? iotlb.find(request.source, pasid, request.address) : NO_SLOT;
        if (slot < 0) {
            lookups.pageMissed(request, found);
        }
        return slot;
    }

    private long cached(Request request, int slot) {
        found.page = iotlb.page(slot);
        found.pageShift = iotlb.pageShift(slot);
        found.rights = iotlb.rights(slot);
        int access = request.access;
        boolean granted = (found.rights & access) == access;
        lookups.pageHit(request, slot, found, access, granted);
        if (granted) {
            return found.translation(request.address);
        }
        return refusals.denied(request, found.page, found.pageShift,
                (access == Access.WRITE ? FaultReason.WRITE_DENIED : FaultReason.READ_DENIED)
                        .number());
    }

    private long throughTables(Request request) {
        boolean first = PagingMode.FIRST_STAGE.isSet(found.paging);
        if (!first && !ContextTag.covers(found.context, request.address)) {
            found.fail(root.scalable() ? FaultReason.SM_ADDRESS_BEYOND_MGAW
                    : FaultReason.ADDRESS_BEYOND_MGAW);
            return refused(request);
        }
        boolean there = walks.throughPageTables(request.address, request.access, found,
                lookups.entries());
        lookups.pageWalked();
        if (!there) {
            return refused(request);
        }
        iotlb.insert(request.source, (int) ContextTag.DOMAIN.of(found.context),
                (int) ContextTag.PASID.of(found.context), request.address, found.page,
                found.pageShift, found.rights);
        return found.translation(request.address);
    }

    /** The first request that passes is still told as a translation, of a page to itself. */
    private static long pass(long address) {
        return address >>> PHYSICAL_WIDTH == 0
                ? Translation.to(address, ContextTag.PASS_THROUGH_SHIFT)
                : Translation.untranslated();
    }

    private boolean locateLegacy(Request request) {
        int slot = contexts.find(request.source);
        if (slot >= 0) {
            lookups.contextHit(request, slot);
            contexts.take(slot, found);
            return true;
        }
        boolean there = root.locateContext(request.source, found, lookups.entries());
        lookups.contextWalked();
        if (there) {
            contexts.insert(found.context, found.table, found.source);
        }
        return there;
    }

    private boolean locateScalable(Request request) {
        int slot = contexts.find(request.source);
        if (slot >= 0) {
            lookups.contextHit(request, slot);
            contexts.take(slot, found);
            boolean there = walks.scalable().locatePasid(false, found, lookups.entries());
            lookups.pasidWalked();
            return there;
        }
        boolean there = root.locateContext(request.source, found, lookups.entries());
        long context = found.context;
        long directory = found.table;
        int granted = found.source;
        there = there && walks.scalable().locatePasid(true, found, lookups.entries());
        lookups.contextWalked();
        if (there) {
            contexts.insert(context, directory, granted);
        }
        return there;
    }
}
