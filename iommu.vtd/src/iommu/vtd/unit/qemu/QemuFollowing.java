// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.qemu;

import iommu.api.unit.CacheLookup;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import iommu.api.unit.WalkRecording;
import iommu.vtd.unit.caches.Caches;
import iommu.vtd.unit.caches.Iotlb;
import iommu.vtd.unit.requests.ContextTag;
import iommu.vtd.unit.requests.EntryFormatter;
import iommu.vtd.unit.requests.WalkResult;
import iommu.vtd.unit.tables.ContextEntryFormatter;
import iommu.vtd.unit.tables.Walks;
import iommu.vtd.unit.translation.Following;

/**
 * What {@link QemuTranslator} would do to a request without PASID now, told step by step, as {@link
 * Following} tells it of the manual's order. Nothing changes. One object a request.
 */
public final class QemuFollowing {

    private static final String CONTEXTS = "context-cache";
    private static final String IOTLB = "IOTLB";

    private final QemuTranslator order;
    private final Walks walks;
    private final Caches caches;
    private final WalkListener listener;
    private final WalkResult found = new WalkResult();

    public QemuFollowing(QemuTranslator order, Walks walks, Caches caches, WalkListener listener) {
        this.order = order;
        this.walks = walks;
        this.caches = caches;
        this.listener = listener;
        found.looksOnly = true;
    }

    /** Returns what the walk found, and its fault. */
    public WalkResult found() {
        return found;
    }

    /** Returns what {@link QemuTranslator#translate} would. */
    public long follow(int source, long address, int access) {
        if (order.passes(source)) {
            return Translation.untranslated();
        }
        boolean scalable = walks.root().scalable();
        int hit = scalable ? -1 : order.find(source, 0, address);
        if (hit >= 0) {
            return kept(hit, address, access);
        }
        if (!scalable) {
            lookup(address, "not kept, the tables are asked", CacheLookup.miss(IOTLB));
        }
        if (!locate(source, scalable)) {
            found.context = 0;
            return QemuTranslator.FAULT;
        }
        if (ContextTag.passesThrough(found.context)) {
            return QemuTranslator.pass(address);
        }
        if (scalable) {
            hit = order.find(source, (int) ContextTag.PASID.of(found.context), address);
            if (hit >= 0) {
                return kept(hit, address, access);
            }
            lookup(address, "not kept, the page tables are asked", CacheLookup.miss(IOTLB));
        }
        if (!QemuTranslator.covers(scalable, address, found)) {
            return QemuTranslator.FAULT;
        }
        var told = new WalkRecording();
        boolean granted = walks.secondStage().walk(address, access, found, told);
        told.tell(listener, CacheLookup.miss(IOTLB));
        return granted ? QemuTranslator.to(found.page, found.pageShift, address)
                : QemuTranslator.FAULT;
    }

    private long kept(int hit, long address, int access) {
        long outcome = order.cached(hit, address, access, found);
        Iotlb iotlb = caches.iotlb();
        lookup(address, Translation.isBlocked(outcome)
                ? "kept without the right that is needed: blocked, nothing is recorded"
                : "kept, no table is read", CacheLookup.hit(IOTLB, "the page of "
                        + (1L << iotlb.pageShift(hit) - 10) + " KiB at "
                        + EntryFormatter.hex(iotlb.page(hit)) + ", "
                        + EntryFormatter.rights(iotlb.rights(hit)), false));
        return outcome;
    }

    private boolean locate(int source, boolean scalable) {
        var told = new WalkRecording();
        int slot = caches.contexts().find(source);
        boolean there = walks.root().locateContext(source, found, told);
        if (slot < 0) {
            boolean all = there
                    && (!scalable || walks.scalable().locatePasid(true, found, told));
            told.tell(listener, CacheLookup.miss(CONTEXTS));
            return all;
        }
        long context = found.context;
        long table = found.table;
        caches.contexts().take(slot, found);
        boolean stale = !there || context != found.context || table != found.table;
        told.tell(listener, ContextEntryFormatter.CONTEXT, CacheLookup.hit(CONTEXTS,
                (scalable ? "PASID directory at " : "table at ") + EntryFormatter.hex(found.table),
                stale), CacheLookup.skipped(CONTEXTS));
        if (!scalable) {
            return true;
        }
        var pasid = new WalkRecording();
        boolean known = walks.scalable().locatePasid(false, found, pasid);
        pasid.tell(listener, CacheLookup.none());
        return known;
    }

    private void lookup(long address, String decision, CacheLookup known) {
        EntryFormatter.entry(IOTLB, address)
                .with("page", EntryFormatter.hex(address >>> 12 << 12))
                .decides(listener, decision, known);
    }
}
