// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.qemu;

import iommu.api.unit.WalkListener;
import iommu.vtd.InvalidationDescriptor;
import iommu.vtd.unit.requests.ContextTag;
import iommu.vtd.unit.requests.PagingMode;
import iommu.vtd.unit.requests.WalkResult;
import iommu.vtd.unit.tables.RootPointer;
import iommu.vtd.unit.tables.Walks;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * QEMU's PASID cache from 11 on: what it saw last of the PASID entry of each source. Translation
 * reads the entries themselves; what is kept decides only when QEMU looks again whether a source
 * passes through. Source: QEMU 11.1, observed.
 */
final class QemuPasids {

    private static final int BUSES = 256;

    /** What counts of a PASID entry that was read. */
    private record Seen(long context, long table, long paging) { }

    private final Walks walks;
    private final RootPointer root;
    private final BitSet passing;
    private final WalkResult probe = new WalkResult();
    private final Map<Integer, Seen> known = new HashMap<>();

    /** @param passing the sources that pass through, which this changes */
    QemuPasids(Walks walks, BitSet passing) {
        this.walks = walks;
        root = walks.root();
        this.passing = passing;
    }

    /** Looks at all sources that an invalidation of the PASID cache names. */
    void look(int granularity, int domain, int pasid) {
        boolean global = granularity == InvalidationDescriptor.PASID_CACHE_GLOBAL;
        if (granularity == InvalidationDescriptor.PASID_CACHE_PASID && pasid != 0) {
            return;
        }
        for (int bus = 0; bus < BUSES; bus++) {
            if (root.hasBus(bus)) {
                for (int s = bus << 8; s < bus + 1 << 8; s++) {
                    look(s, global, domain);
                }
            }
        }
    }

    private void look(int source, boolean global, int domain) {
        Seen before = known.get(source);
        boolean there = root.locateContext(source, probe, WalkListener.NONE)
                && walks.scalable().locatePasid(true, probe, WalkListener.NONE);
        if (!there) {
            if (before != null) {
                passing.clear(source);
                known.remove(source);
            }
            return;
        }
        Seen now = new Seen(probe.context, probe.table, probe.paging);
        long of = ContextTag.DOMAIN.of(before != null ? before.context : now.context);
        if ((global || of == domain) && !now.equals(before)) {
            known.put(source, now);
            passing.set(source, ContextTag.passesThrough(now.context)
                    && !PagingMode.FIRST_STAGE.isSet(now.paging));
        }
    }
}
