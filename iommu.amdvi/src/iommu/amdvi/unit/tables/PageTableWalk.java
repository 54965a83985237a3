// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.tables;

import iommu.amdvi.Event;
import iommu.amdvi.EventCode;
import iommu.amdvi.PageTableEntry;
import iommu.amdvi.unit.caches.ContextTag;
import iommu.amdvi.unit.caches.DirectoryCache;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.unit.WalkListener;

/**
 * The walk through a host page table of one to six levels, with levels skipped where a directory
 * entry says so.
 *
 * <p>Source: 48882, "I/O Page Tables for Host Translations" and "IO_PAGE_FAULT Event".
 */
public final class PageTableWalk {

    /** The rights that a walk from the root begins with. */
    public static final int ALL_RIGHTS = Access.READ | Access.WRITE;

    /** What the decision about an entry that leads to a table begins with. */
    public static final String LEADS = "present, ";

    /** Nothing is decided. No page has this address. */
    public static final long UNDECIDED = -1;

    private static final long LOOKED =
            PageTableEntry.PR.mask() | PageTableEntry.NEXT_LEVEL.mask();
    private static final int NEXT_SHIFT = 9;
    private static final int RIGHTS_SHIFT = 61;

    private final PhysicalMemory memory;
    /** What the fused walk has come to, by level: table, or page for 0, with rights. */
    private final long[] tables = new long[PageTableEntry.MAX_LEVEL];

    public PageTableWalk(PhysicalMemory memory) {
        this.memory = memory;
    }

    /** Returns whether an address has no bits above what a table of so many levels translates. */
    public static boolean covers(int levels, long address) {
        return levels == PageTableEntry.MAX_LEVEL
                || address >>> PageTableEntry.shift(levels + 1) == 0;
    }

    /** Returns what an entry is at a level. */
    static Kind kind(long entry, int level) {
        int next = (int) PageTableEntry.NEXT_LEVEL.of(entry);
        if (!PageTableEntry.PR.isSet(entry)) {
            return Kind.ABSENT;
        }
        if (next == PageTableEntry.PAGE) {
            return Kind.PAGE;
        }
        if (next == PageTableEntry.PAGE_OF_ENCODED_SIZE) {
            int shift = PageTableEntry.encodedShift(entry);
            boolean fits = shift > PageTableEntry.shift(level)
                    && shift <= PageTableEntry.shift(level + 1) && shift < Long.SIZE;
            return fits ? Kind.PAGE : Kind.ILLEGAL;
        }
        return next < level ? Kind.DIRECTORY : Kind.ILLEGAL;
    }

    /** What an entry can be. */
    enum Kind {
        /** PR is 0. */
        ABSENT,
        /** It leads to a table of a lower level. */
        DIRECTORY,
        /** It maps a page. */
        PAGE,
        /** Its Next Level is none that can stand there. */
        ILLEGAL
    }

    /** Returns the base-2 logarithm of the page that a page entry at a level maps. */
    public static int pageShift(long entry, int level) {
        return PageTableEntry.NEXT_LEVEL.of(entry) == PageTableEntry.PAGE
                ? PageTableEntry.shift(level) : PageTableEntry.encodedShift(entry);
    }

    /** Returns the address of the page that a page entry maps, its low bits left out. */
    public static long page(long entry, int shift) {
        return PageTableEntry.ADDRESS.inPlace(entry) & -(1L << shift);
    }

    /** Returns whether the address bits of the levels between a table and the next are 0. */
    static boolean skips(long address, int level, int next) {
        int low = PageTableEntry.shift(next + 1);
        int bits = PageTableEntry.shift(level) - low;
        return (address >>> low & (1L << bits) - 1) == 0;
    }

    /**
     * The last step of {@link #fused}, where the lowest table is known: most need no more.
     *
     * @param slot of the lowest table
     * @return the page, of 4 KiB, and its rights below; or {@link #UNDECIDED}
     */
    public long leaf(int slot, long address, int access, DirectoryCache directories) {
        int place = placeOf(directories, slot);
        if (place < 0) {
            return UNDECIDED;
        }
        long entry = memory.wordAt(place,
                PageTableEntry.index(address, 1) * PageTableEntry.BYTES);
        int granted = DirectoryCache.rights(directories.known(slot)) & ContextTag.rights(entry);
        return (entry & LOOKED) == PageTableEntry.PR.mask() && (granted & access) == access
                ? PageTableEntry.ADDRESS.inPlace(entry) | granted : UNDECIDED;
    }

    private int placeOf(DirectoryCache directories, int slot) {
        int place = directories.place(slot);
        if (place < 0) {
            place = memory.placeOfPage(DirectoryCache.table(directories.known(slot)));
            directories.place(slot, place);
        }
        return place;
    }

