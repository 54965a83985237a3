// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.tables;

import iommu.api.pcie.Access;
import iommu.api.unit.CacheLookup;
import iommu.api.unit.WalkListener;
import iommu.api.unit.WalkRecording;
import iommu.vtd.FaultReason;
import iommu.vtd.FirstStageEntry;
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
 * The walk through a first-stage page table of four or five levels and, nested, of each address
 * that it leads to through the second-stage table.
 *
 * <p>Each entry used is marked accessed by a locked write, the leaf of a write dirty. What a nested
 * page's second stage denies is told as 79h, so that 85h and 86h mean the first stage; which of
 * them hardware tells is uncertain. Source: VT-d, "First-Stage Translation", "Nested Translation",
 * "Access Rights" and "Accessed, Extended Accessed, and Dirty Flags".
 */
public final class FirstStageWalk {

    private final TableReader tables;
    private final StructureCache structures;
    private final StructureCache told;
    private final FirstStageWalk uncached;
    private final NestedStage second;
    private final UnitCapabilities unit;
    private final boolean asQemu;

    private FirstStageWalk(TableReader tables, StructureCache structures, StructureCache told,
            FirstStageWalk uncached, SecondStageWalk secondStage, UnitCapabilities unit) {
        this.tables = tables;
        this.structures = structures;
        this.told = told;
        this.uncached = uncached;
        second = new NestedStage(secondStage);
        this.unit = unit;
        asQemu = unit.settings().walkAsQemu();
    }

    /** Makes the walk of a unit; nested addresses go through {@code secondStage}. */
    static FirstStageWalk of(TableReader tables, StructureCache structures,
            SecondStageWalk secondStage, UnitCapabilities unit) {
        return new FirstStageWalk(tables, structures, null, null, secondStage, unit);
    }

    /** As {@link SecondStageWalk#numbered}. */
    static FirstStageWalk numbered(TableReader tables, StructureCache structures,
            StructureCache told, SecondStageWalk secondStage, UnitCapabilities unit) {
        var uncached = told == null ? null : new FirstStageWalk(tables, StructureCache.NONE, told,
                null, secondStage.uncached(), unit);
        return new FirstStageWalk(tables, structures, told, uncached, secondStage, unit);
    }

    /**
     * Returns whether cached rights grant an access. Of a nested page without the right to write
     * they do not say which stage denies it: then never a write.
     */
    public static boolean grants(int rights, int access, long paging) {
        boolean nested = (rights & PageRights.NESTED) != 0;
        int needed = access & (Access.READ | (nested ? Access.WRITE : 0));
        return (rights & needed) == needed && denial(rights, access, paging) == null;
    }

    private static FaultReason denial(int rights, int access, long paging) {
        boolean privileged = (access & Access.PRIVILEGED) != 0;
        boolean user = (rights & PageRights.USER) != 0;
        // 5. A user request needs U/S at all levels: fault 81h.
        if (!privileged && !user) {
            return FaultReason.USER_DENIED;
        }
        // 6. An execute request needs XD clear at all levels, a privileged one with SMEP also a
        // supervisor page: fault 82h.
        boolean prevented = privileged && user && PagingMode.SMEP.isSet(paging);
        if ((access & Access.EXECUTE) != 0
                && ((rights & Access.EXECUTE) == 0 || prevented)) {
            return FaultReason.EXECUTE_DENIED;
        }
        // 7. A write needs R/W at all levels, a privileged one only with WPE: fault 85h.
        boolean mayWrite = (rights & Access.WRITE) != 0
                || privileged && !PagingMode.WPE.isSet(paging);
        return (access & Access.WRITE) != 0 && !mayWrite ? FaultReason.SM_WRITE_DENIED : null;
    }

    /** Returns whether an entry at a level is a leaf. */
    boolean isLeaf(long entry, int level) {
        return level == 1 || level == 2 && FirstStageEntry.PS.isSet(entry)
                || level == 3 && (asQemu || unit.firstStageGigabytePages())
                        && FirstStageEntry.PS.isSet(entry);
    }

    /** Returns whether a present entry has a reserved bit set. */
    boolean malformed(long entry, int level, long paging) {
        return (entry & reserved(entry, level, paging)) != 0;
    }

