// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;
import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;

/**
 * What the code of one kernel version does with an AMD-Vi unit: the one place where versions count.
 * A setting of the profile overrides what its version says; stable branches that took a change over
 * are not looked at.
 *
 * @param version of the kernel, for reasons
 * @param crashDisables "amdvi.crashDisables", up to 2.6.33: the crashing kernel switches its units
 *     off before it jumps (reverted in 2010 together with the next)
 * @param attachesFirst "amdvi.attachesFirst", up to 2.6.33 (75f66533bc88): devices get their
 *     domains before the unit is enabled, so that their invalidations go into a buffer that is
 *     emptied when the unit is given it; nothing is flushed afterwards
 * @param enablesEarly "amdvi.enablesEarly", from 3.7: the unit is set up at T4, with interrupt
 *     remapping; before, at T6
 * @param handOver "amdvi.handOver", see {@link HandOver}; by number
 * @param encryptionBit "amdvi.encryptionBit", 0: no memory encryption; otherwise the number of the
 *     address bit that marks encrypted memory, which is taken out of a table's address
 */
record KernelQuirks(KernelVersion version, boolean crashDisables, boolean attachesFirst,
        boolean enablesEarly, HandOver handOver, int encryptionBit) {

    /** What is done with the tables of a unit that is found enabled. */
    enum HandOver {
        /** 0, up to 4.14: it is disabled and gets an empty device table. */
        CLEAN,
        /** 1, from 4.15 (45a01c42933b): the device table is copied. */
        COPY,
        /**
         * 2, from 6.18 (38e5f33ee359, f32fe7cb0198): table and buffers are used where they lie. A
         * kernel that does so never writes the base registers, also when it starts clean because
         * the table was refused: the unit goes on with the old one.
         */
        IN_PLACE
    }

    private static final String PREFIX = "amdvi.";
    private static final String CRASH_DISABLES = PREFIX + "crashDisables";
    private static final String ATTACHES_FIRST = PREFIX + "attachesFirst";
    private static final String ENABLES_EARLY = PREFIX + "enablesEarly";
    private static final String HAND_OVER = PREFIX + "handOver";
    private static final String ENCRYPTION_BIT = PREFIX + "encryptionBit";

    /** Names of all settings. */
    static final Set<String> KNOWN = Collections.unmodifiableSet(new TreeSet<>(Set.of(
            CRASH_DISABLES, ATTACHES_FIRST, ENABLES_EARLY, HAND_OVER, ENCRYPTION_BIT)));

    /**
     * Returns the quirks of a kernel.
     *
     * @throws IllegalArgumentException if the profile has a setting that begins with "amdvi." and
     *     is none of these, or a value out of range
     */
    static KernelQuirks of(KernelProfile kernel) {
        for (String name : kernel.settings().keySet()) {
            if (name.startsWith(PREFIX) && !KNOWN.contains(name)) {
                throw new IllegalArgumentException("unknown kernel setting '" + name
                        + "', expected one of " + String.join(", ", KNOWN));
            }
        }
        KernelVersion v = kernel.version();
        int handOver = v.atLeast(6, 18) ? 2 : v.atLeast(4, 15) ? 1 : 0;
        boolean fixed = v.atLeast(2, 6, 34);
        return new KernelQuirks(v, number(kernel, CRASH_DISABLES, fixed ? 0 : 1, 1) == 1,
                number(kernel, ATTACHES_FIRST, fixed ? 0 : 1, 1) == 1,
                number(kernel, ENABLES_EARLY, v.atLeast(3, 7) ? 1 : 0, 1) == 1,
                HandOver.values()[number(kernel, HAND_OVER, handOver, 2)],
                number(kernel, ENCRYPTION_BIT, 0, 51));
    }

    private static int number(KernelProfile kernel, String name, int otherwise, int highest) {
        long value = kernel.setting(name, otherwise);
        if (value < 0 || value > highest) {
            throw new IllegalArgumentException(name + " = " + value + ", expected 0 to " + highest);
        }
        return (int) value;
    }

    /** Returns an address without the bit that marks encrypted memory. */
    long plain(long address) {
        return encryptionBit == 0 ? address : address & ~(1L << encryptionBit);
    }
}
