// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.pcie.Access;
import iommu.api.unit.CacheLookup;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import iommu.api.unit.WalkRecording;
import iommu.vtd.FaultReason;

/**
 * What {@link Translator} would do to a request now, told step by step: it asks the caches as that
 * does, and tells beside what they hold what memory says. Nothing is recorded, no entry is marked,
 * no cache is filled. One object a request.
 */
final class Following implements Finder, Refusals {

    private static final String CONTEXTS = "context-cache";
    private static final String PASIDS = "PASID-cache";
    private static final String IOTLB = "IOTLB";

    private final Traits traits;
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
    Following(Traits traits, Walks walks, Caches caches, Translator translator,
            ProtectedMemory protectedMemory, FaultReports faults, WalkListener listener) {
        this.traits = traits;
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
    long follow(Request request) {
        long address = request.address;
        if (!translator.translating()) {
            return unlessProtected(address, Translation.untranslated());
        }
        if (InterruptRange.contains(address)) {
            return Translator.isMessage(request) ? Translation.untranslated()
                    : blocked(request, 0, translator.interruptReason(), false);
        }
        if (!locate(request)) {
            return blocked(request, found.stage, found.fault, found.faultsDisabled);
        }
        FaultReason fault = resolve(request, request.access);
        if (fault != null) {
            return blocked(request, found.stage, fault, false);
        }
        long translation = Translator.translation(found, address);
        boolean looked = traits.settings().protectTranslated() || Translator.passes(found);
        return looked ? unlessProtected(Translation.address(translation), translation)
                : translation;
    }

    private long unlessProtected(long address, long outcome) {
        return protectedMemory.covers(address) ? Translation.blocked(ProtectedMemory.REASON)
                : outcome;
    }

    @Override
    public long blocked(Request request, long stage, FaultReason reason, boolean disabled) {
        return Translation.blocked(faults.number(reason));
    }

    @Override
    public long silently(Request request, int reason) {
        return Translation.blocked(reason);
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
        return !Stage.SCALABLE.isSet(found.stage)
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
        told.tell(to, ContextNarration.CONTEXT, CacheLookup.hit(CONTEXTS, describe(), stale),
                CacheLookup.skipped(CONTEXTS));
        return presentInCache();
    }

    private boolean locatePasid(Request request) {
        var told = new WalkRecording();
        int slot = caches.pasids().find(request.source, Stage.PASID.of(found.stage));
        if (slot < 0) {
            boolean there = walks.scalable().locatePasid(true, found, told);
            told.tell(listener, CacheLookup.miss(PASIDS));
            return there;
        }
        memory.stage = found.stage;
        memory.table = found.table;
        memory.source = found.source;
        memory.faultsDisabled = found.faultsDisabled;
        boolean there = walks.scalable().locatePasid(true, memory, told);
        caches.pasids().take(slot, found);
        boolean stale = differs(there) || found.paging != memory.paging && there;
        told.tell(listener, ContextNarration.PASID, CacheLookup.hit(PASIDS, describe(), stale),
                CacheLookup.skipped(PASIDS));
        return presentInCache();
    }

    /** Returns whether memory says something else than what a cache gave. */
    private boolean differs(boolean there) {
        FaultReason cached = Stage.fault(found.stage, found.table);
        return cached != null ? there || memory.fault != cached
                : !there || memory.stage != found.stage || memory.table != found.table;
    }

    private String describe() {
        FaultReason cached = Stage.fault(found.stage, found.table);
        if (cached != null) {
            return Narration.refusal("a fault", cached);
        }
        String next = found.table == 0 ? "" : " at " + Narration.hex(found.table);
        boolean context = Stage.SCALABLE.isSet(found.stage) && found.paging == 0
                && Stage.DOMAIN.of(found.stage) == 0 && Stage.WIDTH.of(found.stage) == 0;
        if (context) {
            return "PASID directory" + next + ", RID_PASID "
                    + Narration.hex(Stage.PASID.of(found.stage));
        }
        String domain = "domain " + Narration.hex(Stage.DOMAIN.of(found.stage));
        if (PagingMode.FIRST_STAGE.isSet(found.paging)) {
            return domain + ", first-stage table at "
                    + Narration.hex(PagingMode.TABLE.inPlace(found.paging))
                    + (next.isEmpty() ? "" : ", second-stage table" + next);
        }
        return domain + (Stage.passesThrough(found.stage) ? ", requests pass through"
                : ", second-stage table" + next);
    }

    private boolean presentInCache() {
        FaultReason cached = Stage.fault(found.stage, found.table);
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
            if (!Stage.covers(found.stage, request.address)) {
                return translator.beyond(found.stage, request.address);
            }
            if (Stage.passesThrough(found.stage)) {
                Translator.passThrough(request.address, found);
                return null;
            }
        }
        int hit = caches.iotlb().find((int) Stage.DOMAIN.of(found.stage),
                PagingMode.tag(found.stage, found.paging), request.address);
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
        memory.stage = found.stage;
        memory.table = found.table;
        memory.paging = found.paging;
        boolean there = walks.throughPageTables(address, access, memory, told);
        Iotlb iotlb = caches.iotlb();
        found.page = iotlb.page(slot);
        found.pageShift = iotlb.pageShift(slot);
        found.rights = iotlb.rights(slot);
        if ((found.rights & Iotlb.RIGHTS) == 0) {
            FaultReason cached = Translator.cachedFault(found.page);
            lookup(address, "the fault is kept", CacheLookup.hit(IOTLB,
                    Narration.refusal("a fault", cached), there || memory.fault != cached));
            told.tell(listener, CacheLookup.skipped(IOTLB));
            return cached;
        }
        boolean granted = translator.granted(found, access);
        boolean stale = !there ? granted : ((memory.rights ^ found.rights) & ~Iotlb.DIRTY) != 0
                || Translator.translation(memory, address)
                        != Translator.translation(found, address);
        lookup(address, granted ? "kept, no page table is read"
                : "kept without the right that is needed, the page tables are asked",
                CacheLookup.hit(IOTLB, "the page of " + (1L << found.pageShift - 10) + " KiB at "
                        + Narration.hex(found.page) + ", "
                        + PageTableNarration.rights(found.rights), stale));
        if (!granted) {
            return throughTables(address, access);
        }
        told.tell(listener, CacheLookup.skipped(IOTLB));
        return translator.inMemory(found, address);
    }

    private void lookup(long address, String decision, CacheLookup known) {
        int pasid = PagingMode.tag(found.stage, found.paging);
        var narration = Narration.entry(IOTLB, address)
                .with("DID", Narration.hex(Stage.DOMAIN.of(found.stage)));
        if (pasid != Iotlb.SECOND_STAGE) {
            narration.with("PASID", Narration.hex(pasid));
        }
        narration.with("page", Narration.hex(address >>> 12 << 12))
                .decides(listener, decision, known);
    }
}
