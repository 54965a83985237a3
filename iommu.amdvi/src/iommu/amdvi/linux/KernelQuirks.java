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
 * @param reservesIds {@link KernelSetting#RESERVES_IDS}
 * @param refusesSharedIds {@link KernelSetting#REFUSES_SHARED_IDS}
 * @param interruptTableLength {@link KernelSetting#INTERRUPT_TABLE_LENGTH}
 * @param flushesOldDomain {@link KernelSetting#FLUSHES_OLD_DOMAIN}
 * @param groupsShareDomain {@link KernelSetting#GROUPS_SHARE_DOMAIN}
 * @param flushesEntryTwice {@link KernelSetting#FLUSHES_ENTRY_TWICE}
 * @param keepsBufferBases {@link KernelSetting#KEEPS_BUFFER_BASES}
 * @param enablesEventsLate {@link KernelSetting#ENABLES_EVENTS_LATE}
 * @param disabled {@link KernelSetting#DISABLED}
 * @param offDisables {@link KernelSetting#OFF_DISABLES}
 * @param remapsInterrupts {@link KernelSetting#INTERRUPT_REMAPPING}
 * @param isKdump {@link KernelSetting#KDUMP}
 * @param encryptionBit {@link KernelSetting#ENCRYPTION_BIT}
 */
record KernelQuirks(KernelVersion version, boolean crashDisables, boolean attachesFirst,
        boolean enablesEarly, HandOver handOver, boolean reservesIds, boolean refusesSharedIds,
        int interruptTableLength, boolean flushesOldDomain, boolean groupsShareDomain,
        boolean flushesEntryTwice, boolean keepsBufferBases, boolean enablesEventsLate,
        Disabled disabled, boolean offDisables, boolean remapsInterrupts, boolean isKdump,
        int encryptionBit) {

    /** Whether units are used. */
    enum Disabled {
        /** 0: they are. */
        NO,
        /** 1, amd_iommu=off. */
        BY_VENDOR_WORD,
        /** 2, iommu=off: not even looked for. */
        BY_ANY_WORD
    }

    /** What is done with the tables of a unit that is found enabled. */
    enum HandOver {
        /** 0, up to 4.13: it is disabled and gets an empty device table. */
        CLEAN,
        /** 1, from 4.14 (45a01c42933b): the device table is copied. */
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
                KernelSetting.RESERVES_IDS.isOn(kernel),
                KernelSetting.REFUSES_SHARED_IDS.isOn(kernel),
                KernelSetting.INTERRUPT_TABLE_LENGTH.read(kernel),
                KernelSetting.FLUSHES_OLD_DOMAIN.isOn(kernel),
                KernelSetting.GROUPS_SHARE_DOMAIN.isOn(kernel),
                KernelSetting.FLUSHES_ENTRY_TWICE.isOn(kernel),
                KernelSetting.KEEPS_BUFFER_BASES.isOn(kernel),
                KernelSetting.ENABLES_EVENTS_LATE.isOn(kernel),
                Disabled.values()[KernelSetting.DISABLED.read(kernel)],
                KernelSetting.OFF_DISABLES.isOn(kernel),
                KernelSetting.INTERRUPT_REMAPPING.isOn(kernel), KernelSetting.KDUMP.isOn(kernel),
                KernelSetting.ENCRYPTION_BIT.read(kernel));
    }

    /** Returns an address without the bit that marks encrypted memory. */
    long plain(long address) {
        return encryptionBit == 0 ? address : address & ~(1L << encryptionBit);
    }
}
