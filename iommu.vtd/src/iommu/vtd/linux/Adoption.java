// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.unit.AdoptDepth;
import iommu.api.unit.KernelPort;
import iommu.vtd.RootEntry;
import iommu.vtd.linux.settings.KernelQuirks;
import java.util.BitSet;

/**
 * Takes over the tables of the kernel before, as deep as a policy asks. Only {@link
 * AdoptDepth#CONTEXTS} is what released kernels do, with their faults; the others are proposals,
 * and made without those faults.
 */
final class Adoption {

    private static final int ROOT_BYTES = 4096;

    private final KernelPort port;
    private final KernelQuirks quirks;
    private final String unitName;
    private final DomainIds ids;
    private final AdoptDepth depth;
    private final BitSet sources = new BitSet();
    private KeptMappings kept = KeptMappings.NONE;

    Adoption(KernelPort port, KernelQuirks quirks, String unitName, DomainIds ids,
            AdoptDepth depth) {
        this.port = port;
        this.quirks = quirks;
        this.unitName = unitName;
        this.ids = ids;
        this.depth = depth;
    }

    /** Returns the sources whose entries are still those of the kernel before. */
    BitSet sources() {
        return sources;
    }

    /** Returns what stays mapped beside what this kernel maps. */
    KeptMappings kept() {
        return kept;
    }

    /** Returns whether a mark in the entry tells these sources. */
    boolean marks() {
        return depth == AdoptDepth.CONTEXTS && quirks.marksEntries();
    }

    /** Returns whether the unit must be given another root table. */
    boolean movesRoot() {
        return depth == AdoptDepth.CONTEXTS || depth.copiesPageTables();
    }

    /**
     * Copies what is to be copied and returns the tables to go on with.
     *
     * @throws IllegalStateException if the kernel runs out of pages, or more is mapped than it could
     *     keep
     */
    ContextTables take(long root, boolean scalable) {
        ContextTables tables = copy(root, scalable);
        if (depth.keepsDomains()) {
            kept = KeptMappings.collect(port, tables);
            sources.clear();
            tables.forEachPresent((source, entry) -> {
                if (!kept.has(tables.domain(entry))) {
                    sources.set(source);
                }
            });
        }
        return tables;
    }

    private ContextTables copy(long root, boolean scalable) {
        ContextTables tables = new ContextTables(port, root, scalable);
        if (depth == AdoptDepth.IN_PLACE || depth == AdoptDepth.KEEP_IN_PLACE) {
            tables.forEachPresent((source, entry) -> sources.set(source));
            tables.reserveIds(ids);
            return tables;
        }
        long copy = port.allocatePages(1);
        boolean keepsUpperHalf = quirks.keepsUpperHalf() || depth != AdoptDepth.CONTEXTS;
        new TableCopy(port, unitName, ids, sources, marks(), keepsUpperHalf)
                .copy(root, copy, scalable);
        ContextTables copies = new ContextTables(port, copy, scalable);
        if (depth != AdoptDepth.CONTEXTS || quirks.reservesPasidIds()) {
            copies.reserveIds(ids);
        }
        if (depth.copiesPageTables()) {
            new PageTableCopy(port, copies).run();
        } else if (depth == AdoptDepth.REUSE_ROOT) {
            repoint(root, copy);
            return tables;
        }
        return copies;
    }

    /** Points each entry of the old root table to the copy of its context table. */
    private void repoint(long root, long copy) {
        for (int i = 0; i < ROOT_BYTES; i += 8) {
            long q = port.read64(copy + i);
            if (RootEntry.P.isSet(q)) {
                port.write64(root + i, q);
            }
        }
    }
}
