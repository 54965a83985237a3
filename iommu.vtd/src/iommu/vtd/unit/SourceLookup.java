// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.unit.WalkListener;
import iommu.vtd.FaultReason;

/**
 * Finds how the requests of a source, or of a PASID of it, are translated: from the context and
 * PASID caches, or from the tables behind them, which fill those.
 */
final class SourceLookup {

    private final Traits traits;
    private final RootPointer root;
    private final ScalableContextWalk scalableWalk;
    private final Caches caches;
    private final WalkResult found;

    /** @param found receives what is found, or the fault */
    SourceLookup(Traits traits, Walks walks, Caches caches, WalkResult found) {
        this.traits = traits;
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
        return !Stage.SCALABLE.isSet(found.stage)
                || scalableWalk.choosePasid(request.pasid, found) && locatePasid(request);
    }

    /** Finds the context entry of the source of a request; false for a fault. */
    boolean locateContext(Request request) {
        int slot = caches.contexts().find(request.source);
        if (slot >= 0) {
            caches.contexts().take(slot, found);
            return presentInCache();
        }
        if (root.locateContext(request.source, found, WalkListener.NONE)) {
            evicted(caches.contexts().insert(found.stage, found.table, found.source));
            return true;
        }
        if (traits.cachingMode()) {
            evicted(caches.contexts().insert(
                    Stage.ofFault(request.source, 0, found.faultsDisabled),
                    found.fault.number(), 0));
        }
        return false;
    }

    private boolean locatePasid(Request request) {
        long pasid = Stage.PASID.of(found.stage);
        int slot = caches.pasids().find(request.source, pasid);
        if (slot >= 0) {
            caches.pasids().take(slot, found);
            return presentInCache();
        }
        if (scalableWalk.locatePasid(true, found, WalkListener.NONE)) {
            evicted(caches.pasids().insert(found.stage, found.table, found.paging));
            return true;
        }
        if (traits.cachingMode()) {
            evicted(caches.pasids().insert(
                    Stage.ofFault(request.source, pasid, found.faultsDisabled),
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
        FaultReason cached = Stage.fault(found.stage, found.table);
        return cached == null || found.fail(cached);
    }
}
