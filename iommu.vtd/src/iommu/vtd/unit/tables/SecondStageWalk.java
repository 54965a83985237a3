// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.tables;

import iommu.api.pcie.Access;
import iommu.api.unit.CacheLookup;
import iommu.api.unit.WalkListener;
import iommu.api.unit.WalkRecording;
import iommu.vtd.FaultReason;
import iommu.vtd.SecondStageEntry;
import iommu.vtd.unit.caches.StructureCache;
import iommu.vtd.unit.registers.UnitCapabilities;
import iommu.vtd.unit.requests.ContextTag;
import iommu.vtd.unit.requests.EntryFormatter;
import iommu.vtd.unit.requests.InterruptRange;
import iommu.vtd.unit.requests.PageRights;
import iommu.vtd.unit.requests.PagingMode;
import iommu.vtd.unit.requests.WalkResult;

/**
 * The walk through a second-stage page table of three, four or five levels.
 *
 * <p>An access of neither kind is a read of no bytes: where CAP.ZLR is set it needs any right, else
 * the right to read. Source: VT-d, "Second-Stage Translation", "Access Rights" and "Accessed and
 * Dirty Flags".
 */
public final class SecondStageWalk {

    /** What QEMU takes for an entry that could not be read. */
    static final long UNREADABLE = -1;
    private static final int BOTH = Access.READ | Access.WRITE;

    private final TableReader tables;
    private final StructureCache structures;
    /** What listeners are told that the caches hold; null if nothing. */
    private final StructureCache told;
    /** Tells the entries that the caches let this walk skip; null if nothing is told of caches. */
    private final SecondStageWalk uncached;
    private final UnitCapabilities unit;
    private final boolean asQemu;
    private final long[] tableReserved = new long[6];
    private final long[] leafReserved = new long[6];
    /** Null: the numbered steps decide all. */
    private final FusedWalk fusedWalk;

    private SecondStageWalk(TableReader tables, StructureCache structures, StructureCache told,
            SecondStageWalk uncached, boolean fuses, UnitCapabilities unit) {
        this.tables = tables;
        this.structures = structures;
        this.told = told;
        this.uncached = uncached;
        this.unit = unit;
        asQemu = unit.settings().walkAsQemu();
        long always = unit.addressReserved(51);
        boolean snoop = unit.snoopControl() || asQemu && unit.scalable();
        long leaf = always | (snoop ? 0 : SecondStageEntry.SNP.mask())
                | (unit.deviceTlb() ? 0 : SecondStageEntry.TM.mask());
        for (int level = 1; level <= 5; level++) {
            boolean large = unit.largePage(level);
            tableReserved[level] = always | SecondStageEntry.SNP.mask()
                    | SecondStageEntry.TM.mask() | (large ? 0 : SecondStageEntry.PS.mask());
            long below = (1L << SecondStageEntry.shift(level)) - 1 & SecondStageEntry.ADDR.mask();
            leafReserved[level] = leaf | below;
        }
        fusedWalk = fuses
                ? new FusedWalk(tables, structures, tableReserved, leafReserved[1]) : null;
    }

    /** Makes the walk of a unit, which asks and fills its caches. */
    static SecondStageWalk of(TableReader tables, StructureCache structures,
            UnitCapabilities unit) {
        return new SecondStageWalk(tables, structures, null, null, !unit.settings().walkAsQemu(),
                unit);
    }

    /**
     * Makes one that goes all the numbered steps, for who listens.
     *
     * @param structures asked and filled
     * @param told what listeners are told that caches hold, which {@code structures} is a copy of;
     *     null to tell them nothing of it
     */
    static SecondStageWalk numbered(TableReader tables, StructureCache structures,
            StructureCache told, UnitCapabilities unit) {
        var uncached = told == null ? null
                : new SecondStageWalk(tables, StructureCache.NONE, told, null, false, unit);
        return new SecondStageWalk(tables, structures, told, uncached, false, unit);
    }

    /** Returns the walk that tells what this one skips, or null. */
    SecondStageWalk uncached() {
        return uncached;
    }

    /** Returns whether an entry at a level is a leaf: every one at level 1, and large pages. */
    boolean isLeaf(long entry, int level) {
        return level == 1 || unit.largePage(level) && SecondStageEntry.PS.isSet(entry);
    }

