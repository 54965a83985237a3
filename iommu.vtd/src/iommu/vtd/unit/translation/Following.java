// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.translation;

import iommu.api.pcie.Access;
import iommu.api.unit.CacheLookup;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import iommu.api.unit.WalkRecording;
import iommu.vtd.FaultReason;
import iommu.vtd.unit.caches.Caches;
import iommu.vtd.unit.caches.Iotlb;
import iommu.vtd.unit.faults.FaultReports;
import iommu.vtd.unit.registers.ProtectedMemory;
import iommu.vtd.unit.registers.UnitCapabilities;
import iommu.vtd.unit.requests.ContextTag;
import iommu.vtd.unit.requests.EntryFormatter;
import iommu.vtd.unit.requests.InterruptRange;
import iommu.vtd.unit.requests.PageRights;
import iommu.vtd.unit.requests.PagingMode;
import iommu.vtd.unit.requests.Refusals;
import iommu.vtd.unit.requests.Request;
import iommu.vtd.unit.requests.RequestResolver;
import iommu.vtd.unit.requests.WalkResult;
import iommu.vtd.unit.tables.ContextEntryFormatter;
import iommu.vtd.unit.tables.Walks;

/**
 * What {@link Translator} would do to a request now, told step by step: it asks the caches as that
 * does, and tells beside what they hold what memory says. Nothing is recorded, no entry is marked,
 * no cache is filled. One object a request.
 */
public final class Following implements RequestResolver, Refusals {

    private static final String CONTEXTS = "context-cache";
    private static final String PASIDS = "PASID-cache";
    private static final String IOTLB = "IOTLB";

    private final UnitCapabilities unit;
    private final Walks walks;
    private final Caches caches;
    private final Translator translator;
    private final ProtectedMemory protectedMemory;
    private final FaultReports faults;
    private final WalkListener listener;
    private final WalkResult found = new WalkResult();
    private final WalkResult memory = new WalkResult();
    private boolean contextTold;

    /** @param walks that fill no cache of the unit's, see {@link Walks#apart} */
    public Following(UnitCapabilities unit, Walks walks, Caches caches, Translator translator,
            ProtectedMemory protectedMemory, FaultReports faults, WalkListener listener) {
        this.unit = unit;
        this.walks = walks;
        this.caches = caches;
        this.translator = translator;
        this.protectedMemory = protectedMemory;
        this.faults = faults;
        this.listener = listener;
        found.looksOnly = true;
        found.asksCaches = true;
        found.tellsCaches = true;
        memory.looksOnly = true;
    }

    /** Returns the packed outcome; steps as in {@link Translator#translate}. */
    public long follow(Request request) {
        long address = request.address;
        if (!translator.translating()) {
            return unlessProtected(address, Translation.untranslated());
        }
        if (InterruptRange.contains(address)) {
            return Translator.isMessage(request) ? Translation.untranslated()
                    : blocked(request, 0, translator.interruptReason(), false);
        }
        if (!locate(request)) {
            return blocked(request, found.context, found.fault, found.faultsDisabled);
        }
        FaultReason fault = resolve(request, request.access);
        if (fault != null) {
            return blocked(request, found.context, fault, false);
        }
        long translation = Translator.translation(found, address);
        boolean looked = unit.settings().protectTranslated() || Translator.passes(found);
        return looked ? unlessProtected(Translation.address(translation), translation)
                : translation;
    }

    private long unlessProtected(long address, long outcome) {
        return protectedMemory.covers(address) ? Translation.blocked(ProtectedMemory.REASON)
                : outcome;
    }

    @Override
    public long blocked(Request request, long context, FaultReason reason, boolean disabled) {
        return Translation.blocked(faults.number(reason));
    }

    @Override
    public long silently(Request request, int reason) {
        return Translation.blocked(reason);
    }

    @Override
    public boolean translating() {
        return translator.translating();
    }

    @Override
    public WalkResult found() {
        return found;
    }

    // ---- context and PASID ----------------------------------------------------------------------

    @Override
    public boolean locate(Request request) {
        if (!walks.root().takes(request.pasid, found) || !locateContext(request)) {
            return false;
        }
        return !ContextTag.SCALABLE.isSet(found.context)
                || walks.scalable().choosePasid(request.pasid, found) && locatePasid(request);
    }

    @Override
    public boolean locateContext(Request request) {
        WalkListener to = contextTold ? WalkListener.NONE : listener;
        contextTold = true;
        var told = new WalkRecording();
        int slot = caches.contexts().find(request.source);
        if (slot < 0) {
            boolean there = walks.root().locateContext(request.source, found, told);
            told.tell(to, CacheLookup.miss(CONTEXTS));
            return there;
        }
        boolean there = walks.root().locateContext(request.source, memory, told);
        caches.contexts().take(slot, found);
        boolean stale = differs(there) || found.source != memory.source && there;
        told.tell(to, ContextEntryFormatter.CONTEXT, CacheLookup.hit(CONTEXTS, describe(), stale),
                CacheLookup.skipped(CONTEXTS));
        return presentInCache();
    }

