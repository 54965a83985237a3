// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;

/**
 * What the code of one kernel version does with a VT-d unit: the one place where versions count. A
 * setting of the profile overrides what its version says; stable branches that took a change over
 * are not looked at, but for the one named.
 *
 * @param loadsStatus "vtd.loadsStatus", from 3.10 (3a93c841c2b3): the kernel's copy of the global
 *     command begins as the status; before, it began as 0, so that its first write, at T4, switched
 *     everything off that an earlier kernel had on, translation first of all
 * @param copiesTables "vtd.copiesTables", from 4.2 (091d42e43d21): root and context tables of a
 *     unit that translates are copied
 * @param copiesInterruptTable "vtd.copiesInterruptTable", from 4.2 (af3b358e4811): the interrupt
 *     table is copied and remapping stays on; before, it was switched off and on again
 * @param knowsScalableMode "vtd.knowsScalableMode", from 5.0 (765b6a98c1de): scalable mode, 256-bit
 *     descriptors; before, any tables were read as legacy ones
 * @param usesFirstStage "vtd.usesFirstStage", from 5.6 (b802d070a52a): in scalable mode, new
 *     domains have first-stage tables where the unit has them; that the tables forbade execution
 *     before PASID entries allowed it to be forbidden, up to 6.2, is not reproduced
 * @param attachesAtStart "vtd.attachesAtStart", from 5.3 (fa954e683178): on a clean start every
 *     function gets its domain before translation is switched on, so that what is still active
 *     finds an empty table; before, it found no context entry until its driver mapped
 * @param marksEntries "vtd.marksEntries", before 6.0, 5.19.10 and 5.15.69 of the stable branches
 *     (0c5f6c0d8201): a copied entry is told by bit 67 in it, and its bit 11 is cleared; afterwards
 *     a bitmap tells, and entries are copied as they are
 * @param flushesOldDomain "vtd.flushesOldDomain", from 4.10 (aec0e86172a7): what the unit may have
 *     cached through a copied entry is flushed when the device gets this kernel's
 * @param tearDown "vtd.tearDown", in which order the copied entry goes
 * @param flushesAllScalable "vtd.flushesAllScalable", from 6.9 (301f1a80487f): for a copied entry
 *     of scalable mode all PASID entries and translations are flushed; before, the code took bits
 *     of RID_PASID for a domain id and flushed that domain, 0 as a rule
 * @param reservesPasidIds "vtd.reservesPasidIds", in no version: the domain ids in copied PASID
 *     tables are kept from being given out again
 * @param keepsUpperHalf "vtd.keepsUpperHalf", from 7.3 (c6e63fc8e8fc): a bus of which only devfn
 *     80h and up are populated is copied into the upper half of its root entry; before, into the
 *     lower
 * @param enablesAts "vtd.enablesAts", from 2.6.31 (93a23a7271df): device TLBs are used where unit,
 *     device and firmware allow it; 0 is pci=noats
 * @param checksAlignment "vtd.checksAlignment", from 5.1 (61363c1474b1): not those of devices that
 *     may ask for translations of unaligned addresses
 * @param preparesAts "vtd.preparesAts", from 6.12 (6c17c7d5936e): every function with address
 *     translation services has its smallest translation unit set as it is found, which switches the
 *     services off; before, a capture kernel found and left them on
 * @param enablesAtsAtProbe "vtd.enablesAtsAtProbe", from 6.15 (5518f239aff1, 4f1492efb495): in
 *     scalable mode they are switched on when a function is found; before, and in legacy mode, when
 *     it gets its domain
 * @param tagsDeviceTlb "vtd.tagsDeviceTlb", not in 6.15 to 6.15.5 (25b1b75bbaf9): a device TLB that
 *     is switched on after the function got its domain is invalidated with that domain
 * @param givesUpAbsent "vtd.givesUpAbsent", from 6.9 (80a9b50c0b9e): an invalidation request that
 *     timed out is not sent again if its device does not answer config accesses; before, and to
 *     devices that do, it is sent again and again
 * @param asksPresence "vtd.asksPresence", from 7.0 ("Flush dev-IOTLB only when PCIe device is
 *     accessible in scalable mode"): nor is it sent as a copied entry goes
 * @param scalableMode "vtd.scalableMode", in no version: whether that mode is used, by the words of
 *     {@link ScalableMode}; as the unit is found in it unless the command line tells
 * @param lines how faults are printed, by version alone
 */
