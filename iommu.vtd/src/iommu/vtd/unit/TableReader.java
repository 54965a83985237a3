// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.memory.LateView;
import iommu.api.memory.PhysicalMemory;

/**
 * How a unit reads and updates its tables in memory. Where it does not snoop the caches of
 * processors (ECAP.C and SMPWC, PASID entry PWSNP), or has a write buffer before it (CAP.RWBF), it
 * sees a processor's writes late. The invalidation queue is always snooped. Source: VT-d,
 * "Page-walk Coherency" and "Write Buffer Flushing".
 */
final class TableReader {

    private final PhysicalMemory memory;
    private final LateView late;
    private final boolean buffered;
    private final boolean snoopsTables;
    private final long lockedWriteLimit;

    TableReader(PhysicalMemory memory, Traits traits) {
        this.memory = memory;
        lockedWriteLimit = traits.settings().lockedWriteLimit();
        boolean always = traits.settings().snoopsAlways();
        buffered = traits.needsWriteBufferFlush() && !always;
        snoopsTables = always || traits.coherent();
        boolean snoopsAll = snoopsTables && (always || !traits.firstStage() && !traits.scalable());
        late = buffered || !snoopsAll ? memory.lateView(buffered) : null;
    }

    boolean contains(long address, int bytes) {
        return memory.contains(address, bytes);
    }

    /** Reads root, context, PASID and interrupt structures, and page tables of legacy mode. */
    long read64(long address) {
        return read64(address, snoopsTables);
    }

    /** Reads page tables that a PASID entry leads to. */
    long read64(long address, boolean snooped) {
        return late == null || snooped && !buffered ? memory.read64(address)
                : late.read64(address);
    }

    /** Returns where a table's words are found by {@link #wordAt}, or -1: then one by one. */
    int placeOf(long table) {
        return late == null || late.isCurrent() ? memory.placeOfPage(table) : -1;
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

    /** Does what Write Buffer Flush does, as every invalidation does on the way. */
    void drain() {
        if (buffered) {
            late.drain(snoopsTables);
        }
    }
}