    /**
     * The walk of {@link #walk} in the usual case: no level skipped, a page of the usual size at
     * the lowest one. All checks of a level are one comparison: present, the rights asked for, the
     * Next Level. What is not so it leaves, with nothing changed.
     *
     * @return the page and its rights below, or {@link #UNDECIDED}
     */
    public long fused(int domain, long address, int access, long table, int level, int rights,
            DirectoryCache directories) {
        if ((rights & access) != access) {
            return UNDECIDED;
        }
        long looked = LOOKED | (long) access << RIGHTS_SHIFT;
        long wanted = PageTableEntry.PR.mask() | (long) access << RIGHTS_SHIFT;
        long at = table;
        int granted = rights;
        for (int l = level; l > 1; l--) {
            int place = memory.placeOfPage(at);
            if (place < 0) {
                return UNDECIDED;
            }
            long entry = memory.wordAt(place,
                    PageTableEntry.index(address, l) * PageTableEntry.BYTES);
            if ((entry & looked) != (wanted | (long) (l - 1) << NEXT_SHIFT)) {
                return UNDECIDED;
            }
            granted &= ContextTag.rights(entry);
            at = PageTableEntry.ADDRESS.inPlace(entry);
            tables[l - 1] = at | granted;
        }
        int place = memory.placeOfPage(at);
        if (place < 0) {
            return UNDECIDED;
        }
        long entry = memory.wordAt(place,
                PageTableEntry.index(address, 1) * PageTableEntry.BYTES);
        if ((entry & looked) != wanted) {
            return UNDECIDED;
        }
        for (int l = level - 1; l > 0; l--) {
            directories.insert(domain, address, l, PageTableEntry.ADDRESS.inPlace(tables[l]),
                    (int) tables[l] & ALL_RIGHTS);
        }
        return PageTableEntry.ADDRESS.inPlace(entry) | granted & ContextTag.rights(entry);
    }

    /**
     * Translates an address from a table on.
     *
     * @param table address of the table to begin with
     * @param level of that table
     * @param rights of the levels above it
     * @param directories keeps the tables found on the way; null for none
     * @return whether a page was found that grants {@code access}; it is in {@code result},
     *     otherwise the fault is
     */
    public boolean walk(int domain, long address, int access, long table, int level, int rights,
            DirectoryCache directories, WalkResult result, WalkListener listener) {
        long at = table;
        int l = level;
        int granted = rights;
        while (true) {
            // 1. The entry is indexed by nine bits of the address a level.
            at += (long) PageTableEntry.index(address, l) * PageTableEntry.BYTES;
            // 2. One that cannot be read: PAGE_TAB_HARDWARE_ERROR.
            if (!memory.contains(at, PageTableEntry.BYTES)) {
                EntryFormatter.unreadable(listener, name(l), at, EventCode.PAGE_TAB_HARDWARE_ERROR);
                return result.fail(EventCode.PAGE_TAB_HARDWARE_ERROR, Event.MASTER_ABORT, at);
            }
            long entry = memory.read64(at);
            granted &= ContextTag.rights(entry);
            Kind kind = kind(entry, l);
            boolean good = check(entry, l, kind, address, access, granted, result);
            if (listener != WalkListener.NONE) {
                tell(at, entry, l, kind, good, access & ~ContextTag.rights(entry), result,
                        listener);
            }
            if (!good) {
                return false;
            }
            if (kind == Kind.PAGE) {
                result.pageShift = pageShift(entry, l);
                result.page = page(entry, result.pageShift);
                result.rights = granted;
                return true;
            }
            at = PageTableEntry.ADDRESS.inPlace(entry);
            l = (int) PageTableEntry.NEXT_LEVEL.of(entry);
            if (directories != null) {
                directories.insert(domain, address, l, at, granted);
            }
        }
    }

    private static boolean check(long entry, int level, Kind kind, long address, int access,
            int granted, WalkResult result) {
        // 3. PR = 0: the page is not present.
        if (kind == Kind.ABSENT) {
            return result.fail(EventCode.IO_PAGE_FAULT, 0);
        }
        // 4. A Next Level that cannot stand there; RZ stays 0 for a level.
        if (kind == Kind.ILLEGAL) {
            return result.fail(EventCode.IO_PAGE_FAULT, Event.PRESENT);
        }
        // 5. IR and IW of every level must grant the access.
        if ((granted & access) != access) {
            return result.fail(EventCode.IO_PAGE_FAULT, Event.PRESENT | Event.PERMISSION);
        }
        // 6. The address bits of a level that is skipped must be 0.
        if (kind == Kind.DIRECTORY
                && !skips(address, level, (int) PageTableEntry.NEXT_LEVEL.of(entry))) {
            return result.fail(EventCode.IO_PAGE_FAULT, 0);
        }
        return true;
    }

    public static String name(int level) {
        return "page table entry, level " + level;
    }

    private static void tell(long at, long entry, int level, Kind kind, boolean good,
            int denied, WalkResult result, WalkListener listener) {
        String decision;
        if (!good) {
            decision = EntryFormatter.refusal(why(entry, level, kind, denied, result),
                    result.fault);
        } else if (kind == Kind.PAGE) {
            int shift = pageShift(entry, level);
            decision = "maps the page of " + (1L << shift - 10) + " KiB at "
                    + EntryFormatter.hex(page(entry, shift));
        } else {
            decision = LEADS + "table of level " + PageTableEntry.NEXT_LEVEL.of(entry) + " at "
                    + EntryFormatter.hex(PageTableEntry.ADDRESS.inPlace(entry));
        }
        EntryFormatter.entry(name(level), at, entry)
                .with("PR", PageTableEntry.PR).with("NextLevel", PageTableEntry.NEXT_LEVEL)
                .at("Address", PageTableEntry.ADDRESS).with("IR", PageTableEntry.IR)
                .with("IW", PageTableEntry.IW).decides(listener, decision);
    }

    private static String why(long entry, int level, Kind kind, int denied, WalkResult result) {
        String next = "NextLevel=" + PageTableEntry.NEXT_LEVEL.of(entry);
        return switch (kind) {
            case ABSENT -> "PR=0";
            case ILLEGAL -> next + " cannot stand at level " + level;
            default -> (result.flags & Event.PERMISSION) == 0
                    ? next + " skips address bits that are not 0"
                    : denied == 0 ? "a level above denies the access"
                            : ((denied & Access.READ) != 0 ? "IR=0: read" : "IW=0: write")
                                    + " denied";
        };
    }
}