record KernelQuirks(boolean loadsStatus, boolean copiesTables, boolean copiesInterruptTable,
        boolean knowsScalableMode, boolean usesFirstStage, boolean attachesAtStart,
        boolean marksEntries, boolean flushesOldDomain, TearDown tearDown,
        boolean flushesAllScalable, boolean reservesPasidIds, boolean keepsUpperHalf,
        boolean enablesAts, boolean checksAlignment, boolean preparesAts,
        boolean enablesAtsAtProbe, boolean tagsDeviceTlb, boolean givesUpAbsent,
        boolean asksPresence, ScalableMode scalableMode, FaultLines lines) {

    /** How a copied entry is taken down when its device gets one of this kernel; by value. */
    enum TearDown {
        /** 0, up to 6.11: flushed while still in force, then cleared. */
        FLUSH_THEN_CLEAR,
        /** 1, from 6.12 ("Factor out helpers from domain_context_mapping_one()"). */
        CLEAR_THEN_FLUSH,
        /** 2, from 7.3 (f532c57985b1): the present bit, the flush, the rest of the entry. */
        PRESENT_BIT_FIRST
    }

    private static final String PREFIX = "vtd.";
    /** Names of all settings. */
    static final Set<String> KNOWN = Collections.unmodifiableSet(new TreeSet<>(Set.of(
            "vtd.loadsStatus", "vtd.copiesTables", "vtd.copiesInterruptTable",
            "vtd.knowsScalableMode", "vtd.usesFirstStage", "vtd.attachesAtStart",
            "vtd.marksEntries", "vtd.flushesOldDomain", "vtd.tearDown",
            "vtd.flushesAllScalable", "vtd.reservesPasidIds", "vtd.keepsUpperHalf",
            "vtd.enablesAts", "vtd.checksAlignment", "vtd.preparesAts",
            "vtd.enablesAtsAtProbe", "vtd.tagsDeviceTlb", "vtd.givesUpAbsent",
            "vtd.asksPresence", ScalableMode.SETTING)));

    /**
     * Returns the quirks of a kernel.
     *
     * @throws IllegalArgumentException if the profile has a setting that begins with "vtd." and is
     *     none of these, or a value out of range
     */
    static KernelQuirks of(KernelProfile kernel) {
        for (String name : kernel.settings().keySet()) {
            if (name.startsWith(PREFIX) && !KNOWN.contains(name)) {
                throw new IllegalArgumentException("unknown kernel setting '" + name
                        + "', expected one of " + String.join(", ", KNOWN));
            }
        }
        KernelVersion v = kernel.version();
        return new KernelQuirks(
                flag(kernel, "vtd.loadsStatus", v.atLeast(3, 10)),
                flag(kernel, "vtd.copiesTables", v.atLeast(4, 2)),
                flag(kernel, "vtd.copiesInterruptTable", v.atLeast(4, 2)),
                flag(kernel, "vtd.knowsScalableMode", v.atLeast(5, 0)),
                flag(kernel, "vtd.usesFirstStage", v.atLeast(5, 6)),
                flag(kernel, "vtd.attachesAtStart", v.atLeast(5, 3)),
                flag(kernel, "vtd.marksEntries", !hasBitmap(v)),
                flag(kernel, "vtd.flushesOldDomain", v.atLeast(4, 10)),
                TearDown.values()[number(kernel, "vtd.tearDown",
                        v.atLeast(7, 3) ? 2 : v.atLeast(6, 12) ? 1 : 0, 2)],
                flag(kernel, "vtd.flushesAllScalable", v.atLeast(6, 9)),
                flag(kernel, "vtd.reservesPasidIds", false),
                flag(kernel, "vtd.keepsUpperHalf", v.atLeast(7, 3)),
                flag(kernel, "vtd.enablesAts", v.atLeast(2, 6, 31)),
                flag(kernel, "vtd.checksAlignment", v.atLeast(5, 1)),
                flag(kernel, "vtd.preparesAts", v.atLeast(6, 12)),
                flag(kernel, "vtd.enablesAtsAtProbe", v.atLeast(6, 15)),
                flag(kernel, "vtd.tagsDeviceTlb", !v.atLeast(6, 15) || v.atLeast(6, 15, 6)),
                flag(kernel, "vtd.givesUpAbsent", v.atLeast(6, 9)),
                flag(kernel, "vtd.asksPresence", v.atLeast(7, 0)),
                ScalableMode.values()[number(kernel, ScalableMode.SETTING, 0, 2)],
                FaultLines.of(v));
    }

    private static boolean hasBitmap(KernelVersion v) {
        return v.atLeast(6, 0) || v.atLeast(5, 19, 10)
                || v.atLeast(5, 15, 69) && !v.atLeast(5, 16);
    }

    private static boolean flag(KernelProfile kernel, String name, boolean otherwise) {
        return number(kernel, name, otherwise ? 1 : 0, 1) == 1;
    }

    private static int number(KernelProfile kernel, String name, int otherwise, int highest) {
        long value = kernel.setting(name, otherwise);
        if (value < 0 || value > highest) {
            throw new IllegalArgumentException(
                    name + " = " + value + ", expected 0 to " + highest);
        }
        return (int) value;
    }
}
