// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.memory.PhysicalMemory;

/** How a unit reads and updates its tables in memory. */
final class TableReader {

    private final PhysicalMemory memory;
    private final long lockedWriteLimit;

    TableReader(PhysicalMemory memory, Traits traits) {
        this.memory = memory;
        lockedWriteLimit = traits.settings().lockedWriteLimit();
    }

    boolean contains(long address, int bytes) {
        return memory.contains(address, bytes);
    }

    long read64(long address) {
        return memory.read64(address);
    }

    /** Returns where a table's words are found by {@link #wordAt}, or -1: then one by one. */
    int placeOf(long table) {
        return memory.placeOfPage(table);
    }

    long wordAt(int place, int offset) {
        return memory.wordAt(place, offset);
    }

    /** Returns whether memory takes locked writes at an address. */
    boolean takesLockedWrites(long address) {
        return Long.compareUnsigned(address, lockedWriteLimit) < 0;
    }

    /** Sets bits of a quadword by a locked write. */
    void set(long address, long bits) {
        memory.write64(address, memory.read64(address) | bits);
    }
}
