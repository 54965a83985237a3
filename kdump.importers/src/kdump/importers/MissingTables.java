// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import iommu.api.machine.UnitDescription;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import java.util.List;
import java.util.Map;

/** Units that translate by tables of which a dump lacks the first page. */
final class MissingTables {

    private static final int GSTS = 0x1c;
    private static final int TRANSLATING = 1 << 31;
    private static final int CONTROL = 0x18;
    private static final int PAGE = 4096;

    private MissingTables() { }

    /**
     * Says which they are.
     *
     * @return whether all units are such, and there is one
     */
    static boolean remark(List<UnitDescription> units, MemoryImage image, List<String> remarks) {
        int translating = 0;
        int missing = 0;
        for (UnitDescription unit : units) {
            long table = table(unit);
            if (table < 0) {
                continue;
            }
            translating++;
            AddressRange page = AddressRange.of(table, PAGE);
            if (image.ranges().stream().noneMatch(r -> r.contains(page.start(), PAGE))) {
                missing++;
                remarks.add("The unit at 0x" + Long.toHexString(unit.profile().registerBase())
                        + " translates by the table at 0x" + Long.toHexString(table)
                        + ", which the dump does not hold: none of its mappings is known.");
            }
        }
        return missing > 0 && missing == translating;
    }

    /** Returns where the first table of a unit lies; -1 if it does not translate. */
    private static long table(UnitDescription unit) {
        Map<Integer, Integer> words = unit.profile().registers();
        if (unit.profile().vendor().equals(AmdUnitFacts.VENDOR)) {
            return (words.getOrDefault(CONTROL, 0) & 1) == 0 ? -1
                    : (Integer.toUnsignedLong(words.getOrDefault(0, 0))
                            | (long) words.getOrDefault(4, 0) << 32) & 0xf_ffff_ffff_f000L;
        }
        return (words.getOrDefault(GSTS, 0) & TRANSLATING) == 0 ? -1 : FoundTables.root(unit);
    }
}