    private long reserved(long entry, int level, long paging) {
        long reserved = unit.addressReserved(51)
                | (PagingMode.NXE.isSet(paging) ? 0 : FirstStageEntry.XD.mask());
        if (isLeaf(entry, level)) {
            long below = (1L << SecondStageEntry.shift(level)) - 1 & FirstStageEntry.ADDR.mask();
            reserved |= below & ~FirstStageEntry.PAT_LARGE.mask();
        } else if (level > 2) {
            reserved |= FirstStageEntry.PS.mask();
        }
        return reserved;
    }

    /** Returns the rights of one entry, see {@link PageRights}. */
    static int rights(long entry) {
        return Access.READ | (FirstStageEntry.RW.isSet(entry) ? Access.WRITE : 0)
                | (FirstStageEntry.XD.isSet(entry) ? 0 : Access.EXECUTE)
                | (FirstStageEntry.US.isSet(entry) ? PageRights.USER : 0);
    }

    /**
     * Translates an address; expects context, table and paging in {@code result}.
     *
     * @return whether the leaf grants {@code access}; otherwise the fault is in {@code result}
     */
    boolean walk(long address, int access, WalkResult result, WalkListener listener) {
        // 1. Bits above the table's width must be alike: fault 80h.
        int levels = PagingMode.firstStageLevels(result.paging);
        int unused = 64 - (asQemu ? (int) ContextTag.WIDTH.of(result.context) + 1
                : 12 + 9 * levels);
        if (address << unused >> unused != address) {
            return result.fail(FaultReason.NOT_CANONICAL, false);
        }
        int all = PageRights.RIGHTS | PageRights.USER;
        int found = structures.find((int) ContextTag.DOMAIN.of(result.context),
                (int) ContextTag.PASID.of(result.context), address);
        if (found >= 0) {
            int level = structures.level(found);
            long known = structures.value(found);
            if (uncached != null && listener != WalkListener.NONE) {
                var skipped = new WalkRecording();
                uncached.walk(address, access, result, skipped);
                PageTableEntryFormatter.above(level, known,
                        PageTableEntryFormatter::firstStageName, skipped, listener);
            }
            if (descend(FirstStageEntry.ADDR.inPlace(known), level, (int) known & all, address,
                    access, result, listener)) {
                return true;
            }
        }
        return descend(PagingMode.TABLE.inPlace(result.paging), levels, all, address, access,
                result, listener);
    }

    private boolean descend(long top, int topLevel, int rightsAbove, long address, int access,
            WalkResult result, WalkListener listener) {
        long paging = result.paging;
        boolean nested = PagingMode.NESTED.isSet(paging);
        long table = top;
        int rights = rightsAbove;
        for (int level = topLevel; ; level--) {
            // 2. The entry is indexed by nine bits of the address a level; nested, its address
            // goes through the second stage.
            long guest = table
                    + (long) SecondStageEntry.index(address, level) * FirstStageEntry.BYTES;
            boolean isTop = level == PagingMode.firstStageLevels(paging);
            if (nested && !second.table(guest, isTop, result, listener)) {
                return false;
            }
            long at = nested ? second.physical(guest) : guest;
            // 3. If it cannot be read, fault 70h (of the top table 73h).
            if (!tables.contains(at, FirstStageEntry.BYTES)
                    || asQemu && tables.read64(at) == SecondStageWalk.UNREADABLE) {
                return unreadable(at, level, isTop, result, listener);
            }
            long entry = tables.read64(at, PagingMode.SNOOPED.isSet(paging));
            boolean leaf = isLeaf(entry, level);
            rights &= rights(entry);
            FaultReason fault = asQemu ? checkAsQemu(entry, level, access, paging)
                    : check(entry, level, paging);
            boolean wrong = fault != null;
            if (fault == null && leaf) {
                fault = denial(rights, access, paging);
            }
            if (fault == null) {
                fault = markUsed(guest, at, entry, leaf, access, result);
            }
            if (listener != WalkListener.NONE) {
                tell(at, entry, level, leaf, fault, leaf || told == null ? null
                        : known(entry, level, rights, fault, address, result), paging, listener);
            }
            if (fault != null) {
                return result.fail(fault, wrong);
            }
            table = FirstStageEntry.ADDR.inPlace(entry);
            if (leaf) {
                return found(entry, level, rights, address, access, result, listener);
            }
            structures.insert((int) ContextTag.DOMAIN.of(result.context),
                    (int) ContextTag.PASID.of(result.context), address, level - 1,
                    table | rights, nested);
        }
    }

