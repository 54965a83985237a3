// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import iommu.amdvi.PageTableEntry;
import iommu.api.unit.KernelPort;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What the kernel before had mapped, by domain: collected once, when its table is taken over, and
 * not read again. Domains that pass, or whose top table is not in memory, are not kept.
 *
 * <p>No kernel does so for these units; what is done elsewhere is told at {@link
 * iommu.api.unit.AdoptDepth#KEEP_IN_PLACE}.
 */
final class KeptMappings {

    /** Nothing of the kernel before stays. */
    static final KeptMappings NONE = new KeptMappings();
    /** Entries looked at: tables that point to themselves map more than can be told. */
    private static final int MAX_ENTRIES = 1 << 22;
    private static final int PAGE_BYTES = 4096;

    private record Key(int id, long root) { }

    private final Map<Key, List<KernelPort.Range>> ranges = new HashMap<>();
    private int entries;

    private KeptMappings() { }

    /**
     * Collects what a device table leads to.
     *
     * @throws IllegalStateException if that is more than a kernel could keep
     */
    static KeptMappings collect(KernelPort port, DeviceEntries table) {
        var kept = new KeptMappings();
        for (int device = 0; device < table.count(); device++) {
            Domain domain = table.domain(device);
            if (domain != null && !kept.has(domain) && domain.levels() >= 1
                    && domain.levels() <= PageTableEntry.MAX_LEVEL
                    && port.isMemory(domain.root(), PAGE_BYTES)) {
                var found = new ArrayList<KernelPort.Range>();
                kept.collect(port, domain.root(), domain.levels(), 0, found);
                kept.ranges.put(new Key(domain.id(), domain.root()), found);
            }
        }
        return kept;
    }

    private void collect(KernelPort port, long table, int level, long iova,
            List<KernelPort.Range> into) {
        long bytes = 1L << PageTableEntry.shift(level);
        if (!port.isMemory(table, PAGE_BYTES)) {
            add(iova, bytes << 9, into); // whoever uses it faults: it is nobody's to give out
            return;
        }
        for (int i = 0; i < PAGE_BYTES / PageTableEntry.BYTES; i++) {
            if (++entries > MAX_ENTRIES) {
                throw new IllegalStateException("more is mapped than could be kept");
            }
            long entry = port.read64(table + (long) i * PageTableEntry.BYTES);
            long at = iova + i * bytes;
            int next = (int) PageTableEntry.NEXT_LEVEL.of(entry);
            if (!PageTableEntry.PR.isSet(entry)) {
                continue;
            }
            if (next > PageTableEntry.PAGE && next < level) {
                collect(port, PageTableEntry.ADDRESS.inPlace(entry), next, at, into);
            } else {
                add(at, bytes, into);
            }
        }
    }

    private static void add(long iova, long bytes, List<KernelPort.Range> into) {
        KernelPort.Range last = into.isEmpty() ? null : into.get(into.size() - 1);
        if (last != null && last.start() + last.bytes() == iova) {
            into.set(into.size() - 1, new KernelPort.Range(last.start(), last.bytes() + bytes));
        } else {
            into.add(new KernelPort.Range(iova, bytes));
        }
    }

    /** Returns whether a domain stays, with what is mapped in it. */
    boolean has(Domain domain) {
        return domain != null && ranges.containsKey(new Key(domain.id(), domain.root()));
    }

    /** Returns the addresses in use in a domain, upwards; none in a domain of this kernel. */
    List<KernelPort.Range> ranges(Domain domain) {
        return ranges.getOrDefault(new Key(domain.id(), domain.root()), List.of());
    }
}
