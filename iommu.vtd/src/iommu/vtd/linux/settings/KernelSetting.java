// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux.settings;

import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;

/**
 * The settings of a kernel, with the value that a version has: the one table of them, which {@link
 * KernelQuirks}, refusals and docs/kernels.md share. Flags are 0 or 1.
 */
enum KernelSetting {

    /**
     * From 3.10 (3a93c841c2b3): the kernel's copy of the global command begins as the status;
     * before, it began as 0, so that its first write, at T4, switched everything off that an
     * earlier kernel had on, translation first of all.
     */
    LOADS_STATUS("vtd.loadsStatus", v -> v.atLeast(3, 10),
            "| 3.10, 3a93c841c2b3 | the kernel's copy of GCMD begins as GSTS"),
    /** From 4.2 (091d42e43d21): root and context tables of a unit that translates are copied. */
    COPIES_TABLES("vtd.copiesTables", v -> v.atLeast(4, 2),
            "| 4.2, 091d42e43d21 | root and context tables are copied"),
    /**
     * From 4.2 (af3b358e4811): the interrupt table is copied and remapping stays on; before, it
     * was switched off and on again.
     */
    COPIES_INTERRUPT_TABLE("vtd.copiesInterruptTable", v -> v.atLeast(4, 2),
            "| 4.2, af3b358e4811 | interrupt entries are copied, IRE stays"),
    /**
     * From 4.10 (aec0e86172a7): what the unit may have cached through a copied entry is flushed
     * when the device gets this kernel's.
     */
    FLUSHES_OLD_DOMAIN("vtd.flushesOldDomain", v -> v.atLeast(4, 10),
            "| 4.10, aec0e86172a7 | at attach the copied entry's device and domain "
                    + "are flushed"),
    /**
     * From 5.0 (765b6a98c1de): scalable mode, 256-bit descriptors; before, any tables were read
     * as legacy ones.
     */
    KNOWS_SCALABLE_MODE("vtd.knowsScalableMode", v -> v.atLeast(5, 0),
            "| 5.0, 765b6a98c1de | scalable mode, 256-bit descriptors"),
    /**
     * From 5.3 (fa954e683178): on a clean start every function gets its domain before translation
     * is switched on, so that what is still active finds an empty table; before, it found no
     * context entry until its driver mapped.
     */
    ATTACHES_AT_START("vtd.attachesAtStart", v -> v.atLeast(5, 3),
            "| 5.3, fa954e683178 | a clean start attaches every function: active ones "
                    + "fault 05h, 06h"),
    /**
     * From 5.6 (b802d070a52a): in scalable mode, new domains have first-stage tables where the
     * unit has them.
     */
    USES_FIRST_STAGE("vtd.usesFirstStage", v -> v.atLeast(5, 6),
            "| 5.6, b802d070a52a | scalable mode uses the first stage for DMA where "
                    + "the unit has it"),
    /**
     * Up to 6.10: first-stage tables forbid execution, and PASID entries let them; that entries of
     * up to 6.2 did not is not reproduced. From 6.11 ("Remove control over Execute-Requested
     * requests") neither is written, as recordings of 6.12 and 7.3 show.
     */
    DISABLES_EXECUTION("vtd.disablesExecution", v -> !v.atLeast(6, 11),
            "= 0 | 6.11 | first-stage entries do not forbid execution"),
    /**
     * Before 6.0, 5.19.10 and 5.15.69 of the stable branches (0c5f6c0d8201): a copied entry is
     * told by bit 67 in it, and its bit 11 is cleared; afterwards a bitmap tells, and entries are
     * copied as they are.
     */
    MARKS_ENTRIES("vtd.marksEntries", v -> !hasBitmap(v),
            "= 0 | 6.0, 0c5f6c0d8201 (5.15.69, 5.19.10) | a bitmap tells copied "
                    + "entries, which stay as they are"),
    /**
     * From 6.9 (301f1a80487f): for a copied entry of scalable mode all PASID entries and
     * translations are flushed; before, the code took bits of RID_PASID for a domain id and
     * flushed that domain, 0 as a rule.
     */
    FLUSHES_ALL_SCALABLE("vtd.flushesAllScalable", v -> v.atLeast(6, 9),
            "| 6.9, 301f1a80487f | at attach in scalable mode everything is flushed"),
    /** In which order the copied entry goes. */
    TEAR_DOWN("vtd.tearDown", 2, v -> v.atLeast(7, 3) ? 2 : v.atLeast(6, 12) ? 1 : 0,
            "= 1 | 6.12, c7191984e5aa | copied entry cleared, then flushed",
            "= 2 | 7.3, f532c57985b1 | present bit, flush, rest"),
    /**
     * From 7.3 (c6e63fc8e8fc): a bus of which only devfn 80h and up are populated is copied into
     * the upper half of its root entry; before, into the lower.
     */
    KEEPS_UPPER_HALF("vtd.keepsUpperHalf", v -> v.atLeast(7, 3),
            "| 7.3, c6e63fc8e8fc | a bus of devfn 80h and up alone keeps its half of "
                    + "the root entry"),
    /**
     * From 2.6.31 (93a23a7271df): device TLBs are used where unit, device and firmware allow it;
     * 0 is pci=noats.
     */
    ENABLES_ATS("vtd.enablesAts", v -> v.atLeast(2, 6, 31),
            "| 2.6.31, 93a23a7271df | device TLBs are used where unit (ECAP.DT), "
                    + "device and firmware (ATSR) allow it; 0 is `pci=noats`"),
    /**
     * From 5.1 (61363c1474b1): not those of devices that may ask for translations of unaligned
     * addresses.
     */
    CHECKS_ALIGNMENT("vtd.checksAlignment", v -> v.atLeast(5, 1),
            "| 5.1, 61363c1474b1 | only of devices that ask for aligned addresses; "
                    + "the context entry allows it all the same"),
    /**
     * From 6.9 (80a9b50c0b9e): an invalidation request that timed out is not sent again if its
     * device does not answer config accesses; before, and to devices that do, it is sent again
     * and again.
     */
    GIVES_UP_ABSENT("vtd.givesUpAbsent", v -> v.atLeast(6, 9),
            "| 6.9, 80a9b50c0b9e | after a time-out, the request to a device that "
                    + "does not answer config accesses is dropped"),
    /**
     * From 6.12 (6c17c7d5936e): every function with address translation services has its smallest
     * translation unit set as it is found, which switches the services off; before, a capture
     * kernel found and left them on.
     */
    PREPARES_ATS("vtd.preparesAts", v -> v.atLeast(6, 12),
            "| 6.12, 6c17c7d5936e | as a function is found (T6) its translation unit "
                    + "is set, which switches ATS off"),
    /**
     * From 6.15 (5518f239aff1, 4f1492efb495): in scalable mode they are switched on when a
     * function is found; before, and in legacy mode, when it gets its domain.
     */
    ENABLES_ATS_AT_PROBE("vtd.enablesAtsAtProbe", v -> v.atLeast(6, 15),
            "| 6.15, 5518f239aff1, 4f1492efb495 | in scalable mode ATS is switched on "
                    + "at T6"),
    /**
     * Not in 6.15 to 6.15.5 (25b1b75bbaf9): a device TLB that is switched on after the function
     * got its domain is invalidated with that domain.
     */
    TAGS_DEVICE_TLB("vtd.tagsDeviceTlb", v -> !v.atLeast(6, 15) || v.atLeast(6, 15, 6),
            "= 0 | only 6.15 to 6.15.5; 25b1b75bbaf9 | what is switched on after the "
                    + "domain is there is never invalidated"),
    /**
     * From 7.0 ("Flush dev-IOTLB only when PCIe device is accessible in scalable mode"): nor is
     * it sent as a copied entry goes.
     */
    ASKS_PRESENCE("vtd.asksPresence", v -> v.atLeast(7, 0),
            "| 7.0, 10e60d878139 (stable: 2026) | nor is a device that is gone asked as its copied "
                    + "scalable entry goes"),
    /**
     * From 4.4: a new domain has what firmware reserved for the function; before, only a clean
     * start mapped that, for all functions at once.
     */
    MAPS_RESERVED_AT_ATTACH("vtd.mapsReservedAtAttach", v -> v.atLeast(4, 4),
            "| 4.4 | what firmware reserved for a function is mapped whenever it gets a domain"),
    /**
     * From 5.3 (d8190dc63886): translation goes on once the functions of all units have been found;
     * before, once what firmware reserved was mapped.
     */
    ENABLES_LAST("vtd.enablesLast", v -> v.atLeast(5, 3),
            "| 5.3, d8190dc63886 | at a clean start TE goes on after the functions of all units "
                    + "are found"),
    /**
     * From 6.9 (301f1a80487f): in scalable mode, entries are made for a function's own id alone,
     * and not for the one that a bridge gives it.
     */
    SETS_UP_ALIASES("vtd.setsUpAliases", v -> !v.atLeast(6, 9),
            "= 0 | 6.9, 301f1a80487f | scalable mode: no context entry for the alias that a "
                    + "PCIe-PCI bridge gives: 02h"),
    /**
     * From 5.3 (fa954e683178): functions of one IOMMU group share a domain; before, only those that
     * a bridge gives one id.
     */
    GROUPS_SHARE_DOMAIN("vtd.groupsShareDomain", v -> v.atLeast(5, 3),
            "| 5.3, fa954e683178 | functions of one IOMMU group share a domain"),
    /**
     * From 3.10 (3a93c841c2b3) to 4.1 and from 4.12 (161b28aae165): a kernel that is not to remap
     * DMA switches translation off; from 4.2 to 4.11 it left it as it was.
     */
    OFF_DISABLES("vtd.offDisables",
            v -> v.atLeast(4, 12) || v.atLeast(3, 10) && !v.atLeast(4, 2),
            "| 3.10, 3a93c841c2b3, to 4.1; again from 4.12, 161b28aae165 | `intel_iommu=off` "
                    + "switches translation off at T6"),
    /**
     * Up to 5.10 a function whose requests are to pass is attached when its driver first maps, as
     * all are that were not when tables were copied; afterwards (5.11: dma-iommu.c) that is done by
     * the code that maps, which does not run for such a function, so that the copied entry, if
     * there is one, stays.
     */
    ATTACHES_PASS_THROUGH("vtd.attachesPassThrough", v -> !v.atLeast(5, 11),
            "= 0 | 5.11 | under `iommu=pt`, where tables were copied, entries stay as copied; a "
                    + "function without one has none"),
    /** From 5.5 (6c3a44ed3c55): before a restart translation is switched off. */
    SHUTDOWN_DISABLES("vtd.shutdownDisables", v -> v.atLeast(5, 5),
            "| 5.5, 6c3a44ed3c55 | translation is switched off before the machine restarts"),
    /**
     * In no version: whether scalable mode is used, by the words of {@link ScalableMode}; as the
     * unit is found in it unless the command line tells.
     */
    SCALABLE_MODE(ScalableMode.SETTING, 2, v -> 0,
            "| never | 1, `intel_iommu=sm_off`: scalable mode is not used; 2, `sm_on`: it is where"
                    + " the unit can; the capture kernel's command line says so where it is known"),
    /**
     * In no version: the domain ids in copied PASID tables are kept from being given out again.
     */
    RESERVES_PASID_IDS("vtd.reservesPasidIds", v -> false,
            "| never | domain ids in copied PASID entries are not given out again");

