// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.registers;

import iommu.api.profile.UnitProfile;
import iommu.api.unit.BlockedRequests;
import iommu.vtd.Capability;
import java.util.Arrays;
import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The settings of one unit, read from its profile. What each does, its range and its default stand
 * in {@link UnitSetting}, under the same name; a flag is true for 1.
 */
public record UnitSettings(boolean scalableLegacyReasons, boolean flushOnSetRootPointer,
        boolean flushOnTranslationToggle, boolean collapseFaults,
        boolean advancedPendingAtAnyRecord, boolean advancedLogWraps, boolean qemuRecordPasid,
        boolean deviceInvalidationByDomain, boolean contextInvalidationDropsPasids,
        boolean cacheAsQemu, boolean walkAsQemu, boolean registersAsQemu, int qemuVersion,
        boolean protectTranslated, int protectedMemoryAlignment,
        boolean snoopsAlways, boolean front,
        int contextCacheEntries, int iotlbEntries, int structureCacheEntries,
        long lockedWriteLimit, int deviceTlbTimeoutMillis, int hostAddressWidth,
        BlockedRequests blockedRequests) {

    /** The names of all settings. */
    static final Set<String> KNOWN = Arrays.stream(UnitSetting.values()).map(UnitSetting::key)
            .collect(Collectors.collectingAndThen(Collectors.toCollection(TreeSet::new),
                    Collections::unmodifiableSet));

    /**
     * Reads the settings of a profile.
     *
     * @throws IllegalArgumentException if one is unknown or out of range
     */
    static UnitSettings of(UnitProfile profile, long cap) {
        for (String key : profile.settings().keySet()) {
            if (!KNOWN.contains(key)) {
                throw new IllegalArgumentException(
                        "unknown setting '" + key + "' of a vtd unit; known: " + KNOWN);
            }
        }
        boolean cachesAsQemu = flag(profile, UnitSetting.CACHE_AS_QEMU);
        boolean walksAsQemu = flag(profile, UnitSetting.WALK_AS_QEMU);
        return new UnitSettings(flag(profile, UnitSetting.SCALABLE_LEGACY_REASONS),
                flag(profile, UnitSetting.FLUSH_ON_SET_ROOT_POINTER, Capability.ESRTPS.isSet(cap)),
                flag(profile, UnitSetting.FLUSH_ON_TRANSLATION_TOGGLE),
                flag(profile, UnitSetting.COLLAPSE_FAULTS),
                flag(profile, UnitSetting.ADVANCED_PENDING_AT_ANY_RECORD),
                flag(profile, UnitSetting.ADVANCED_LOG_WRAPS),
                flag(profile, UnitSetting.QEMU_RECORD_PASID),
                flag(profile, UnitSetting.DEVICE_INVALIDATION_BY_DOMAIN),
                flag(profile, UnitSetting.CONTEXT_INVALIDATION_DROPS_PASIDS),
                cachesAsQemu,
                walksAsQemu,
                flag(profile, UnitSetting.REGISTERS_AS_QEMU),
                (int) UnitSetting.QEMU_VERSION.of(profile),
                flag(profile, UnitSetting.PROTECT_TRANSLATED),
                (int) UnitSetting.PROTECTED_MEMORY_ALIGNMENT.of(profile),
                flag(profile, UnitSetting.SNOOPS_ALWAYS, walksAsQemu),
                flag(profile, UnitSetting.FRONT),
                UnitSetting.CONTEXT_CACHE_ENTRIES.powerOfTwo(profile),
                UnitSetting.IOTLB_ENTRIES.powerOfTwo(profile),
                cachesAsQemu ? UnitSetting.STRUCTURE_CACHE_ENTRIES.powerOfTwo(profile, 0)
                        : UnitSetting.STRUCTURE_CACHE_ENTRIES.powerOfTwo(profile),
                UnitSetting.LOCKED_WRITE_LIMIT.of(profile),
                (int) UnitSetting.DEVICE_TLB_TIMEOUT_MILLIS.of(profile),
                (int) UnitSetting.HOST_ADDRESS_WIDTH.of(profile),
                BlockedRequests.of(UnitSetting.BLOCKED_READ_ABORTS.of(profile),
                        UnitSetting.BLOCKED_WRITE_REPORT.of(profile)));
    }

    private static boolean flag(UnitProfile profile, UnitSetting setting) {
        return setting.of(profile) == 1;
    }

    private static boolean flag(UnitProfile profile, UnitSetting setting, boolean instead) {
        return setting.of(profile, instead ? 1 : 0) == 1;
    }
}