    private boolean locatePasid(Request request) {
        var told = new WalkRecording();
        int slot = caches.pasids().find(request.source, ContextTag.PASID.of(found.context));
        if (slot < 0) {
            boolean there = walks.scalable().locatePasid(true, found, told);
            told.tell(listener, CacheLookup.miss(PASIDS));
            return there;
        }
        memory.context = found.context;
        memory.table = found.table;
        memory.source = found.source;
        memory.faultsDisabled = found.faultsDisabled;
        boolean there = walks.scalable().locatePasid(true, memory, told);
        caches.pasids().take(slot, found);
        boolean stale = differs(there) || found.paging != memory.paging && there;
        told.tell(listener, ContextEntryFormatter.PASID, CacheLookup.hit(PASIDS, describe(), stale),
                CacheLookup.skipped(PASIDS));
        return presentInCache();
    }

    /** Returns whether memory says something else than what a cache gave. */
    private boolean differs(boolean there) {
        FaultReason cached = ContextTag.fault(found.context, found.table);
        return cached != null ? there || memory.fault != cached
                : !there || memory.context != found.context || memory.table != found.table;
    }

    private String describe() {
        FaultReason cached = ContextTag.fault(found.context, found.table);
        if (cached != null) {
            return EntryFormatter.refusal("a fault", cached);
        }
        String next = found.table == 0 ? "" : " at " + EntryFormatter.hex(found.table);
        boolean context = ContextTag.SCALABLE.isSet(found.context) && found.paging == 0
                && ContextTag.DOMAIN.of(found.context) == 0
                && ContextTag.WIDTH.of(found.context) == 0;
        if (context) {
            return "PASID directory" + next + ", RID_PASID "
                    + EntryFormatter.hex(ContextTag.PASID.of(found.context));
        }
        String domain = "domain " + EntryFormatter.hex(ContextTag.DOMAIN.of(found.context));
        if (PagingMode.FIRST_STAGE.isSet(found.paging)) {
            return domain + ", first-stage table at "
                    + EntryFormatter.hex(PagingMode.TABLE.inPlace(found.paging))
                    + (next.isEmpty() ? "" : ", second-stage table" + next);
        }
        return domain + (ContextTag.passesThrough(found.context) ? ", requests pass through"
                : ", second-stage table" + next);
    }

    private boolean presentInCache() {
        FaultReason cached = ContextTag.fault(found.context, found.table);
        return cached == null || found.fail(cached);
    }

    // ---- pages ----------------------------------------------------------------------------------

    @Override
    public FaultReason resolve(Request request, int wanted) {
        int access = Translator.effectiveAccess(request, wanted, found);
        FaultReason refusal = Translator.refusal(request, access, found.paging);
        if (refusal != null) {
            return refusal;
        }
        if (!PagingMode.FIRST_STAGE.isSet(found.paging)) {
            if (!ContextTag.covers(found.context, request.address)) {
                return translator.beyond(found.context, request.address);
            }
            if (ContextTag.passesThrough(found.context)) {
                Translator.passThrough(request.address, found);
                return null;
            }
        }
        int hit = caches.iotlb().find((int) ContextTag.DOMAIN.of(found.context),
                PagingMode.tag(found.context, found.paging), request.address);
        return hit < 0 ? missed(request.address, access) : hit(hit, request.address, access);
    }

    private FaultReason missed(long address, int access) {
        lookup(address, "not kept, the page tables are asked", CacheLookup.miss(IOTLB));
        return throughTables(address, access);
    }

    private FaultReason throughTables(long address, int access) {
        var told = new WalkRecording();
        boolean granted = walks.throughPageTables(address, access, found, told);
        told.tell(listener, CacheLookup.miss(IOTLB));
        return granted ? null : found.fault;
    }

    private FaultReason hit(int slot, long address, int access) {
        var told = new WalkRecording();
        memory.context = found.context;
        memory.table = found.table;
        memory.paging = found.paging;
        boolean there = walks.throughPageTables(address, access, memory, told);
        Iotlb iotlb = caches.iotlb();
        found.page = iotlb.page(slot);
        found.pageShift = iotlb.pageShift(slot);
        found.rights = iotlb.rights(slot);
        if ((found.rights & PageRights.RIGHTS) == 0) {
            FaultReason cached = Translator.cachedFault(found.page);
            lookup(address, "the fault is kept", CacheLookup.hit(IOTLB,
                    EntryFormatter.refusal("a fault", cached), there || memory.fault != cached));
            told.tell(listener, CacheLookup.skipped(IOTLB));
            return cached;
        }
        boolean granted = translator.granted(found, access);
        boolean stale = !there ? granted : ((memory.rights ^ found.rights) & ~PageRights.DIRTY) != 0
                || Translator.translation(memory, address)
                        != Translator.translation(found, address);
        lookup(address, granted ? "kept, no page table is read"
                : "kept without the right that is needed, the page tables are asked",
                CacheLookup.hit(IOTLB, "the page of " + (1L << found.pageShift - 10) + " KiB at "
                        + EntryFormatter.hex(found.page) + ", "
                        + EntryFormatter.rights(found.rights), stale));
        if (!granted) {
            return throughTables(address, access);
        }
        told.tell(listener, CacheLookup.skipped(IOTLB));
        return translator.inMemory(found, address);
    }

    private void lookup(long address, String decision, CacheLookup known) {
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
