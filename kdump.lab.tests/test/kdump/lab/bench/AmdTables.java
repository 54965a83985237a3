// SPDX-License-Identifier: Apache-2.0
package kdump.lab.bench;

import iommu.amdvi.vendor.AmdViVendor;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.RemappingUnit;
import java.util.List;
import java.util.Map;

/** An AMD-Vi unit over tables of four levels, the same pages for each of 16 requesters. */
final class AmdTables {

    private static final int DEVICE_TABLE_PAGES = 2;
    private static final int DEV_TAB = 0x00;
    private static final int CONTROL = 0x18;
    private static final long RIGHTS = 3L << 61;

    private final PhysicalMemory memory =
            new PhysicalMemory(List.of(new AddressRange(0, 1 << 28)), 0);
    private long top = 0x100000;

    private AmdTables() { }

    /** Returns the unit, enabled. */
    static RemappingUnit unit(int requesters, int pages) {
        return new AmdTables().make(requesters, pages);
    }

    private RemappingUnit make(int requesters, int pages) {
        long devices = page();
        page();
        for (int r = 0; r < requesters; r++) {
            long table = page();
            long entry = devices + 32L * 8 * r;
            memory.write64(entry, table | RIGHTS | 4 << 9 | 3);
            memory.write64(entry + 8, r + 1);
            for (int p = 0; p < pages; p++) {
                map(table, (long) p << 12, 0x8000000L + ((long) p << 12));
            }
        }
        RemappingUnit unit = new AmdViVendor().unit(
                new UnitProfile("amdvi", "bench", 0xfed80000L, Map.of(), Map.of()), memory);
        unit.writeRegister(DEV_TAB, 8, devices | DEVICE_TABLE_PAGES - 1);
        unit.writeRegister(CONTROL, 8, 1);
        return unit;
    }

    private long page() {
        top += 4096;
        memory.write(top, new byte[4096], 0, 4096);
        return top;
    }

    private void map(long root, long iova, long to) {
        long table = root;
        for (int level = 4; level > 1; level--) {
            long entry = table + 8 * (iova >>> 12 + 9 * (level - 1) & 511);
            if (memory.read64(entry) == 0) {
                memory.write64(entry, page() | RIGHTS | (level - 1) << 9 | 1);
            }
            table = memory.read64(entry) & 0xffff_ffff_f000L;
        }
        memory.write64(table + 8 * (iova >>> 12 & 511), to | RIGHTS | 1);
    }
}
