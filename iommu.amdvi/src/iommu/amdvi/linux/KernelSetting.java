// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The table of all that kernel versions do with an AMD-Vi unit each in its way: name, range, value
 * from which version on, and what each value is. Whatever says something about such a setting says
 * it by this: the code, refusals, docs/kernels.md.
 *
 * <p>Source: Linux, the texts of the commits named here. Stable branches that took a change over
 * are not looked at.
 */
enum KernelSetting {
    /** Reverted in 2010 together with the next. */
    CRASH_DISABLES("crashDisables", 1, 1,
            "switched off at T1: all DMA goes out untranslated until T6",
            new Change("2.6.34", 0, "the crashing kernel leaves its units on")),
    /** Attached first, invalidations go into a buffer that is emptied when the unit gets it. */
    ATTACHES_FIRST("attachesFirst", 1, 1,
            "attached first: invalidations are lost, stale entries stay, drivers fail",
            new Change("2.6.34, 75f66533bc88", 0,
                    "the unit is enabled, then devices are attached")),
    /** When the unit is set up. */
    ENABLES_EARLY("enablesEarly", 1, 0, "set up at T6", new Change("3.7", 1, "set up at T4, with "
            + "interrupt remapping; devices pass from then until T6, where they are blocked")),
    /** What is done with a unit that is found enabled, see {@link KernelQuirks.HandOver}. */
    HAND_OVER("handOver", 2, 0, "0: off, empty table, on",
            new Change("4.15, 45a01c42933b (2017)", 1,
                    "the device table is copied at T4, IommuEn stays 1"),
            new Change("6.18, 38e5f33ee359, f32fe7cb0198 (2025)", 2,
                    "table and buffers are used where they lie, as SNP needs; size equal, below 4 "
                            + "GiB, every domain id reserved")),
    /** Number of the bit; 0 for no memory encryption. */
    ENCRYPTION_BIT("encryptionBit", 51, 0, "0: none", new Change(Change.NEVER, 0,
            "the address bit that marks encrypted memory is taken out of the table's address"));

    private static final String PREFIX = "amdvi.";

    private final String key;
    private final int highest;
    private final int first;
    private final String before;
    private final List<Change> changes;

    /**
     * A value and from when on kernels have it.
     *
     * @param from a version, or "never", then the commits
     * @param value the new one
     * @param sentence what a kernel does with that value
     */
    private record Change(String from, int value, String sentence) {

        static final String NEVER = "never";

        boolean isIn(KernelVersion version) {
            String since = from.split("[, ]", 2)[0];
            return !since.equals(NEVER) && version.compareTo(KernelVersion.parse(since)) >= 0;
        }
    }

    KernelSetting(String name, int highest, int first, String before, Change... changes) {
        key = PREFIX + name;
        this.highest = highest;
        this.first = first;
        this.before = before;
        this.changes = List.of(changes);
    }

    /** Returns the names of all, as a profile has them. */
    static Set<String> keys() {
        return Arrays.stream(values()).map(s -> s.key)
                .collect(Collectors.collectingAndThen(Collectors.toCollection(TreeSet::new),
                        Collections::unmodifiableSet));
    }

    /**
     * Refuses what begins as one of these and is none.
     *
     * @throws IllegalArgumentException if a profile has such a setting
     */
    static void check(KernelProfile kernel) {
        for (String name : kernel.settings().keySet()) {
            if (name.startsWith(PREFIX) && !keys().contains(name)) {
                throw new IllegalArgumentException("unknown kernel setting '" + name
                        + "', expected one of " + String.join(", ", keys()));
            }
        }
    }

    /**
     * Returns what a kernel does: as its profile says, otherwise as its version does.
     *
     * @throws IllegalArgumentException if the value is out of range
     */
    int read(KernelProfile kernel) {
        int otherwise = first;
        for (Change change : changes) {
            otherwise = change.isIn(kernel.version()) ? change.value() : otherwise;
        }
        long value = kernel.setting(key, otherwise);
        if (value < 0 || value > highest) {
            throw new IllegalArgumentException(key + " = " + value + ", expected 0 to " + highest
                    + ": " + changes.get(changes.size() - 1).sentence());
        }
        return (int) value;
    }

    /** Reads one that is 0 or 1. */
    boolean isOn(KernelProfile kernel) {
        return read(kernel) == 1;
    }

    /** Returns its rows of docs/kernels.md: one a change, each beside what was before. */
    List<String> rows() {
        return changes.stream().map(change -> {
            int index = changes.indexOf(change);
            return String.format(Locale.ROOT, "| `%s`%s | %s | %s | %s |", key,
                    change.from().equals(Change.NEVER) ? "" : " = " + change.value(),
                    change.from(), change.sentence(),
                    index == 0 ? before : changes.get(index - 1).sentence());
        }).toList();
    }
}
