// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.qemu;

import iommu.api.unit.CacheLookup;
import iommu.api.unit.WalkListener;
import iommu.api.unit.WalkRecording;
import iommu.vtd.unit.caches.Caches;
import iommu.vtd.unit.requests.EntryFormatter;
import iommu.vtd.unit.requests.Request;
import iommu.vtd.unit.requests.WalkResult;
import iommu.vtd.unit.tables.ContextEntryFormatter;
import iommu.vtd.unit.tables.Walks;
import iommu.vtd.unit.translation.LookupListener;

/**
 * Tells the lookups of a {@link QemuTranslator} and the walks between them, and beside what the
 * context cache holds what memory says now. One object a request. Cold.
 */
public final class QemuLookupFormatter implements LookupListener {

    private static final String CONTEXTS = "context-cache";
    private static final String IOTLB = "IOTLB";

    private final Walks memoryWalks;
    private final Caches caches;
    private final WalkListener listener;
    private final WalkResult kept = new WalkResult();
    private final WalkResult memory = new WalkResult();
    private WalkRecording told = new WalkRecording();

    /** @param memoryWalks that know no caches and change nothing */
    public QemuLookupFormatter(Walks memoryWalks, Caches caches, WalkListener listener) {
        this.memoryWalks = memoryWalks;
        this.caches = caches;
        this.listener = listener;
    }

    /** The walk to a PASID entry goes on in the recording of the walk to its context. */
    @Override
    public WalkListener entries() {
        return told;
    }

    private WalkRecording recorded() {
        var recorded = told;
        told = new WalkRecording();
        return recorded;
    }

    @Override
    public void contextHit(Request request, int slot) {
        boolean there = memoryWalks.root().locateContext(request.source, memory, told);
        caches.contexts().take(slot, kept);
        boolean stale = !there || memory.context != kept.context || memory.table != kept.table;
        String held = memoryWalks.root().scalable() ? "PASID directory at " : "table at ";
        recorded().tell(listener, ContextEntryFormatter.CONTEXT,
                CacheLookup.hit(CONTEXTS, held + EntryFormatter.hex(kept.table), stale),
                CacheLookup.skipped(CONTEXTS));
    }

    @Override
    public void contextWalked() {
        recorded().tell(listener, CacheLookup.miss(CONTEXTS));
    }

    @Override
    public void pasidWalked() {
        recorded().tell(listener, CacheLookup.none());
    }

    @Override
    public void pageMissed(Request request, WalkResult found) {
        lookup(request.address, memoryWalks.root().scalable()
                ? "not kept, the page tables are asked" : "not kept, the tables are asked",
                CacheLookup.miss(IOTLB));
    }

    @Override
    public void pageWalked() {
        recorded().tell(listener, CacheLookup.miss(IOTLB));
    }

    @Override
    public void pageHit(Request request, int slot, WalkResult found, int access,
            boolean answers) {
        lookup(request.address, answers ? "kept, no table is read"
                : "kept without the right that is needed: blocked, nothing is recorded",
                CacheLookup.hit(IOTLB, EntryFormatter.page(found.page, found.pageShift,
                        found.rights), false));
    }

    private void lookup(long address, String decision, CacheLookup known) {
        EntryFormatter.entry(IOTLB, address)
                .with("page", EntryFormatter.hex(address >>> 12 << 12))
                .decides(listener, decision, known);
    }
}