    private final String key;
    private final int most;
    private final ToIntFunction<KernelVersion> ofVersion;
    private final List<String> changes;

    KernelSetting(String key, Predicate<KernelVersion> ofVersion, String... changes) {
        this(key, 1, v -> ofVersion.test(v) ? 1 : 0, changes);
    }

    /** @param changes the value if it is not 1, since when, and what changed, as people read it */
    KernelSetting(String key, int most, ToIntFunction<KernelVersion> ofVersion,
            String... changes) {
        this.key = key;
        this.most = most;
        this.ofVersion = ofVersion;
        this.changes = List.of(changes);
    }

    /** Returns its name in profiles and commands. */
    String key() {
        return key;
    }

    /** Returns how its rows in docs/kernels.md begin: name, since when, and what changed. */
    List<String> rows() {
        return changes.stream().map(change -> "| `" + key + "` " + change + " |").toList();
    }

    /**
     * Returns its value in a profile, or that of the profile's version.
     *
     * @throws IllegalArgumentException if the value is out of range
     */
    int of(KernelProfile kernel) {
        long value = kernel.setting(key, ofVersion.applyAsInt(kernel.version()));
        if (value < 0 || value > most) {
            throw new IllegalArgumentException(key + " = " + value + ", expected 0 to " + most);
        }
        return (int) value;
    }

    boolean isSet(KernelProfile kernel) {
        return of(kernel) == 1;
    }

    private static boolean hasBitmap(KernelVersion v) {
        return v.atLeast(6, 0) || v.atLeast(5, 19, 10)
                || v.atLeast(5, 15, 69) && !v.atLeast(5, 16);
    }
}
