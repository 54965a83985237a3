// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux.settings;

import iommu.api.profile.KernelProfile;
import java.util.Arrays;
import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What the code of one kernel version does with a VT-d unit. A setting of the profile overrides
 * what its version says; stable branches that took a change over are not looked at, but for the one
 * named. What each says, and since when, stands in {@link KernelSetting}, under the same name.
 *
 * @param lines how faults are printed, by version alone
 * @param options what command line and build say
 */
public record KernelQuirks(boolean loadsStatus, boolean copiesTables, boolean copiesInterruptTable,
        boolean knowsScalableMode, boolean usesFirstStage,
        boolean disablesExecution, boolean attachesAtStart,
        boolean marksEntries, boolean flushesOldDomain, TearDown tearDown,
        boolean flushesAllScalable, boolean reservesPasidIds, boolean keepsUpperHalf,
        boolean enablesAts, boolean checksAlignment, boolean preparesAts,
        boolean enablesAtsAtProbe, boolean tagsDeviceTlb, boolean givesUpAbsent,
        boolean asksPresence, ScalableMode scalableMode,
        boolean mapsReservedAtAttach, boolean enablesLast, boolean setsUpAliases,
        boolean groupsShareDomain,
        boolean offDisables, boolean attachesPassThrough, boolean shutdownDisables,
        boolean namesFunctionsFirst, FaultLines lines, BootOptions options) {

    /** How a copied entry is taken down when its device gets one of this kernel; by value. */
    public enum TearDown {
        /** 0, up to 6.11: flushed while still in force, then cleared. */
        FLUSH_THEN_CLEAR,
        /** 1, from 6.12 ("Factor out helpers from domain_context_mapping_one()"). */
        CLEAR_THEN_FLUSH,
        /** 2, from 7.3 (f532c57985b1): the present bit, the flush, the rest of the entry. */
        PRESENT_BIT_FIRST
    }

    private static final String PREFIX = "vtd.";
    /** Names of all settings. */
    public static final Set<String> KNOWN = Stream.concat(
            Arrays.stream(KernelSetting.values()).map(KernelSetting::key),
            Arrays.stream(BootSetting.values()).map(BootSetting::key))
            .collect(Collectors.collectingAndThen(Collectors.toCollection(TreeSet::new),
                    Collections::unmodifiableSet));

    /**
     * Returns the quirks of a kernel.
     *
     * @throws IllegalArgumentException if the profile has a setting that begins with "vtd." and is
     *     none of these, or a value out of range
     */
    public static KernelQuirks of(KernelProfile kernel) {
        for (String name : kernel.settings().keySet()) {
            if (name.startsWith(PREFIX) && !KNOWN.contains(name)) {
                throw new IllegalArgumentException("unknown kernel setting '" + name
                        + "', expected one of " + String.join(", ", KNOWN));
            }
        }
        return new KernelQuirks(
                KernelSetting.LOADS_STATUS.isSet(kernel),
                KernelSetting.COPIES_TABLES.isSet(kernel),
                KernelSetting.COPIES_INTERRUPT_TABLE.isSet(kernel),
                KernelSetting.KNOWS_SCALABLE_MODE.isSet(kernel),
                KernelSetting.USES_FIRST_STAGE.isSet(kernel),
                KernelSetting.DISABLES_EXECUTION.isSet(kernel),
                KernelSetting.ATTACHES_AT_START.isSet(kernel),
                KernelSetting.MARKS_ENTRIES.isSet(kernel),
                KernelSetting.FLUSHES_OLD_DOMAIN.isSet(kernel),
                TearDown.values()[KernelSetting.TEAR_DOWN.of(kernel)],
                KernelSetting.FLUSHES_ALL_SCALABLE.isSet(kernel),
                KernelSetting.RESERVES_PASID_IDS.isSet(kernel),
                KernelSetting.KEEPS_UPPER_HALF.isSet(kernel),
                KernelSetting.ENABLES_ATS.isSet(kernel),
                KernelSetting.CHECKS_ALIGNMENT.isSet(kernel),
                KernelSetting.PREPARES_ATS.isSet(kernel),
                KernelSetting.ENABLES_ATS_AT_PROBE.isSet(kernel),
                KernelSetting.TAGS_DEVICE_TLB.isSet(kernel),
                KernelSetting.GIVES_UP_ABSENT.isSet(kernel),
                KernelSetting.ASKS_PRESENCE.isSet(kernel),
                ScalableMode.values()[KernelSetting.SCALABLE_MODE.of(kernel)],
                KernelSetting.MAPS_RESERVED_AT_ATTACH.isSet(kernel),
                KernelSetting.ENABLES_LAST.isSet(kernel),
                KernelSetting.SETS_UP_ALIASES.isSet(kernel),
                KernelSetting.GROUPS_SHARE_DOMAIN.isSet(kernel),
                KernelSetting.OFF_DISABLES.isSet(kernel),
                KernelSetting.ATTACHES_PASS_THROUGH.isSet(kernel),
                KernelSetting.SHUTDOWN_DISABLES.isSet(kernel),
                kernel.version().atLeast(5, 1),
                FaultLines.of(kernel.version()),
                BootOptions.of(kernel));
    }

    /**
     * Returns the line that tells that interrupts are remapped; lines name their subsystem from 4.2
     * on.
     *
     * @param extended whether destinations have 32 bits
     */
    public String interruptsRemapped(boolean extended) {
        return (copiesTables ? "DMAR-IR: " : "") + "Enabled IRQ remapping in "
                + (extended ? "x2apic" : "xapic") + " mode";
    }

    /**
     * Returns the line that tells that memory is mapped to itself for a function. It begins with
     * the function from 5.1 on (932a6523ce39; 5.0.1 does not, 5.2.1 does).
     *
     * @param last address
     */
    public String identityMap(String function, long start, long last) {
        String range = String.format("[0x%x - 0x%x]", start, last);
        return namesFunctionsFirst ? "pci " + function + ": DMAR: Setting identity map " + range
                : (copiesTables ? "DMAR" : "IOMMU") + ": Setting identity map for device "
                        + function + " " + range;
    }
}
