// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.explain;

import iommu.api.unit.CacheLookup;
import iommu.api.unit.WalkListener;
import iommu.api.unit.WalkRecording;
import iommu.vtd.FaultReason;
import iommu.vtd.unit.caches.Caches;
import iommu.vtd.unit.requests.ContextTag;
import iommu.vtd.unit.requests.EntryFormatter;
import iommu.vtd.unit.requests.PageRights;
import iommu.vtd.unit.requests.PagingMode;
import iommu.vtd.unit.requests.Request;
import iommu.vtd.unit.requests.WalkResult;
import iommu.vtd.unit.tables.ContextEntryFormatter;
import iommu.vtd.unit.tables.Walks;
import iommu.vtd.unit.translation.LookupListener;
import iommu.vtd.unit.translation.Translator;

/**
 * Tells the lookups of a {@link Translator} and the walks between them, and beside what the caches
 * hold what memory says now. One object a request. Cold.
 */
final class LookupFormatter implements LookupListener {

    private static final String CONTEXTS = "context-cache";
    private static final String PASIDS = "PASID-cache";
    private static final String IOTLB = "IOTLB";

    private final Walks memoryWalks;
    private final Caches caches;
    private final WalkListener listener;
    private final WalkResult kept = new WalkResult();
    private final WalkResult memory = new WalkResult();
    private WalkRecording told;
    private boolean contextTold;

    /** @param memoryWalks that know no caches and change nothing */
    LookupFormatter(Walks memoryWalks, Caches caches, WalkListener listener) {
        this.memoryWalks = memoryWalks;
        this.caches = caches;
        this.listener = listener;
    }

    @Override
    public WalkListener entries() {
        told = new WalkRecording();
        return told;
    }

    // ---- context and PASID ----------------------------------------------------------------------

    @Override
    public void contextWalked() {
        contextTold = true;
        told.tell(listener, CacheLookup.miss(CONTEXTS));
    }

    /** A translation request looks its context up twice; it is told once. */
    @Override
    public void contextHit(Request request, int slot) {
        if (contextTold) {
            return;
        }
        contextTold = true;
        boolean there = memoryWalks.root().locateContext(request.source, memory, entries());
        caches.contexts().take(slot, kept);
        boolean stale = differs(there) || kept.source != memory.source && there;
        told.tell(listener, ContextEntryFormatter.CONTEXT,
                CacheLookup.hit(CONTEXTS, describe(), stale), CacheLookup.skipped(CONTEXTS));
    }

    @Override
    public void pasidWalked() {
        told.tell(listener, CacheLookup.miss(PASIDS));
    }

    @Override
    public void pasidHit(Request request, int slot, WalkResult context) {
        memory.context = context.context;
        memory.table = context.table;
        memory.source = context.source;
        memory.faultsDisabled = context.faultsDisabled;
        boolean there = memoryWalks.scalable().locatePasid(true, memory, entries());
        caches.pasids().take(slot, kept);
        boolean stale = differs(there) || kept.paging != memory.paging && there;
        told.tell(listener, ContextEntryFormatter.PASID,
                CacheLookup.hit(PASIDS, describe(), stale), CacheLookup.skipped(PASIDS));
    }

    /** Returns whether memory says something else than what a cache gave. */
    private boolean differs(boolean there) {
        FaultReason cached = ContextTag.fault(kept.context, kept.table);
        return cached != null ? there || memory.fault != cached
                : !there || memory.context != kept.context || memory.table != kept.table;
    }

    private String describe() {
        FaultReason cached = ContextTag.fault(kept.context, kept.table);
        if (cached != null) {
            return EntryFormatter.refusal("a fault", cached);
        }
        String next = kept.table == 0 ? "" : " at " + EntryFormatter.hex(kept.table);
        boolean context = ContextTag.SCALABLE.isSet(kept.context) && kept.paging == 0
                && ContextTag.DOMAIN.of(kept.context) == 0
                && ContextTag.WIDTH.of(kept.context) == 0;
        if (context) {
            return "PASID directory" + next + ", RID_PASID "
                    + EntryFormatter.hex(ContextTag.PASID.of(kept.context));
        }
        String domain = "domain " + EntryFormatter.hex(ContextTag.DOMAIN.of(kept.context));
        if (PagingMode.FIRST_STAGE.isSet(kept.paging)) {
            return domain + ", first-stage table at "
                    + EntryFormatter.hex(PagingMode.TABLE.inPlace(kept.paging))
                    + (next.isEmpty() ? "" : ", second-stage table" + next);
        }
        return domain + (ContextTag.passesThrough(kept.context) ? ", requests pass through"
                : ", second-stage table" + next);
    }

    // ---- pages ----------------------------------------------------------------------------------

    @Override
    public void pageMissed(Request request, WalkResult found) {
        lookup(request.address, found, "not kept, the page tables are asked",
                CacheLookup.miss(IOTLB));
    }

    @Override
    public void pageWalked() {
        told.tell(listener, CacheLookup.miss(IOTLB));
    }

    @Override
    public void pageHit(Request request, int slot, WalkResult found, int access,
            boolean answers) {
        long address = request.address;
        memory.context = found.context;
        memory.table = found.table;
        memory.paging = found.paging;
        boolean there = memoryWalks.throughPageTables(address, access, memory, entries());
        if ((found.rights & PageRights.RIGHTS) == 0) {
            FaultReason cached = Translator.cachedFault(found.page);
            lookup(address, found, "the fault is kept", CacheLookup.hit(IOTLB,
                    EntryFormatter.refusal("a fault", cached), there || memory.fault != cached));
        } else {
            boolean stale = !there ? answers
                    : ((memory.rights ^ found.rights) & ~PageRights.DIRTY) != 0
                            || memory.translation(address)
                                    != found.translation(address);
            lookup(address, found, answers ? "kept, no page table is read"
                    : "kept without the right that is needed, the page tables are asked",
                    CacheLookup.hit(IOTLB, EntryFormatter.page(found.page, found.pageShift,
                            found.rights), stale));
        }
        if (answers) {
            told.tell(listener, CacheLookup.skipped(IOTLB));
        }
    }

    private void lookup(long address, WalkResult found, String decision, CacheLookup known) {
        int pasid = PagingMode.tag(found.context, found.paging);
        var formatter = EntryFormatter.entry(IOTLB, address)
                .with("DID", EntryFormatter.hex(ContextTag.DOMAIN.of(found.context)));
        if (pasid != PagingMode.SECOND_STAGE) {
            formatter.with("PASID", EntryFormatter.hex(pasid));
        }
        formatter.with("page", EntryFormatter.hex(address >>> 12 << 12))
                .decides(listener, decision, known);
    }
}
