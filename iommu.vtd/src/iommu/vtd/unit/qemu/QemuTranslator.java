// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.qemu;

import iommu.api.pcie.Access;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import iommu.vtd.FaultReason;
import iommu.vtd.unit.caches.Caches;
import iommu.vtd.unit.caches.ContextCache;
import iommu.vtd.unit.caches.Iotlb;
import iommu.vtd.unit.requests.ContextTag;
import iommu.vtd.unit.requests.WalkResult;
import iommu.vtd.unit.tables.LegacyContextWalk;
import iommu.vtd.unit.tables.ScalableContextWalk;
import iommu.vtd.unit.tables.SecondStageWalk;
import iommu.vtd.unit.tables.Walks;
import java.util.BitSet;

/**
 * The order in which QEMU 7.2 looks a request up, where it differs from the manual's.
 *
 * <p>The IOTLB is tagged by source; in legacy mode it is asked before the context cache. A hit that
 * lacks the right blocks the request and records nothing. In scalable mode only the context entry
 * is cached, the PASID entry is read for each request, and once the context is cached it need not
 * be present. A source that is found to pass through does so, at any width, until its context entry
 * is invalidated, the root table is set or translation is switched; each of these looks at once
 * whether it shall pass. Sources are known from their first request on.
 */
public final class QemuTranslator {

    /** The request is blocked, for the reason in the walk's result. */
    public static final long FAULT = Long.MIN_VALUE;
    /** Page numbers of the IOTLB have no more bits. */
    private static final int TAG_WIDTH = 57;
    /** No physical address has more bits. */
    private static final int PHYSICAL_WIDTH = 52;

    private final LegacyContextWalk legacyWalk;
    private final ScalableContextWalk scalableWalk;
    private final SecondStageWalk secondStage;
    private final ContextCache contexts;
    private final Iotlb iotlb;
    private final WalkResult probe = new WalkResult();
    private final BitSet known = new BitSet();
    private final BitSet passing = new BitSet();

    public QemuTranslator(Walks walks, Caches caches) {
        legacyWalk = walks.legacy();
        scalableWalk = walks.scalable();
        secondStage = walks.secondStage();
        contexts = caches.contexts();
        iotlb = caches.iotlb();
    }

    /** Notes that a source exists. */
    public void know(int source) {
        known.set(source);
    }

    /**
     * Looks again which sources pass through.
     *
     * @param source all sources like it are looked at
     * @param ignored bits of the source that need not be alike; -1 for all
     */
    public void contextsDropped(int source, int ignored, boolean translating, long rootTable,
            boolean scalable) {
        for (int s = known.nextSetBit(0); s >= 0; s = known.nextSetBit(s + 1)) {
            if (((s ^ source) & ~ignored) == 0) {
                passing.set(s, translating && passes(rootTable, scalable, s));
            }
        }
    }

    private boolean passes(long rootTable, boolean scalable, int source) {
        boolean found = scalable
                ? scalableWalk.locateContext(rootTable, source, probe, WalkListener.NONE)
                        && scalableWalk.locatePasid(true, probe, WalkListener.NONE)
                : legacyWalk.locate(rootTable, source, probe, WalkListener.NONE);
        return found && ContextTag.passesThrough(probe.context);
    }

    /**
     * Translates a request.
     *
     * @param found receives the fault if there is one; its stage is 0 if none was reached; and the
     *     page of a hit
     * @return packed, see {@link Translation}, or {@link #FAULT}
     */
    public long translate(long rootTable, boolean scalable, int source, long address, int access,
            WalkResult found) {
        if (passing.get(source)) {
            return Translation.untranslated();
        }
        int hit = scalable ? -1 : find(source, 0, address);
        if (hit >= 0) {
            return cached(hit, address, access, found);
        }
        boolean located = scalable ? locateScalable(rootTable, source, found)
                : locateLegacy(rootTable, source, found);
        if (!located) {
            found.context = 0;
            return FAULT;
        }
        long context = found.context;
        if (ContextTag.passesThrough(context)) {
            passing.set(source, passes(rootTable, scalable, source));
            return pass(address);
        }
        int pasid = (int) ContextTag.PASID.of(context);
        hit = scalable ? find(source, pasid, address) : -1;
        if (hit >= 0) {
            return cached(hit, address, access, found);
        }
        if (!covers(scalable, address, found)
                || !secondStage.walk(address, access, found, WalkListener.NONE)) {
            return FAULT;
        }
        iotlb.insert(source, (int) ContextTag.DOMAIN.of(context), pasid, address, found.page,
                found.pageShift, found.rights);
        return to(found.page, found.pageShift, address);
    }

    /** Returns whether a source was seen to pass through. */
    boolean passes(int source) {
        return passing.get(source);
    }

    /** Returns whether the tables reach an address; else the fault is in {@code found}. */
    static boolean covers(boolean scalable, long address, WalkResult found) {
        return ContextTag.covers(found.context, address)
                || found.fail(scalable ? FaultReason.SM_ADDRESS_BEYOND_MGAW
                        : FaultReason.ADDRESS_BEYOND_MGAW);
    }

    int find(int source, int pasid, long address) {
        return address >>> TAG_WIDTH == 0 ? iotlb.find(source, pasid, address) : -1;
    }

    long cached(int hit, long address, int access, WalkResult found) {
        found.page = iotlb.page(hit);
        found.pageShift = iotlb.pageShift(hit);
        if ((iotlb.rights(hit) & access) != access) {
            return Translation.blocked((access == Access.WRITE ? FaultReason.WRITE_DENIED
                    : FaultReason.READ_DENIED).number());
        }
        return to(found.page, found.pageShift, address);
    }

    /** The first request that passes is still told as a translation, of a page to itself. */
    static long pass(long address) {
        return address >>> PHYSICAL_WIDTH == 0
                ? Translation.to(address, ContextTag.PASS_THROUGH_SHIFT)
                : Translation.untranslated();
    }

    static long to(long page, int pageShift, long address) {
        long inPage = (1L << pageShift) - 1;
        return Translation.to(page & ~inPage | address & inPage, pageShift);
    }

    private boolean locateLegacy(long rootTable, int source, WalkResult found) {
        int slot = contexts.find(source);
        if (slot >= 0) {
            contexts.take(slot, found);
            return true;
        }
        boolean located = legacyWalk.locate(rootTable, source, found, WalkListener.NONE);
        if (located) {
            contexts.insert(found.context, found.table, found.source);
        }
        return located;
    }

    private boolean locateScalable(long rootTable, int source, WalkResult found) {
        int slot = contexts.find(source);
        if (slot >= 0) {
            contexts.take(slot, found);
            return scalableWalk.locatePasid(false, found, WalkListener.NONE);
        }
        if (!scalableWalk.locateContext(rootTable, source, found, WalkListener.NONE)) {
            return false;
        }
        long context = found.context;
        long directory = found.table;
        int granted = found.source;
        boolean located = scalableWalk.locatePasid(true, found, WalkListener.NONE);
        if (located) {
            contexts.insert(context, directory, granted);
        }
        return located;
    }
}
