// SPDX-License-Identifier: Apache-2.0
package example.vendor;

import static example.vendor.ToyLayout.*;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import iommu.api.unit.WalkListener.Field;
import java.util.List;

/**
 * The way through the tables: function table, directory, table. Explaining is the same walk with a
 * listener. Tables are whatever memory holds; what lies outside memory reads as zero. One thread.
 */
final class ToyWalk {

    private final PhysicalMemory memory;

    ToyWalk(PhysicalMemory memory) {
        this.memory = memory;
    }

    private long read(long address) {
        return memory.contains(address, ENTRY_BYTES) ? memory.read64(address) : 0;
    }

    /** Returns the entry of a page, or the blocked translation that there is instead. */
    long entry(long table, int requester, long address) {
        return walk(table, requester, address, Access.NONE, WalkListener.NONE);
    }

    long explain(long table, int requester, long address, int access, WalkListener steps) {
        if (address >>> 32 != 0) {
            return Translation.blocked(TOO_WIDE);
        }
        return checked(walk(table, requester, address, access, steps), address, access);
    }

    private long walk(long table, int requester, long address, int access, WalkListener steps) {
        // 1. the function's entry
        long at = table + (requester & FUNCTIONS - 1L) * ENTRY_BYTES;
        long function = read(at);
        boolean present = PRESENT.isSet(function);
        tell(steps, "function entry", at, function, present, DIRECTORY.inPlace(function),
                NO_FUNCTION);
        if (!present) {
            return Translation.blocked(NO_FUNCTION);
        }
        // 2. the directory's, for 2 MiB
        at = DIRECTORY.inPlace(function) + DIRECTORY_INDEX.of(address) * ENTRY_BYTES;
        long directory = read(at);
        present = PRESENT.isSet(directory);
        tell(steps, "directory entry", at, directory, present, ADDRESS.inPlace(directory),
                NO_TABLE);
        if (!present) {
            return Translation.blocked(NO_TABLE);
        }
        // 3. the page's
        at = ADDRESS.inPlace(directory) + TABLE_INDEX.of(address) * ENTRY_BYTES;
        long entry = read(at) & Long.MAX_VALUE;
        if (steps != WalkListener.NONE) {
            long outcome = checked(entry, address, access);
            steps.entry("page entry", at, new long[] {entry},
                    List.of(new Field("READ", "" + READ.of(entry)),
                            new Field("WRITE", "" + WRITE.of(entry)),
                            new Field("ADDRESS", hex(ADDRESS.inPlace(entry)))),
                    Translation.isBlocked(outcome) ? REASONS.get(Translation.reason(outcome))
                            : "page at " + hex(ADDRESS.inPlace(entry)));
        }
        return entry;
    }

    private static void tell(WalkListener steps, String structure, long at, long entry,
            boolean present, long next, int reason) {
        if (steps != WalkListener.NONE) {
            steps.entry(structure, at, new long[] {entry},
                    List.of(new Field("PRESENT", "" + PRESENT.of(entry)),
                            new Field("ADDRESS", hex(next))),
                    present ? "table at " + hex(next) : REASONS.get(reason));
        }
    }

    private static String hex(long number) {
        return "0x" + Long.toHexString(number);
    }

    /** Returns the translation by an entry, which may be cached, for a request. */
    static long checked(long entry, long address, int access) {
        if (Translation.isBlocked(entry)) {
            return entry;
        }
        if ((access & Access.WRITE) != 0 ? !WRITE.isSet(entry) : !READ.isSet(entry)) {
            return Translation.blocked((access & Access.WRITE) != 0 ? NO_WRITE : NO_READ);
        }
        return Translation.to(ADDRESS.inPlace(entry) | address & (1L << PAGE_SHIFT) - 1,
                PAGE_SHIFT);
    }

    /** Tells all pages, by function, then by address. */
    void mappings(long table, MappingVisitor visitor) {
        visitor.structure(table, FUNCTIONS * ENTRY_BYTES);
        for (int function = 0; function < FUNCTIONS; function++) {
            long entry = read(table + (long) function * ENTRY_BYTES);
            if (PRESENT.isSet(entry)) {
                directory(function, DIRECTORY.inPlace(entry), visitor);
            }
        }
    }

    private void directory(int function, long at, MappingVisitor visitor) {
        visitor.structure(at, (long) DIRECTORY_PAGES << PAGE_SHIFT);
        for (int i = 0; i < DIRECTORY_PAGES << PAGE_SHIFT - 3; i++) {
            long entry = read(at + (long) i * ENTRY_BYTES);
            if (PRESENT.isSet(entry)) {
                pages(function, (long) i << 21, ADDRESS.inPlace(entry), visitor);
            }
        }
    }

    private void pages(int function, long iova, long at, MappingVisitor visitor) {
        visitor.structure(at, 1L << PAGE_SHIFT);
        for (int i = 0; i < 1 << PAGE_SHIFT - 3; i++) {
            long entry = read(at + (long) i * ENTRY_BYTES);
            int access = (READ.isSet(entry) ? Access.READ : 0)
                    | (WRITE.isSet(entry) ? Access.WRITE : 0);
            if (access != 0) {
                visitor.mapping(function, function, iova + ((long) i << PAGE_SHIFT),
                        ADDRESS.inPlace(entry), 1L << PAGE_SHIFT, access);
            }
        }
    }
}
