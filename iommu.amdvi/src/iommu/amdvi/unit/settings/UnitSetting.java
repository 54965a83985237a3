// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.settings;

import iommu.api.profile.UnitProfile;
import java.util.Arrays;
import java.util.Collections;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The table of all settings of a unit: name, default, range, and what each does. Whatever says
 * something about a setting says it by this: the code, refusals, docs/units.md.
 */
public enum UnitSetting {
    /** Size of the DTE cache. */
    DTE_CACHE_ENTRIES("dteCacheEntries", 256, "size of the cache of device table entries"),
    /** Size of the cache of page directory entries. */
    DIRECTORY_CACHE_ENTRIES("directoryCacheEntries", 256,
            "size of the cache of page directory entries"),
    /** Size of the TLB. */
    TLB_ENTRIES("tlbEntries", 1024, "size of the TLB"),
    /** Size of the cache of interrupt entries. */
    INTERRUPT_CACHE_ENTRIES("interruptCacheEntries", 256,
            "size of the cache of interrupt remapping entries"),
    /** IommuEn = 0 drops all; the manual leaves that to software. */
    FLUSH_ON_DISABLE("flushOnDisable", false, "clearing IommuEn empties the caches"),
    /** As capability NpCache announces. */
    CACHE_NOT_PRESENT("cacheNotPresent", false,
            "pages that are not present are cached as such, as NpCache announces"),
    /** See {@link iommu.amdvi.AmdViRegisters#LOCKED_BY_SNP}. */
    SNP_LOCKED("snpLocked", false, "SNP is enforced: base registers ignore writes"),
    /** Translation, commands, registers and event log of QEMU 7.2. */
    AS_QEMU("asQemu", false, "QEMU: everything that its unit does otherwise"),
    /** Major version; 7 is 7.2. */
    QEMU_VERSION("qemuVersion", 7, 11, "QEMU: which version's ways those are; 7, 10 or 11"),
    /** Of QEMU 11, which has it off unless told otherwise. */
    QEMU_REMAPS("qemuRemaps", true,
            "QEMU 11: property dma-remap; without it every request passes"),
    /** Of all versions; on where no property says otherwise. */
    QEMU_MESSAGES("qemuMessages", true,
            "QEMU: property intremap; without it entries with IV = 1 block messages"),
    /** How the root complex completes a blocked read. */
    BLOCKED_READ_ABORTS("blockedReadAborts", 1, 2,
            "how a blocked read is completed: 0 UR, 1 CA, a target abort, 2 not at all "
                    + "(uncertain)"),
    /** Number of an {@link iommu.api.unit.BlockedRequests.WriteReport}. */
    BLOCKED_WRITE_REPORT("blockedWriteReport", 0, 2,
            "who hears of a blocked posted write: 0 nobody, 1 the root port (AER), "
                    + "2 firmware, as a fatal error"),
    /** Off for the test that holds what it says. */
    FRONT("front", true, "the fast way before the modelled caches, which changes no answer");

    /** A set of a cache. */
    static final int LEAST_ENTRIES = 4;
    private static final int MOST_ENTRIES = 1 << 16;

    private final String key;
    private final int otherwise;
    private final int most;
    private final boolean isSize;
    private final String sentence;

    UnitSetting(String key, int entries, String sentence) {
        this.key = key;
        this.sentence = sentence;
        otherwise = entries;
        most = MOST_ENTRIES;
        isSize = true;
    }

    UnitSetting(String key, boolean on, String sentence) {
        this(key, on ? 1 : 0, 1, sentence);
    }

    UnitSetting(String key, int otherwise, int most, String sentence) {
        this.key = key;
        this.sentence = sentence;
        this.otherwise = otherwise;
        this.most = most;
        isSize = false;
    }

    /** Returns the names of all, as a profile has them. */
    static Set<String> keys() {
        return Arrays.stream(values()).map(UnitSetting::key)
                .collect(Collectors.collectingAndThen(Collectors.toCollection(TreeSet::new),
                        Collections::unmodifiableSet));
    }

    /** Returns the name, as a profile has it. */
    public String key() {
        return key;
    }

    /** Returns the value of a profile that does not name it. */
    public int otherwise() {
        return otherwise;
    }

    /** Returns the values that it takes, in words. */
    String range() {
        return isSize ? "a power of two, " + LEAST_ENTRIES + " to " + MOST_ENTRIES : "0 to " + most;
    }

    /** Returns its row of the table of docs/units.md; of 0 or 1 that table says so above. */
    public String row() {
        return String.format(Locale.ROOT, "| `amdvi.%s` | %d | %s |", key, otherwise,
                sentence + (isSize ? "; " + range() : ""));
    }

    /**
     * Reads it from a profile.
     *
     * @throws IllegalArgumentException if it is out of range
     */
    int read(UnitProfile profile) {
        long value = profile.setting(key, otherwise);
        boolean taken = isSize ? value >= LEAST_ENTRIES && value <= MOST_ENTRIES
                && Long.bitCount(value) == 1 : value >= 0 && value <= most;
        if (!taken) {
            throw new IllegalArgumentException(
                    key + " = " + value + ", not " + range() + ": " + sentence);
        }
        return (int) value;
    }

    /** Reads one that is 0 or 1. */
    boolean isOn(UnitProfile profile) {
        return read(profile) == 1;
    }
}
