// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import java.util.ArrayList;
import java.util.List;

/**
 * Fields of the extended feature register. Source: 48882, "IOMMU Extended Feature Register"; short
 * names: Linux, amd/init.c, print_iommu_info.
 */
public final class ExtendedFeature {

    /** PreFSup: PREFETCH_IOMMU_PAGES is taken. */
    public static final BitField PREF_SUP = bit(0);
    /** PPRSup: peripheral page requests, COMPLETE_PPR_REQUEST is taken. */
    public static final BitField PPR_SUP = bit(1);
    /** XTSup: 32-bit interrupt destinations. */
    public static final BitField XT_SUP = bit(2);
    /** NXSup. */
    public static final BitField NX_SUP = bit(3);
    /** GTSup: guest translation. */
    public static final BitField GT_SUP = bit(4);
    /** IASup: INVALIDATE_IOMMU_ALL is taken. */
    public static final BitField IA_SUP = bit(6);
    /** GASup: interrupt entries of 128 bits. */
    public static final BitField GA_SUP = bit(7);
    /** HESup: hardware error registers. */
    public static final BitField HE_SUP = bit(8);
    /** PCSup: performance counters. */
    public static final BitField PC_SUP = bit(9);
    /** HATS: levels of host tables: 4, 5 or 6, less 4. */
    public static final BitField HATS = bits(11, 10);
    /** HATS: the unit takes no host tables at all. */
    public static final int NO_TABLES = 3;
    /** SNPSup: page ownership is checked. */
    public static final BitField SNP_SUP = bit(63);

    private static final BitField[] LISTED =
            {PREF_SUP, PPR_SUP, XT_SUP, NX_SUP, GT_SUP, IA_SUP, GA_SUP, HE_SUP, PC_SUP};
    private static final String[] SHORT_NAMES =
            {"PreF", "PPR", "X2APIC", "NX", "GT", "IA", "GA", "HE", "PC"};

    private ExtendedFeature() { }

    /** Returns the short names of the features that a register shows, in the order of its bits. */
    public static List<String> names(long feature) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < LISTED.length; i++) {
            if (LISTED[i].isSet(feature)) {
                names.add(SHORT_NAMES[i]);
            }
        }
        return names;
    }

    /** Returns the most levels that a host table of the unit can have; 6 for the reserved code. */
    public static int levels(long feature) {
        return Math.min(6, 4 + (int) HATS.of(feature));
    }
}
