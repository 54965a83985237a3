// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.gart.linux;

import iommu.api.unit.KernelPort;
import iommu.legacy.gart.GattEntry;
import java.util.BitSet;

/** The table of an aperture, and which of its entries are given out. One thread. */
final class Gatt {

    private static final int EMERGENCY_PAGES = 32;

    private final KernelPort port;
    private final long aperture;
    private final long base;
    private final int entries;
    private final boolean skipsFreed;
    private final BitSet given = new BitSet();
    /** What stands in entries that are not given out. */
    private long unmapped;
    private int next;
    /** Addresses are given out that were used before. */
    private boolean reuses;

    /** @param skipsFreed whether entries are given out behind those that were freed last, too */
    Gatt(KernelPort port, long aperture, long base, int entries, boolean skipsFreed) {
        this.skipsFreed = skipsFreed;
        this.port = port;
        this.aperture = aperture;
        this.base = base;
        this.entries = entries;
        given.set(0, EMERGENCY_PAGES);
    }

    /** Points all entries behind the emergency pages to a scratch page. */
    void fill(long scratch) {
        unmapped = GattEntry.of(scratch);
        for (int i = EMERGENCY_PAGES; i < entries; i += 2) {
            port.write64(base + (long) i * GattEntry.BYTES, unmapped | unmapped << 32);
        }
    }

    /** Learns the table of this very kernel: the last entry is the last to be given out. */
    void learn() {
        unmapped = read(entries - 1);
        for (int i = EMERGENCY_PAGES; i < entries; i++) {
            if (read(i) != unmapped) {
                given.set(i);
            }
        }
    }

    long apertureStart() {
        return aperture;
    }

    boolean covers(long address) {
        return address >= aperture + ((long) EMERGENCY_PAGES << GattEntry.PAGE_SHIFT)
                && address < aperture + ((long) entries << GattEntry.PAGE_SHIFT);
    }

    /**
     * Takes adjacent entries, behind those that were taken last.
     *
     * @return number of the first; -1 if there are none
     */
    int take(int count) {
        int first = free(next, count);
        if (first < 0) {
            reuses = true;
            first = free(0, count);
        }
        if (first >= 0) {
            given.set(first, first + count);
            next = first + count;
            if (next >= entries) {
                next = 0;
                reuses = true;
            }
        }
        return first;
    }

    /** Returns whether addresses are given out again since this was asked last. */
    boolean mustFlush() {
        boolean must = reuses;
        reuses = false;
        return must;
    }

    private int free(int from, int count) {
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

    void build(int first, int count, long page) {
        for (int i = 0; i < count; i++) {
            write(first + i, GattEntry.of(page + ((long) i << GattEntry.PAGE_SHIFT)));
        }
    }

    void clear(int first, int count) {
        for (int i = first; i < first + count; i++) {
            write(i, unmapped);
        }
        given.clear(first, first + count);
        if (skipsFreed && first >= next) {
            next = first + count;
        }
    }

    private long read(int index) {
        long at = base + (long) index * GattEntry.BYTES;
        return port.read64(at & -8) >>> 8 * (at & 7) & 0xffff_ffffL;
    }

    private void write(int index, long entry) {
        long at = base + (long) index * GattEntry.BYTES;
        int shift = (int) (at & 7) * 8;
        port.write64(at & -8,
                port.read64(at & -8) & ~(0xffff_ffffL << shift) | entry << shift);
    }
}
