// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.unit.KernelPort;
import iommu.vtd.SecondStageEntry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What the kernel before had mapped, by domain: collected once, when its tables are taken over, and
 * not read again. Domains that pass, or whose top table is not in memory, are not kept.
 *
 * <p>Source: Z. Li and B. Sumner, "iommu/vt-d: Fix crash dump failure caused by legacy DMA/IO",
 * October 2014, domain_values_entry.
 */
final class KeptMappings {

    /** Nothing of the kernel before stays. */
    static final KeptMappings NONE = new KeptMappings();
    /** Entries looked at: tables that point to themselves map more than can be told. */
    private static final int MAX_ENTRIES = 1 << 22;
    private static final int MIN_LEVELS = 3;
    private static final int MAX_LEVELS = 5;
    private static final int PAGE_BYTES = 4096;

    private final Map<Domain, List<KernelPort.Range>> ranges = new HashMap<>();
    private int entries;

    private KeptMappings() { }

    /**
     * Collects what tables map.
     *
     * @throws IllegalStateException if that is more than a kernel could keep
     */
    static KeptMappings collect(KernelPort port, ContextTables tables) {
        var kept = new KeptMappings();
        tables.forEachPresent((source, entry) -> {
            Domain domain = tables.domain(entry);
            if (domain != null && !kept.ranges.containsKey(domain)
                    && domain.levels() >= MIN_LEVELS && domain.levels() <= MAX_LEVELS
                    && port.isMemory(domain.table(), PAGE_BYTES)) {
                var found = new ArrayList<KernelPort.Range>();
                kept.collect(port, domain.stage(), domain.table(), domain.levels(), 0, found);
                kept.ranges.put(domain, found);
            }
        });
        return kept;
    }

    private void collect(KernelPort port, TableFormat format, long table, int level, long iova,
            List<KernelPort.Range> into) {
        long bytes = 1L << 12 + 9 * (level - 1);
        if (!port.isMemory(table, PAGE_BYTES)) {
            add(iova, bytes << 9, into); // whoever uses it faults: it is nobody's to give out
            return;
        }
        for (int i = 0; i < PAGE_BYTES / SecondStageEntry.BYTES; i++) {
            if (++entries > MAX_ENTRIES) {
                throw new IllegalStateException("more is mapped than could be kept");
            }
            long entry = port.read64(table + (long) i * SecondStageEntry.BYTES);
            long at = iova + i * bytes;
            if (format.present(entry) && (level == 1 || format.maps(entry))) {
                add(at, bytes, into);
            } else if (format.present(entry)) {
                collect(port, format, format.address(entry), level - 1, at, into);
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
        return domain != null && ranges.containsKey(domain);
    }

    /** Returns the addresses in use in a domain, upwards; none in a domain of this kernel. */
    List<KernelPort.Range> ranges(Domain domain) {
        return ranges.getOrDefault(domain, List.of());
    }
}
