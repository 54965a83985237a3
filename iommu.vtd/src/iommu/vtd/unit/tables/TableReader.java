// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.tables;

import iommu.api.memory.LateView;
import iommu.api.memory.PhysicalMemory;
import iommu.vtd.unit.registers.UnitCapabilities;

/**
 * How a unit reads and updates its tables in memory. Where it does not snoop the caches of
 * processors (ECAP.C and SMPWC, PASID entry PWSNP), or has a write buffer before it (CAP.RWBF), it
 * sees a processor's writes late. The invalidation queue is always snooped. Source: VT-d,
 * "Page-walk Coherency" and "Write Buffer Flushing".
 */
public final class TableReader {

    private final PhysicalMemory memory;
    private final LateView late;
    private final boolean buffered;
    private final boolean snoopsTables;
    private final long lockedWriteLimit;
    private final boolean writes;

    public TableReader(PhysicalMemory memory, UnitCapabilities unit) {
        this.memory = memory;
        lockedWriteLimit = unit.settings().lockedWriteLimit();
        boolean always = unit.settings().snoopsAlways();
        buffered = unit.needsWriteBufferFlush() && !always;
        snoopsTables = always || unit.coherent();
        boolean snoopsAll = snoopsTables && (always || !unit.firstStage() && !unit.scalable());
        late = buffered || !snoopsAll ? memory.lateView(buffered) : null;
        writes = true;
    }

    private TableReader(TableReader of) {
        memory = of.memory;
        late = of.late;
        buffered = of.buffered;
        snoopsTables = of.snoopsTables;
        lockedWriteLimit = of.lockedWriteLimit;
        writes = false;
    }

    /** Returns one that sees the same and leaves all of it as it is. */
    public TableReader readOnly() {
        return new TableReader(this);
    }

    public boolean contains(long address, int bytes) {
        return memory.contains(address, bytes);
    }

    /** Reads root, context, PASID and interrupt structures, and page tables of legacy mode. */
    public long read64(long address) {
        return read64(address, snoopsTables);
    }

    /** Reads page tables that a PASID entry leads to. */
    public long read64(long address, boolean snooped) {
        return late == null || snooped && !buffered ? memory.read64(address)
                : late.read64(address);
    }

    /** Returns whether memory is what the unit sees of it. */
    boolean isCurrent() {
        return late == null || late.isCurrent();
    }

    /** Returns where a table's words are found by {@link #wordAt}, or -1: then one by one. */
    int placeOf(long table) {
        return isCurrent() ? memory.placeOfPage(table) : -1;
    }

    long wordAt(int place, int offset) {
        return memory.wordAt(place, offset);
    }

    /** Returns whether memory takes locked writes at an address. */
    boolean takesLockedWrites(long address) {
        return Long.compareUnsigned(address, lockedWriteLimit) < 0;
    }

    /** Sets bits of a quadword by a locked write, unless it is one that only reads. */
    void set(long address, long bits) {
        if (writes) {
            memory.write64(address, memory.read64(address) | bits);
        }
    }

    /** Does what Write Buffer Flush does, as every invalidation does on the way. */
    public void drain() {
        if (buffered) {
            late.drain(snoopsTables);
        }
    }
}
