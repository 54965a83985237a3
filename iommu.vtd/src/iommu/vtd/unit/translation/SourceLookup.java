// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.translation;

import iommu.vtd.FaultReason;
import iommu.vtd.unit.caches.Caches;
import iommu.vtd.unit.registers.UnitCapabilities;
import iommu.vtd.unit.requests.ContextTag;
import iommu.vtd.unit.requests.Request;
import iommu.vtd.unit.requests.WalkResult;
import iommu.vtd.unit.tables.RootPointer;
import iommu.vtd.unit.tables.ScalableContextWalk;
import iommu.vtd.unit.tables.Walks;

/**
 * Finds how the requests of a source, or of a PASID of it, are translated: from the context and
 * PASID caches, or from the tables behind them, which fill those.
 */
public final class SourceLookup {

    private final UnitCapabilities unit;
    private final RootPointer root;
    private final ScalableContextWalk scalableWalk;
    private final Caches caches;
    private final WalkResult found;
    private final LookupListener lookups;

    /** @param found receives what is found, or the fault */
    SourceLookup(UnitCapabilities unit, Walks walks, Caches caches, WalkResult found,
            LookupListener lookups) {
        this.lookups = lookups;
        this.unit = unit;
        this.root = walks.root();
        this.scalableWalk = walks.scalable();
        this.caches = caches;
        this.found = found;
    }

    /** Finds how the source, or the PASID, of a request is translated; false for a fault. */
    boolean locate(Request request) {
        if (!root.takes(request.pasid, found) || !locateContext(request)) {
            return false;
        }
        return !ContextTag.SCALABLE.isSet(found.context)
                || scalableWalk.choosePasid(request.pasid, found) && locatePasid(request);
    }

    /** Finds the context entry of the source of a request; false for a fault. */
    boolean locateContext(Request request) {
        int slot = caches.contexts().find(request.source);
        if (slot >= 0) {
            lookups.contextHit(request, slot);
            caches.contexts().take(slot, found);
            return presentInCache();
        }
        boolean there = root.locateContext(request.source, found, lookups.entries());
        lookups.contextWalked();
        if (there) {
            evicted(caches.contexts().insert(found.context, found.table, found.source));
            return true;
        }
        if (unit.cachingMode()) {
            evicted(caches.contexts().insert(
                    ContextTag.ofFault(request.source, 0, found.faultsDisabled),
                    found.fault.number(), 0));
        }
        return false;
    }

    private boolean locatePasid(Request request) {
        long pasid = ContextTag.PASID.of(found.context);
        int slot = caches.pasids().find(request.source, pasid);
        if (slot >= 0) {
            lookups.pasidHit(request, slot, found);
            caches.pasids().take(slot, found);
            return presentInCache();
        }
        boolean there = scalableWalk.locatePasid(true, found, lookups.entries());
        lookups.pasidWalked();
        if (there) {
            evicted(caches.pasids().insert(found.context, found.table, found.paging));
            return true;
        }
        if (unit.cachingMode()) {
            evicted(caches.pasids().insert(
                    ContextTag.ofFault(request.source, pasid, found.faultsDisabled),
                    found.fault.number(), 0));
        }
        return false;
    }

    private void evicted(boolean another) {
        if (another) {
            caches.front().clear();
        }
    }

    private boolean presentInCache() {
        FaultReason cached = ContextTag.fault(found.context, found.table);
        return cached == null || found.fail(cached);
    }
}
