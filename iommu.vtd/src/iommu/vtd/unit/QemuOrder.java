// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.pcie.Access;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import iommu.vtd.FaultReason;
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
final class QemuOrder {

    /** The request is blocked, for the reason in the walk's result. */
    static final long FAULT = Long.MIN_VALUE;
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

    QemuOrder(Walks walks, Caches caches) {
        legacyWalk = walks.legacy();
        scalableWalk = walks.scalable();
        secondStage = walks.secondStage();
        contexts = caches.contexts();
        iotlb = caches.iotlb();
    }

    /** Notes that a source exists. */
    void know(int source) {
        known.set(source);
    }

    /**
     * Looks again which sources pass through.
     *
     * @param source all sources like it are looked at
     * @param ignored bits of the source that need not be alike; -1 for all
     */
    void contextsDropped(int source, int ignored, boolean translating, long rootTable,
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
        return found && Stage.passesThrough(probe.stage);
    }

    /**
     * Translates a request.
     *
     * @param found receives the fault if there is one; its stage is 0 if none was reached; and the
     *     page of a hit
     * @return packed, see {@link Translation}, or {@link #FAULT}
     */
    long translate(long rootTable, boolean scalable, int source, long address, int access,
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
            found.stage = 0;
            return FAULT;
        }
        long stage = found.stage;
        if (Stage.passesThrough(stage)) {
            passing.set(source, passes(rootTable, scalable, source));
            return pass(address);
        }
        int pasid = (int) Stage.PASID.of(stage);
        hit = scalable ? find(source, pasid, address) : -1;
        if (hit >= 0) {
            return cached(hit, address, access, found);
        }
        if (!covers(scalable, address, found)
                || !secondStage.walk(address, access, found, WalkListener.NONE)) {
            return FAULT;
        }
        iotlb.insert(source, (int) Stage.DOMAIN.of(stage), pasid, address, found.page,
                found.pageShift, found.rights);
        return to(found.page, found.pageShift, address);
    }

    /** Returns whether a source was seen to pass through. */
    boolean passes(int source) {
        return passing.get(source);
    }

    /** Returns whether the tables reach an address; else the fault is in {@code found}. */
    static boolean covers(boolean scalable, long address, WalkResult found) {
        return Stage.covers(found.stage, address)
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
                ? Translation.to(address, Translator.PASS_THROUGH_SHIFT)
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
            contexts.insert(found.stage, found.table, found.source);
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
        long context = found.stage;
        long directory = found.table;
        int traits = found.source;
        boolean located = scalableWalk.locatePasid(true, found, WalkListener.NONE);
        if (located) {
            contexts.insert(context, directory, traits);
        }
        return located;
    }
}