    private static boolean unreadable(long at, int level, boolean isTop, WalkResult result,
            WalkListener listener) {
        return result.fail(EntryFormatter.unreadable(listener,
                PageTableEntryFormatter.firstStageName(level), at,
                isTop ? FaultReason.FIRST_STAGE_TOP_ACCESS : FaultReason.FIRST_STAGE_ACCESS), true);
    }

    /** Returns what the paging-structure caches hold of the table below an entry. */
    private CacheLookup known(long entry, int level, int rights, FaultReason fault, long address,
            WalkResult result) {
        return told.lookup((int) ContextTag.DOMAIN.of(result.context),
                (int) ContextTag.PASID.of(result.context), address, level - 1,
                fault != null ? -1 : FirstStageEntry.ADDR.inPlace(entry) | rights);
    }

    private FaultReason check(long entry, int level, long paging) {
        // 4. If P is 0, fault 71h; if a reserved field is set, fault 72h.
        if (!FirstStageEntry.P.isSet(entry)) {
            return FaultReason.FIRST_STAGE_NOT_PRESENT;
        }
        return malformed(entry, level, paging) ? FaultReason.FIRST_STAGE_RESERVED : null;
    }

    /** QEMU looks at rights first, at each level. */
    private FaultReason checkAsQemu(long entry, int level, int access, long paging) {
        FaultReason fault = check(FirstStageEntry.P.inPlace(entry), level, paging);
        if (fault == null) {
            fault = denial(rights(entry), access, paging);
        }
        return fault == null ? check(entry, level, paging) : fault;
    }

    /** 8. Entries are marked accessed, the leaf of a write dirty. */
    private FaultReason markUsed(long guest, long at, long entry, boolean leaf, int access,
            WalkResult result) {
        long paging = result.paging;
        long wanted = FirstStageEntry.A.mask()
                | (PagingMode.EAFE.isSet(paging) ? FirstStageEntry.EA.mask() : 0)
                | (leaf && (access & Access.WRITE) != 0 ? FirstStageEntry.D.mask() : 0);
        // QEMU leaves an entry alone that has one of them
        if (asQemu ? (entry & wanted) != 0 : (entry & wanted) == wanted) {
            return null;
        }
        // 8a. Without snooping, fault 90h. Nested, the second stage must let the table be written:
        // fault 77h. If the locked write fails, fault 91h.
        if (!PagingMode.SNOOPED.isSet(paging)) {
            return FaultReason.FIRST_STAGE_NOT_SNOOPED;
        }
        if (PagingMode.NESTED.isSet(paging)
                && !second.walk(guest, Access.WRITE, result, WalkListener.NONE)) {
            return second.denies() ? FaultReason.NESTED_WRITE_DENIED : second.fault();
        }
        if (!tables.takesLockedWrites(at)) {
            return FaultReason.FIRST_STAGE_UPDATE_FAILED;
        }
        tables.set(at, wanted);
        return null;
    }

    private boolean found(long entry, int level, int rights, long address, int access,
            WalkResult result, WalkListener listener) {
        boolean dirty = FirstStageEntry.D.isSet(entry) || (access & Access.WRITE) != 0;
        int shift = SecondStageEntry.shift(level);
        long inPage = (1L << shift) - 1;
        long page = FirstStageEntry.ADDR.inPlace(entry) & ~inPage;
        result.rights = rights | (asQemu ? PageRights.NESTED : 0) | (dirty ? PageRights.DIRTY : 0)
                | (FirstStageEntry.G.isSet(entry) ? PageRights.GLOBAL : 0);
        result.pageShift = shift;
        result.page = page;
        if (PagingMode.NESTED.isSet(result.paging)
                && !second.page(page | address & inPage, access, result, listener)) {
            return false;
        }
        // 10. A page in the interrupt range is no memory: fault 87h.
        boolean blocked = asQemu ? InterruptRange.touches(page, inPage)
                : InterruptRange.contains(NestedStage.physical(result, address));
        return !blocked || result.fail(FaultReason.SM_INTERRUPT_RANGE, false);
    }

    private void tell(long at, long entry, int level, boolean leaf, FaultReason fault,
            CacheLookup lookup, long paging, WalkListener listener) {
        PageTableEntryFormatter.firstStage(at, entry, level, leaf,
                entry & reserved(entry, level, paging), fault, lookup, listener);
    }
}
