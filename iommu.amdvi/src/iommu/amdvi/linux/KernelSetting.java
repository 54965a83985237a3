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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
    CRASH_DISABLES("crashDisables", 1, 0, "the crashing kernel leaves its units on",
            new Change("2.6.31, 61d047be9975", 1,
                    "switched off at T1: all DMA goes out untranslated until T6"),
            new Change("2.6.34, 8f9f55e83e93 (2.6.32.12, 2.6.33.3)", 0,
                    "the crashing kernel leaves its units on")),
    /** Attached first, invalidations go into a buffer that is emptied when the unit gets it. */
    ATTACHES_FIRST("attachesFirst", 1, 0, "the unit has its buffer as devices are attached",
            new Change("2.6.31, 58492e128892", 1,
                    "attached first: invalidations are lost, stale entries stay, drivers fail"),
            new Change("2.6.34, 75f66533bc88 (2.6.32.12, 2.6.33.3)", 0,
                    "the unit is enabled, then devices are attached")),
    /** When the unit is set up. */
    ENABLES_EARLY("enablesEarly", 1, 0, "set up at T6", new Change("3.7", 1, "set up at T4, with "
            + "interrupt remapping; devices pass from then until T6, where they are blocked")),
    /** What is done with a unit that is found enabled, see {@link KernelQuirks.HandOver}. */
    HAND_OVER("handOver", 2, 0, "0: off, empty table, on",
            new Change("4.14, 45a01c42933b, 3ac3e5ee5ed5 (2017)", 1,
                    "the device table is copied at T4, IommuEn stays 1"),
            new Change("6.18, 38e5f33ee359, f32fe7cb0198 (2025)", 2,
                    "table and buffers are used where they lie, as SNP needs; size equal, below 4 "
                            + "GiB")),
    /** Ids of entries that are taken over are not given out again. */
    RESERVES_IDS("reservesIds", 1, 1, "1: domain ids of entries taken over are not given out again",
            new Change("6.18, 38e5f33ee359", 0, "they are: two domains under one id"),
            new Change("6.18.3, c2e8dc1222c2 (6.19)", 1,
                    "domain ids of entries taken over are not given out again")),
    /** An id is reserved entry by entry, and by an allocator that gives each once. */
    REFUSES_SHARED_IDS("refusesSharedIds", 1, 0, "0: copied",
            new Change("6.13, 2fcab2deebc3", 1,
                    "a table in which two entries share a domain id is not copied"),
            new Change("6.18, 38e5f33ee359", 0, "shared ids are reserved once")),
    /** Base-2 logarithm of the entries of an interrupt table. */
    INTERRUPT_TABLE_LENGTH("interruptTableLength", 11, 8, "8: 256 entries",
            new Change("5.10, 73db2fc595f3, 4165bf015ba9 (stable: 2020)", 9,
                    "512 entries; a table whose entries have another length is not copied")),
    /** DTE_DOMID_MASK of the entry that is overwritten. */
    FLUSHES_OLD_DOMAIN("flushesOldDomain", 1, 0, "stale translations under the old id",
            new Change("5.3, 36b7200f67df (2019)", 1,
                    "at attach the copied entry's domain is flushed")),
    /** The default domain of the function's group. */
    GROUPS_SHARE_DOMAIN("groupsShareDomain", 1, 0, "of those that share an id",
            new Change("4.2, with default domains", 1,
                    "functions of one IOMMU group share a domain")),
    /** Once by the code that writes 256 bits in two halves, once more by its caller. */
    FLUSHES_ENTRY_TWICE("flushesEntryTwice", 1, 0, "once",
            new Change("6.14, 8b3f78733814", 1, "an entry is invalidated twice at attach")),
    /** A change of 6.18 without the others that it needs, taken back later. */
    KEEPS_BUFFER_BASES("keepsBufferBases", 1, 0, "written",
            new Change("5.10.247 to 5.10.247, 5.15.197 to 5.15.197, 6.1.159 to 6.1.159, 6.6.117 to"
                    + " 6.6.119, 6.12.58 to 6.12.64: half of 9be15fbfc6c5", 1,
                    "new command buffer and event log, base registers never written: time-outs")),
    /** Once it is known whether SNP needs a larger one. */
    ENABLES_EVENTS_LATE("enablesEventsLate", 1, 0, "at T4, with the command buffer",
            new Change("6.12.117 (recorded; 6.12.0 does not)", 1,
                    "the event log is enabled at T6"),
            new Change("6.13", 0, "at T4, with the command buffer"),
            new Change("7.0 (recorded: 7.3; 6.19.0 does not)", 1,
                    "the event log is enabled at T6")),
    /** Whether units are used at all. */
    DISABLED("disabled", 2, 0, "0: used", new Change(Change.NEVER, 1,
            "1, `amd_iommu=off`; 2, `iommu=off`: nothing is set up")),
    /** What becomes of units with amd_iommu=off. */
    OFF_DISABLES("offDisables", 1, 0, "left as found",
            new Change("4.13", 1, "`amd_iommu=off` switches units off, at T4"),
            new Change("5.12, 9f81ca8d1fd6", 0, "they are left as found")),
    /** disable_irq_remap. */
    INTERRUPT_REMAPPING("interruptRemapping", 1, 1, "1: where the table in use has it",
            new Change(Change.NEVER, 0, "`intremap=off`: units are taken over at T6, entries keep "
                    + "the crashed kernel's interrupt tables")),
    /** is_kdump_kernel. */
    KDUMP("kdump", 1, 1, "1: a capture kernel", new Change(Change.NEVER, 0,
            "a planned kexec: units are switched off, empty tables, on")),
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
     * @param from a version, or ranges of versions, or "never", then the commits
     * @param value the new one
     * @param sentence what a kernel does with that value
     */
    private record Change(String from, int value, String sentence) {

        static final String NEVER = "never";
        private static final Pattern RANGE = Pattern.compile("([\\d.]+) to ([\\d.]+)");

        boolean isIn(KernelVersion version) {
            Matcher ranges = RANGE.matcher(from);
            if (ranges.find()) {
                return isWithin(version, ranges.reset());
            }
            String since = from.split("[, ]", 2)[0];
            return !since.equals(NEVER) && version.compareTo(KernelVersion.parse(since)) >= 0;
        }

        private static boolean isWithin(KernelVersion version, Matcher ranges) {
            boolean within = false;
            while (ranges.find()) {
                within |= version.compareTo(KernelVersion.parse(ranges.group(1))) >= 0
                        && version.compareTo(KernelVersion.parse(ranges.group(2))) <= 0;
            }
            return within;
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

    /** Returns its name, as a profile has it. */
    String key() {
        return key;
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