    /** Returns whether a present entry has a reserved bit set. */
    boolean malformed(long entry, int level) {
        long reserved = isLeaf(entry, level) ? leafReserved[level] : tableReserved[level];
        return (entry & reserved) != 0;
    }

    /** Returns the {@link Access} bits of an entry: R and W lie as they do there. */
    static int rights(long entry) {
        return (int) entry & (Access.READ | Access.WRITE);
    }

    /**
     * Translates an address; expects context, table and paging in {@code result}. A walk that
     * begins at a cached table and fails is done again from the top: such a table never makes a
     * fault.
     *
     * <p>The walk is tried as {@link FusedWalk} first, which succeeds in the usual cases; what it
     * does not take the numbered steps decide, from the top.
     *
     * @return whether the leaf grants {@code access}; otherwise the fault is in {@code result}
     */
    public boolean walk(long address, int access, WalkResult result, WalkListener listener) {
        int levels = (int) ContextTag.LEVELS.of(result.context);
        int domain = (int) ContextTag.DOMAIN.of(result.context);
        int found = structures.find(domain, PagingMode.SECOND_STAGE, address);
        int level = found < 0 ? levels : structures.level(found);
        long known = level < levels ? structures.value(found) : result.table | BOTH;
        if (level < levels && uncached != null && listener != WalkListener.NONE) {
            var skipped = new WalkRecording();
            uncached.walk(address, access, result, skipped);
            PageTableEntryFormatter.above(level, known, PageTableEntryFormatter::secondStageName,
                    skipped, listener);
        }
        if (fusedWalk != null && fused(Math.min(level, levels), known, address, access, result)) {
            return true;
        }
        if (level < levels && descend(SecondStageEntry.ADDR.inPlace(known), level,
                (int) known & BOTH, address, access, result, listener)) {
            return true;
        }
        return descend(result.table, levels, BOTH, address, access, result, listener);
    }

    private boolean fused(int topLevel, long top, long address, int access, WalkResult result) {
        if (access == Access.NONE) {
            return false;
        }
        long leaf = fusedWalk.walk((int) ContextTag.DOMAIN.of(result.context), topLevel, top,
                address, access, PagingMode.SSADE.isSet(result.paging));
        if (leaf == FusedWalk.UNDECIDED) {
            return false;
        }
        result.page = leaf & ~FusedWalk.FLAGS;
        result.pageShift = SecondStageEntry.shift(1);
        result.rights = (int) (leaf & FusedWalk.FLAGS);
        return true;
    }

    /** Returns the walk that is tried first, or null. */
    public FusedWalk fusedWalk() {
        return fusedWalk;
    }

    private boolean descend(long top, int topLevel, int rightsAbove, long address, int access,
            WalkResult result, WalkListener listener) {
        boolean scalable = ContextTag.SCALABLE.isSet(result.context);
        long table = top;
        int rights = rightsAbove;
        for (int level = topLevel; ; level--) {
            // 1. The entry is indexed by nine bits of the address a level.
            long at = table
                    + (long) SecondStageEntry.index(address, level) * SecondStageEntry.BYTES;
            // 2. If it cannot be read, fault 07h (78h, of the top table 7Bh).
            if (!tables.contains(at, SecondStageEntry.BYTES)
                    || asQemu && read(at, result) == UNREADABLE) {
                return result.fail(EntryFormatter.unreadable(listener,
                        PageTableEntryFormatter.secondStageName(level), at,
                        unreadable(level, result.context, scalable)), true);
            }
            long entry = read(at, result);
            boolean leaf = isLeaf(entry, level);
            rights &= rights(entry);
            FaultReason fault = check(entry, level, rights, access, scalable);
            if (fault == null) {
                fault = markUsed(at, entry, leaf, access, result);
            }
            if (listener != WalkListener.NONE) {
                tell(at, entry, level, leaf, fault, leaf || told == null ? null
                        : told.lookup((int) ContextTag.DOMAIN.of(result.context),
                                PagingMode.SECOND_STAGE, address, level - 1, fault != null ? -1
                                        : SecondStageEntry.ADDR.inPlace(entry) | rights),
                        listener);
            }
            if (fault != null) {
                return result.fail(fault, rights(entry) == 0 || malformed(entry, level));
            }
            table = SecondStageEntry.ADDR.inPlace(entry);
            if (leaf) {
                // 7. The leaf gives the page; the rights are those of all levels together.
                return found(table, entry, level, rights, access, address, result);
            }
            structures.insert((int) ContextTag.DOMAIN.of(result.context),
                    PagingMode.SECOND_STAGE, address, level - 1, table | rights, false);
        }
    }

