// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.linux;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.Access;
import iommu.api.unit.KernelPort;
import iommu.legacy.calgary.TranslationEntry;
import java.util.BitSet;

/**
 * The table of one PHB, and which of its entries are given out. One thread.
 *
 * <p>Source: Linux, tce_64.c, tce_build and tce_free; pci-calgary_64.c, iommu_range_alloc.
 */
final class TceTable {

    private static final int EMERGENCY_PAGES = 32;
    private static final AddressRange HOLE = new AddressRange(0xa0000, 0x100000);
    private static final AddressRange FIRST_MEGABYTE = new AddressRange(0, 0x100000);
    private static final long MEGABYTE = 0xfffff;

    private final KernelPort port;
    private final int bus;
    private final long base;
    private final int entries;
    private final BitSet given = new BitSet();
    private int hint;

    /**
     * Takes a table.
     *
     * @param bus whose requests it translates, the first of its PHB
     * @param base where this kernel takes it to be: a multiple of 8, unless it mistakes its size
     */
    TceTable(KernelPort port, int bus, long base, int entries) {
        this.port = port;
        this.bus = bus;
        this.base = base;
        this.entries = entries;
    }

    int bus() {
        return bus;
    }

    long base() {
        return base;
    }

    int entries() {
        return entries;
    }

    /** Takes all entries that are not 0 to be given out, as calgary_init_bitmap_from_tce_table. */
    void keepNonZero() {
        for (int i = 0; i < entries; i++) {
            if (port.isMemory(at(i) & -8, 8) && word(i) != 0) {
                given.set(i);
            }
        }
    }

    /**
     * Keeps the first 32 pages, and the hole below 1 MiB, from being given out; of CalIOC2 all of
     * the first MiB: calgary_reserve_regions.
     */
    void reserveUsual(boolean calIoc2) {
        reserve(new AddressRange(0, (long) EMERGENCY_PAGES << TranslationEntry.PAGE_SHIFT));
        reserve(calIoc2 ? FIRST_MEGABYTE : HOLE);
    }

    /** Keeps a window of peripheral memory from being given out, which ends with a megabyte. */
    void reserveWindow(long start, long limit) {
        if (limit >= start) {
            reserve(new AddressRange(start, (limit | MEGABYTE) + 1));
        }
    }

    /** Keeps a range from being given out, as far as the table has it. */
    void reserve(AddressRange range) {
        long first = range.start() >>> TranslationEntry.PAGE_SHIFT;
        long end = range.end() + 0xfff >>> TranslationEntry.PAGE_SHIFT;
        if (first < entries) {
            given.set((int) first, (int) Math.min(end, entries));
        }
    }

    /** Returns whether the table has an entry for each page of a range. */
    boolean covers(AddressRange range) {
        return range.end() <= (long) entries << TranslationEntry.PAGE_SHIFT;
    }

    /**
     * Takes adjacent entries, behind those that were taken last.
     *
     * @return number of the first; -1 if there are none
     */
    int take(int count) {
        int first = firstFree(hint, count);
        if (first >= 0) {
            given.set(first, first + count);
            hint = first + count;
        }
        return first;
    }

    /** Looks from the beginning again. */
    void rewind() {
        hint = 0;
    }

    private int firstFree(int from, int count) {
        int first = given.nextClearBit(from);
        while (first + count <= entries) {
            int clash = given.nextSetBit(first);
            if (clash < 0 || clash >= first + count) {
                return first;
            }
            first = given.nextClearBit(clash);
        }
        return -1;
    }

    /** Enters adjacent pages; {@code access} as in {@link iommu.api.pcie.Access}. */
    void build(int first, int count, long physicalAddress, int access) {
        for (int i = 0; i < count; i++) {
            write(first + i, TranslationEntry.of(
                    physicalAddress + ((long) i << TranslationEntry.PAGE_SHIFT), access));
        }
    }

    /** Points all entries to one page, none of them given out. */
    void lead(long page) {
        for (int i = 0; i < entries; i++) {
            write(i, TranslationEntry.of(page, Access.WRITE));
        }
    }

    /** Clears entries and gives them back; what a PHB has cached of them it keeps. */
    void free(int first, int count) {
        for (int i = first; i < first + count; i++) {
            write(i, 0);
        }
        given.clear(first, first + count);
    }

    private long at(int index) {
        return base + (long) index * TranslationEntry.BYTES;
    }

    private long word(int index) {
        long at = at(index);
        int skip = (int) (at & 7) * 8;
        long low = port.read64(at & -8);
        return skip == 0 ? low
                : low >>> skip | (port.isMemory((at | 7) + 1, 8)
                        ? port.read64((at | 7) + 1) << 64 - skip : 0);
    }

    /** Writes an entry where this kernel takes it to be, be it between two of the hardware's. */
    private void write(int index, long entry) {
        long at = at(index);
        long word = TranslationEntry.swap(entry);
        int skip = (int) (at & 7) * 8;
        if (skip == 0) {
            port.write64(at, word);
        } else {
            long keptLow = (1L << skip) - 1;
            port.write64(at & -8, port.read64(at & -8) & keptLow | word << skip);
            port.write64((at | 7) + 1,
                    port.read64((at | 7) + 1) & ~keptLow | word >>> 64 - skip);
        }
    }
}
