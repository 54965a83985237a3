// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.tables;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.WalkListener;
import iommu.vtd.FaultReason;
import iommu.vtd.FirstStageEntry;
import iommu.vtd.SecondStageEntry;
import iommu.vtd.unit.registers.UnitCapabilities;
import iommu.vtd.unit.requests.ContextTag;
import iommu.vtd.unit.requests.PageRights;
import iommu.vtd.unit.requests.PagingMode;
import iommu.vtd.unit.requests.Request;
import iommu.vtd.unit.requests.SourceCapabilities;
import iommu.vtd.unit.requests.WalkResult;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Tells all translations that the tables in memory hold for requests without PASID, or with one
 * and the rights of a user, by requester, then by iova as an unsigned number: what the walks would
 * grant, each context and each entry checked as they check it. A table outside memory is skipped.
 * A nested page is told in the pieces that the second stage makes of it.
 */
public final class TableEnumeration {

    /**
     * Most tables read for one requester: 2^20 tables take 4 GiB, twice what memory can hold, so
     * that only tables which are used again and again can exceed it.
     */
    private static final int MAX_TABLES = 1 << 20;
    /** Requesters that one root entry serves at least: a legacy one has a whole bus. */
    private static final int HALF_A_BUS = 128;
    private static final Set<FaultReason> OF_ROOT_ENTRY = EnumSet.of(FaultReason.ROOT_ACCESS,
            FaultReason.ROOT_NOT_PRESENT, FaultReason.ROOT_RESERVED, FaultReason.SM_ROOT_ACCESS,
            FaultReason.SM_ROOT_NOT_PRESENT, FaultReason.SM_ROOT_RESERVED);
    private static final int BOTH = Access.READ | Access.WRITE;

    private final PhysicalMemory memory;
    private final UnitCapabilities unit;
    private final Walks walks;
    private final WalkResult result = new WalkResult();
    private final WalkResult inner = new WalkResult();
    private final int pasid;
    private int source;
    private int domain;
    private MappingVisitor visitor;
    private int tables;

    /**
     * Makes one.
     *
     * @param walks that know no caches
     * @param pasid of the requests, or {@link Request#NO_PASID}
     */
    public TableEnumeration(PhysicalMemory memory, UnitCapabilities unit, Walks walks, int pasid) {
        this.memory = memory;
        this.unit = unit;
        this.walks = walks;
        this.pasid = pasid;
    }

    /**
     * Tells them.
     *
     * @throws IllegalStateException if the tables of a requester are used over and over
     */
    public void tell(MappingVisitor to) {
        visitor = to;
        for (int bus = 0; bus < 256; bus++) {
            if (walks.root().hasBus(bus)) {
                int devfn = 0;
                while (devfn < 256) {
                    devfn += requester(bus << 8 | devfn) ? 1 : HALF_A_BUS;
                }
            }
        }
    }

    /** Returns false if the root entry, by which others are found too, leads nowhere. */
    private boolean requester(int ofSource) {
        source = ofSource;
        if (!walks.root().locate(source, pasid, result, this::structure)) {
            return !OF_ROOT_ENTRY.contains(result.fault);
        }
        tellTables();
        return true;
    }

    private void tellTables() {
        tables = 0;
        domain = (int) ContextTag.DOMAIN.of(result.context);
        if (PagingMode.FIRST_STAGE.isSet(result.paging)) {
            boolean privileged = pasid == Request.NO_PASID
                    && SourceCapabilities.RID_PRIV.isSet(result.source);
            if (!privileged || PagingMode.SRE.isSet(result.paging)) {
                firstStageTable(PagingMode.TABLE.inPlace(result.paging),
                        PagingMode.firstStageLevels(result.paging), 0,
                        PageRights.RIGHTS | PageRights.USER, privileged ? Access.PRIVILEGED : 0);
            }
        } else if (ContextTag.passesThrough(result.context)) {
            visitor.passThrough(source, domain);
        } else {
            int levels = (int) ContextTag.LEVELS.of(result.context);
            int width = unit.inputWidth(levels);
            secondStageTable(result.table, levels, 0, width == 64 ? -1L : 1L << width, BOTH);
        }
    }