    private long read(long at, WalkResult result) {
        return ContextTag.SCALABLE.isSet(result.context)
                ? tables.read64(at, PagingMode.SNOOPED.isSet(result.paging)) : tables.read64(at);
    }

    private FaultReason unreadable(int level, long context, boolean scalable) {
        boolean top = level == ContextTag.LEVELS.of(context);
        if (asQemu && top) {
            return FaultReason.CONTEXT_INVALID;
        }
        if (!scalable) {
            return FaultReason.PAGE_TABLE_ACCESS;
        }
        return top ? FaultReason.SM_PAGE_TABLE_TOP_ACCESS : FaultReason.SM_PAGE_TABLE_ACCESS;
    }

    private FaultReason check(long entry, int level, int rights, int access, boolean scalable) {
        // 3. R and W both 0: not present; told as the permission that the request lacks.
        // 4. If a reserved field of a present entry is set, fault 0Ch (7Ah).
        int needed = access == Access.NONE && !unit.zeroLengthReads() ? Access.READ : access;
        boolean denied = (rights & needed) != needed || rights == 0;
        if (rights(entry) != 0 && malformed(entry, level) && !(asQemu && denied)) {
            return scalable ? FaultReason.SM_PAGE_TABLE_RESERVED : FaultReason.PAGE_TABLE_RESERVED;
        }
        // 5. If a level denies the access, fault 05h (85h) for a write, 06h (86h) for a read.
        if (!denied) {
            return null;
        }
        if ((needed & ~rights & Access.WRITE) != 0) {
            return scalable ? FaultReason.SM_WRITE_DENIED : FaultReason.WRITE_DENIED;
        }
        return scalable ? FaultReason.SM_READ_DENIED : FaultReason.READ_DENIED;
    }

    /** 6. With SSADE, entries are marked accessed, and the leaf of a write dirty. */
    private FaultReason markUsed(long at, long entry, boolean leaf, int access,
            WalkResult result) {
        if (!PagingMode.SSADE.isSet(result.paging)) {
            return null;
        }
        long wanted = SecondStageEntry.A.mask() | (leaf && (access & Access.WRITE) != 0
                ? SecondStageEntry.D.mask() : 0);
        if ((entry & wanted) == wanted) {
            return null;
        }
        if (!PagingMode.SNOOPED.isSet(result.paging)) {
            return FaultReason.SM_ACCESSED_NOT_SNOOPED;
        }
        if (!tables.takesLockedWrites(at)) {
            return FaultReason.SM_PAGE_TABLE_ACCESS;
        }
        tables.set(at, wanted);
        return null;
    }

    private boolean found(long page, long entry, int level, int rights, int access, long address,
            WalkResult result) {
        boolean scalable = ContextTag.SCALABLE.isSet(result.context);
        boolean dirty = !PagingMode.SSADE.isSet(result.paging) || SecondStageEntry.D.isSet(entry)
                || (access & Access.WRITE) != 0;
        result.page = page;
        result.pageShift = SecondStageEntry.shift(level);
        result.rights = rights | (dirty ? PageRights.DIRTY : 0);
        // 8. A page in the interrupt range is no memory: fault 0Eh (87h).
        long inPage = (1L << result.pageShift) - 1;
        boolean blocked = asQemu ? InterruptRange.touches(page & ~inPage, inPage)
                : InterruptRange.contains(page | address & inPage);
        return !blocked || result.fail(scalable || asQemu && unit.scalable()
                ? FaultReason.SM_INTERRUPT_RANGE : FaultReason.INTERRUPT_RANGE, false);
    }

    private void tell(long at, long entry, int level, boolean leaf, FaultReason fault,
            CacheLookup lookup, WalkListener listener) {
        long reserved = entry & (leaf ? leafReserved[level] : tableReserved[level]);
        PageTableEntryFormatter.secondStage(at, entry, level, leaf, reserved, fault, lookup,
                listener);
    }
}
