// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.caches;

import iommu.vtd.unit.requests.ContextTag;
import iommu.vtd.unit.requests.SourceCapabilities;
import iommu.vtd.unit.requests.WalkResult;
import java.util.Arrays;

/**
 * The context cache: what the walk to the context entry of a source had found. It stays so until
 * software invalidates it or another source takes the place.
 *
 * <p>Tagged by source id; a legacy entry also by its domain id. A scalable-mode entry has no domain
 * id, so that every domain-selective invalidation drops it, which the manual leaves to hardware.
 * Source: VT-d, "Context-Cache".
 */
public final class ContextCache {

    private static final long TAG = ContextTag.VALID.mask() | ContextTag.SOURCE.mask();

    private final CacheSets sets;
    private final long[] context;
    private final long[] table;
    private final int[] sources;
    /** Of each slot the end of its input addresses, if it is {@link ContextTag#usual}; else 0. */
    private final long[] ends;
    private final boolean byDomain;

    ContextCache(int entries, boolean deviceInvalidationByDomain) {
        sets = new CacheSets(entries);
        context = new long[entries];
        table = new long[entries];
        sources = new int[entries];
        ends = new long[entries];
        byDomain = deviceInvalidationByDomain;
    }

    private ContextCache(ContextCache of) {
        sets = of.sets.copy();
        context = of.context.clone();
        table = of.table.clone();
        sources = of.sources.clone();
        ends = of.ends.clone();
        byDomain = of.byDomain;
    }

    /** Returns one of its own with the same entries. */
    ContextCache copy() {
        return new ContextCache(this);
    }

    /** Returns the slot of a source, or -1. */
    public int find(int source) {
        int first = sets.first(source);
        return holds(first, source) ? first : holds(first + 1, source) ? first + 1
                : holds(first + 2, source) ? first + 2
                        : holds(first + 3, source) ? first + 3 : -1;
    }

    private boolean holds(int slot, int source) {
        return (context[slot] & TAG) == (ContextTag.VALID.mask() | source);
    }

    /** Returns whether a slot is {@link ContextTag#usual}, and an address below its width. */
    public boolean translatesSimply(int slot, long address) {
        return address >= 0 && address < ends[slot];
    }

    /** Returns the {@link ContextTag} of a slot. */
    public long context(int slot) {
        return context[slot];
    }

    /** Returns the domain id of a slot. */
    public int domain(int slot) {
        return (int) ContextTag.DOMAIN.of(context[slot]);
    }

    /** Returns the table of a slot. */
    public long table(int slot) {
        return table[slot];
    }

    /** Leaves what a slot holds in {@code found}. */
    public void take(int slot, WalkResult found) {
        found.context = context[slot];
        found.table = table[slot];
        found.source = sources[slot];
        found.paging = 0;
        found.faultsDisabled = ContextTag.FAULTS_DISABLED.isSet(found.context);
    }

    /**
     * Keeps a {@link ContextTag}, its table and the {@link SourceCapabilities}.
     *
     * @return whether another source lost its place
     */
    public boolean insert(long newContext, long newTable, int newSource) {
        int first = sets.first(ContextTag.SOURCE.of(newContext));
        int slot = first;
        while (slot < first + CacheSets.WAYS && context[slot] < 0) {
            slot++;
        }
        boolean full = slot == first + CacheSets.WAYS;
        if (full) {
            slot = sets.victim(first);
        }
        context[slot] = newContext;
        table[slot] = newTable;
        sources[slot] = newSource;
        ends[slot] = ContextTag.usual(newContext) ? ContextTag.end(newContext) : 0;
        return full;
    }

    public void invalidateAll() {
        Arrays.fill(context, 0);
    }

    public void invalidateDomain(int domain) {
        for (int slot = 0; slot < context.length; slot++) {
            if (ContextTag.DOMAIN.of(context[slot]) == domain
                    || ContextTag.SCALABLE.isSet(context[slot])) {
                context[slot] = 0;
            }
        }
    }

    /** Returns the bits of a source that a function mask leaves out. */
    public static int ignored(int functionMask) {
        return switch (functionMask) {
            case 0 -> 0;
            case 1 -> 4;
            case 2 -> 6;
            default -> 7;
        };
    }

    /**
     * Drops the sources that agree with {@code source} but for the low bits of the function number.
     *
     * @param functionMask 0 to 3: function bits 2, 2:1 or 2:0 are not compared
     */
    public void invalidateDevice(int domain, int source, int functionMask) {
        int ignored = ignored(functionMask);
        for (int slot = 0; slot < context.length; slot++) {
            boolean same = ((ContextTag.SOURCE.of(context[slot]) ^ source) & ~ignored) == 0;
            if (same && (!byDomain || ContextTag.SCALABLE.isSet(context[slot])
                    || ContextTag.DOMAIN.of(context[slot]) == domain)) {
                context[slot] = 0;
            }
        }
    }
}