    private boolean readable(long table) {
        if (!memory.contains(table, PhysicalMemory.PAGE_BYTES)) {
            return false;
        }
        if (++tables > MAX_TABLES) {
            throw new IllegalStateException("more than " + MAX_TABLES
                    + " page tables for requester 0x" + Integer.toHexString(source));
        }
        visitor.structure(table, PhysicalMemory.PAGE_BYTES);
        return true;
    }

    /** One level deeper a call; at most five. */
    private void secondStageTable(long table, int level, long iova, long end, int rights) {
        if (!readable(table)) {
            return;
        }
        int shift = SecondStageEntry.shift(level);
        for (int i = 0; i < 512; i++) {
            long entry = memory.read64(table + (long) i * SecondStageEntry.BYTES);
            long at = iova | (long) i << shift;
            int granted = rights & SecondStageWalk.rights(entry);
            if (granted == 0 || at >= end || walks.secondStage().malformed(entry, level)) {
                continue;
            }
            long address = SecondStageEntry.ADDR.inPlace(entry);
            if (walks.secondStage().isLeaf(entry, level)) {
                visitor.mapping(source, domain, at, address, 1L << shift, granted);
            } else {
                secondStageTable(address, level - 1, at, end, granted);
            }
        }
    }

    /** One level deeper a call; at most five. */
    private void firstStageTable(long guestTable, int level, long above, int rights,
            int privilege) {
        long table = PagingMode.NESTED.isSet(result.paging) ? physical(guestTable) : guestTable;
        if (table == -1 || !readable(table)) {
            return;
        }
        int shift = SecondStageEntry.shift(level);
        for (int i = 0; i < 512; i++) {
            long entry = memory.read64(table + (long) i * FirstStageEntry.BYTES);
            if (!FirstStageEntry.P.isSet(entry)
                    || walks.firstStage().malformed(entry, level, result.paging)) {
                continue;
            }
            int unused = 64 - 12 - 9 * PagingMode.firstStageLevels(result.paging);
            long at = (above | (long) i << shift) << unused >> unused;
            int granted = rights & FirstStageWalk.rights(entry);
            long address = FirstStageEntry.ADDR.inPlace(entry);
            if (walks.firstStage().isLeaf(entry, level)) {
                long inPage = (1L << shift) - 1;
                page(at, address & ~inPage, 1L << shift, access(granted, privilege));
            } else {
                firstStageTable(address, level - 1, at, granted, privilege);
            }
        }
    }

    private int access(int rights, int privilege) {
        int access = 0;
        for (int kind = Access.READ; kind <= Access.WRITE; kind <<= 1) {
            if (FirstStageWalk.grants(rights, kind | privilege, result.paging)) {
                access |= kind;
            }
        }
        return access;
    }

    /** Returns where the second stage sends the table at a guest address, or -1. */
    private long physical(long guest) {
        return ContextTag.covers(result.context, guest) && throughSecondStage(guest, Access.READ)
                ? inner.page & -(1L << inner.pageShift) | guest & (1L << inner.pageShift) - 1 : -1;
    }

    private boolean throughSecondStage(long guest, int access) {
        inner.context = result.context;
        inner.table = result.table;
        inner.paging = result.paging;
        return walks.secondStage().walk(guest, access, inner, this::structure);
    }

    /** An entry that cannot be read has no words. */
    private void structure(String name, long address, long[] words,
            List<WalkListener.Field> fields, String decision) {
        if (words.length > 0) {
            visitor.structure(address, 8L * words.length);
        }
    }

    private void page(long iova, long address, long bytes, int access) {
        if (access == 0) {
            return;
        }
        if (!PagingMode.NESTED.isSet(result.paging)) {
            visitor.mapping(source, domain, iova, address, bytes, access);
            return;
        }
        for (long done = 0; done < bytes;) {
            long guest = address + done;
            boolean found = ContextTag.covers(result.context, guest)
                    && (throughSecondStage(guest, Access.READ)
                            || throughSecondStage(guest, Access.WRITE));
            long piece = found ? Math.min(1L << inner.pageShift, bytes) : PhysicalMemory.PAGE_BYTES;
            int granted = found ? access & inner.rights : 0;
            if (granted != 0) {
                long inPage = (1L << inner.pageShift) - 1;
                visitor.mapping(source, domain, iova + done,
                        inner.page & ~inPage | guest & inPage, piece, granted);
            }
            done += piece;
        }
    }
}
