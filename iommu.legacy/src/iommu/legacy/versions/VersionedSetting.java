// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.versions;

import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * One thing that kernel versions do each in its way: name, range, and value from which version on.
 * Whatever says something about it says it by this: the code, refusals, docs/kernels.md.
 *
 * @param key its name, as a profile has it
 * @param highest value; the lowest is 0
 * @param first value before any change
 * @param before what kernels do with that
 * @param changes in order
 */
public record VersionedSetting(String key, int highest, int first, String before,
        List<Change> changes) {

    /**
     * A value and from when on kernels have it.
     *
     * @param from a version or "never", then perhaps the commits
     * @param value the new one
     * @param sentence what a kernel does with it
     */
    public record Change(String from, int value, String sentence) {

        /** Only the command line, or a user, brings it. */
        public static final String NEVER = "never";

        boolean isIn(KernelVersion version) {
            String since = from.split("[, ]", 2)[0];
            return !since.equals(NEVER) && version.compareTo(KernelVersion.parse(since)) >= 0;
        }
    }

    /** Makes one. */
    public static VersionedSetting of(String key, int highest, int first, String before,
            Change... changes) {
        return new VersionedSetting(key, highest, first, before, List.of(changes));
    }

    /** Returns the names of all. */
    public static Set<String> keys(List<VersionedSetting> all) {
        return all.stream().map(VersionedSetting::key)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /**
     * Refuses what begins as one of these and is none.
     *
     * @throws IllegalArgumentException if a profile has such a setting
     */
    public static void check(KernelProfile kernel, String prefix, List<VersionedSetting> all) {
        Set<String> known = keys(all);
        for (String name : kernel.settings().keySet()) {
            if (name.startsWith(prefix) && !known.contains(name)) {
                throw new IllegalArgumentException("unknown kernel setting '" + name
                        + "', expected one of " + String.join(", ", known));
            }
        }
    }

    /**
     * Returns what a kernel does: as its profile says, otherwise as its version does.
     *
     * @throws IllegalArgumentException if the value is out of range
     */
    public int read(KernelProfile kernel) {
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
    public boolean isOn(KernelProfile kernel) {
        return read(kernel) == 1;
    }

    /** Returns its rows of docs/kernels.md: one a change, each beside what was before. */
    public List<String> rows() {
        return changes.stream().map(change -> {
            int index = changes.indexOf(change);
            return String.format(Locale.ROOT, "| `%s`%s | %s | %s | %s |", key,
                    change.from().equals(Change.NEVER) ? "" : " = " + change.value(),
                    change.from(), change.sentence(),
                    index == 0 ? before : changes.get(index - 1).sentence());
        }).toList();
    }
}
