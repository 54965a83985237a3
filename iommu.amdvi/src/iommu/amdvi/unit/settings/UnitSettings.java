// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.settings;

import iommu.api.profile.UnitProfile;
import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;

/**
 * The behaviour of one unit where manuals leave a choice or hardware differs: the settings of its
 * profile, each 0 or 1 but for the cache sizes.
 *
 * @param snpLocked "snpLocked", default 0: SNP is enforced, and the registers of
 *     {@link iommu.amdvi.AmdViRegisters#LOCKED_BY_SNP} ignore writes
 * @param flushOnDisable "flushOnDisable", default 0: clearing IommuEn empties the caches; the
 *     manual leaves it to software, for tests and experiments
 * @param cacheNotPresent "cacheNotPresent", default 0: pages that are not present are cached as
 *     such, as capability NpCache announces
 * @param asQemu "asQemu", default 0: requests, commands and registers
 *     go the ways of QEMU 7.2's unit; registers hold all bits that are written to them, the status
 *     none, and the event log runs but is never written
 * @param fastPath "front", default 1: translations are looked up in a fast path before the modelled
 *     caches, which changes no answer; 0 for the test that holds this
 * @param dteCacheEntries "dteCacheEntries", default 256
 * @param directoryCacheEntries "directoryCacheEntries", default 256
 * @param tlbEntries "tlbEntries", default 1024
 * @param interruptCacheEntries "interruptCacheEntries", default 256
 */
public record UnitSettings(boolean snpLocked, boolean flushOnDisable, boolean cacheNotPresent,
        boolean asQemu, boolean fastPath, int dteCacheEntries, int directoryCacheEntries,
        int tlbEntries, int interruptCacheEntries) {

    /** A set of a cache. */
    public static final int LEAST_ENTRIES = 4;

    /** The names of all settings. */
    static final Set<String> KNOWN = Collections.unmodifiableSet(new TreeSet<>(Set.of(
            "snpLocked", "flushOnDisable", "cacheNotPresent", "asQemu", "front", "dteCacheEntries",
            "directoryCacheEntries", "tlbEntries", "interruptCacheEntries")));

    /**
     * Reads the settings of a profile.
     *
     * @throws IllegalArgumentException if one is unknown or out of range
     */
    public static UnitSettings of(UnitProfile profile) {
        for (String key : profile.settings().keySet()) {
            if (!KNOWN.contains(key)) {
                throw new IllegalArgumentException(
                        "unknown setting '" + key + "' of an amdvi unit; known: " + KNOWN);
            }
        }
        return new UnitSettings(flag(profile, "snpLocked"), flag(profile, "flushOnDisable"),
                flag(profile, "cacheNotPresent"), flag(profile, "asQemu"),
                between(profile, "front", 1, 0, 1) == 1,
                entries(profile, "dteCacheEntries", 256),
                entries(profile, "directoryCacheEntries", 256),
                entries(profile, "tlbEntries", 1024),
                entries(profile, "interruptCacheEntries", 256));
    }

    private static boolean flag(UnitProfile profile, String key) {
        return between(profile, key, 0, 0, 1) == 1;
    }

    private static int entries(UnitProfile profile, String key, int otherwise) {
        int value = between(profile, key, otherwise, LEAST_ENTRIES, 1 << 16);
        if (Integer.bitCount(value) != 1) {
            throw new IllegalArgumentException(key + " = " + value + ", not a power of two");
        }
        return value;
    }

    private static int between(UnitProfile profile, String key, int otherwise, int low, int high) {
        long value = profile.setting(key, otherwise);
        if (value < low || value > high) {
            throw new IllegalArgumentException(
                    key + " = " + value + ", not " + low + " to " + high);
        }
        return (int) value;
    }
}
