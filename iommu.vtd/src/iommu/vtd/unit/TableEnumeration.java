// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.WalkListener;
import iommu.vtd.SecondStageEntry;

/**
 * Tells all translations that the tables in memory hold, by requester, then by iova: what the walks
 * would grant, each context and each entry checked as they check it. A table outside memory is
 * skipped.
 */
final class TableEnumeration {

    /**
     * Most tables read for one requester: 2^20 tables take 4 GiB, twice what memory can hold, so
     * that only tables which are used again and again can exceed it.
     */
    private static final int MAX_TABLES = 1 << 20;

    private final PhysicalMemory memory;
    private final Traits traits;
    private final SecondStageWalk walk;
    private final RootPointer root;
    private final WalkResult result = new WalkResult();
    private int tables;

    TableEnumeration(PhysicalMemory memory, Traits traits, SecondStageWalk walk, RootPointer root) {
        this.memory = memory;
        this.traits = traits;
        this.walk = walk;
        this.root = root;
    }

    /**
     * Tells them.
     *
     * @throws IllegalStateException if the tables of a requester are used over and over
     */
    void tell(MappingVisitor visitor) {
        for (int bus = 0; bus < 256; bus++) {
            if (root.hasBus(bus)) {
                for (int devfn = 0; devfn < 256; devfn++) {
                    requester(bus << 8 | devfn, visitor);
                }
            }
        }
    }

    private void requester(int source, MappingVisitor visitor) {
        if (!root.locate(source, result, WalkListener.NONE)) {
            return;
        }
        int domain = (int) Stage.DOMAIN.of(result.stage);
        if (Stage.passesThrough(result.stage)) {
            visitor.passThrough(source, domain);
            return;
        }
        tables = 0;
        int levels = (int) Stage.LEVELS.of(result.stage);
        int width = traits.inputWidth(levels);
        long end = width == 64 ? -1L : 1L << width;
        table(source, domain, result.table, levels, 0, end, Access.READ | Access.WRITE, visitor);
    }

    /** One level deeper a call; at most five. */
    private void table(int source, int domain, long table, int level, long iova, long end,
            int rights, MappingVisitor visitor) {
        if (!memory.contains(table, PhysicalMemory.PAGE_BYTES)) {
            return;
        }
        if (++tables > MAX_TABLES) {
            throw new IllegalStateException("more than " + MAX_TABLES
                    + " page tables for requester 0x" + Integer.toHexString(source));
        }
        int shift = SecondStageEntry.shift(level);
        for (int i = 0; i < 512; i++) {
            long entry = memory.read64(table + (long) i * SecondStageEntry.BYTES);
            long at = iova | (long) i << shift;
            int granted = rights & SecondStageWalk.rights(entry);
            if (granted == 0 || at >= end || walk.malformed(entry, level)) {
                continue;
            }
            long address = SecondStageEntry.ADDR.inPlace(entry);
            if (walk.isLeaf(entry, level)) {
                visitor.mapping(source, domain, at, address, 1L << shift, granted);
            } else {
                table(source, domain, address, level - 1, at, end, granted, visitor);
            }
        }
    }
}
