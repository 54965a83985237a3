// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelVersion;

/**
 * What the code of one kernel version does with an AMD-Vi unit: the one place where versions count.
 * A setting of the profile overrides what its version says. What each means, and from when on, is
 * in {@link KernelSetting}.
 *
 * @param version of the kernel, for reasons
 * @param crashDisables {@link KernelSetting#CRASH_DISABLES}
 * @param attachesFirst {@link KernelSetting#ATTACHES_FIRST}
 * @param enablesEarly {@link KernelSetting#ENABLES_EARLY}
 * @param handOver {@link KernelSetting#HAND_OVER}
 * @param encryptionBit {@link KernelSetting#ENCRYPTION_BIT}
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

    /**
     * Returns the quirks of a kernel.
     *
     * @throws IllegalArgumentException if the profile has a setting that begins with "amdvi." and
     *     is none of {@link KernelSetting}, or a value out of range
     */
    static KernelQuirks of(KernelProfile kernel) {
        KernelSetting.check(kernel);
        return new KernelQuirks(kernel.version(), KernelSetting.CRASH_DISABLES.isOn(kernel),
                KernelSetting.ATTACHES_FIRST.isOn(kernel),
                KernelSetting.ENABLES_EARLY.isOn(kernel),
                HandOver.values()[KernelSetting.HAND_OVER.read(kernel)],
                KernelSetting.ENCRYPTION_BIT.read(kernel));
    }

    /** Returns an address without the bit that marks encrypted memory. */
    long plain(long address) {
        return encryptionBit == 0 ? address : address & ~(1L << encryptionBit);
    }
}
