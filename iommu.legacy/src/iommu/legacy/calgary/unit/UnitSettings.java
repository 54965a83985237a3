// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.unit;

import iommu.api.profile.UnitProfile;
import iommu.api.unit.BlockedRequests;
import java.util.Set;

/**
 * What is not known of the chip, as settings of a profile.
 *
 * @param cacheEntries entries that a PHB caches, a power of two
 * @param blockedRequests how a refused read is completed, who hears of a refused write
 * @param isCalIoc2 whether it is the chip for PCI Express
 */
public record UnitSettings(int cacheEntries, BlockedRequests blockedRequests,
        boolean isCalIoc2) {

    private static final String CACHE = "cacheEntries";
    private static final String READ = "blockedReadAborts";
    private static final String WRITE = "blockedWriteReport";
    private static final String CALIOC2 = "calioc2";
    private static final int USUAL_ENTRIES = 256;
    private static final int MOST_ENTRIES = 1 << 16;
    private static final int MOST_READ = 2;
    private static final int MOST_REPORT = 2;

    /** Names of the settings, without the vendor's name. */
    public static final Set<String> KNOWN = Set.of(CACHE, READ, WRITE, CALIOC2);

    /**
     * Reads the settings of a profile.
     *
     * @throws IllegalArgumentException if one is unknown or out of range
     */
    public static UnitSettings of(UnitProfile profile) {
        for (String key : profile.settings().keySet()) {
            if (!KNOWN.contains(key)) {
                throw new IllegalArgumentException("unknown setting '" + key
                        + "' of a calgary unit; known: " + String.join(", ", KNOWN));
            }
        }
        int entries = (int) within(profile, CACHE, USUAL_ENTRIES, 1, MOST_ENTRIES);
        if (Integer.bitCount(entries) != 1) {
            throw new IllegalArgumentException(CACHE + " = " + entries + ", not a power of two");
        }
        return new UnitSettings(entries, BlockedRequests.of(within(profile, READ, 1, 0, MOST_READ),
                within(profile, WRITE, 0, 0, MOST_REPORT)), within(profile, CALIOC2, 0, 0, 1) == 1);
    }

    private static long within(UnitProfile profile, String key, long otherwise, long least,
            long most) {
        long value = profile.setting(key, otherwise);
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    key + " = " + value + ", not " + least + " to " + most);
        }
        return value;
    }
}
