// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.settings;

import iommu.api.profile.UnitProfile;
import iommu.api.unit.BlockedRequests;
import java.util.Set;

/**
 * The behaviour of one unit where manuals leave a choice or hardware differs: the settings of its
 * profile, read. What each does is in {@link UnitSetting}.
 *
 * @param snpLocked {@link UnitSetting#SNP_LOCKED}
 * @param flushOnDisable {@link UnitSetting#FLUSH_ON_DISABLE}
 * @param cacheNotPresent {@link UnitSetting#CACHE_NOT_PRESENT}
 * @param asQemu {@link UnitSetting#AS_QEMU}: registers hold all bits that are written to them; up
 *     to QEMU 10 the status holds none, and the event log runs but is never written
 * @param qemuVersion {@link UnitSetting#QEMU_VERSION}
 * @param qemuRemaps {@link UnitSetting#QEMU_REMAPS}
 * @param qemuMessages {@link UnitSetting#QEMU_MESSAGES}
 * @param fastPath {@link UnitSetting#FRONT}
 * @param dteCacheEntries {@link UnitSetting#DTE_CACHE_ENTRIES}
 * @param directoryCacheEntries {@link UnitSetting#DIRECTORY_CACHE_ENTRIES}
 * @param tlbEntries {@link UnitSetting#TLB_ENTRIES}
 * @param interruptCacheEntries {@link UnitSetting#INTERRUPT_CACHE_ENTRIES}
 * @param blockedRequests {@link UnitSetting#BLOCKED_READ_ABORTS} and {@link
 *     UnitSetting#BLOCKED_WRITE_REPORT}
 */
public record UnitSettings(boolean snpLocked, boolean flushOnDisable, boolean cacheNotPresent,
        boolean asQemu, int qemuVersion, boolean qemuRemaps, boolean qemuMessages,
        boolean fastPath, int dteCacheEntries, int directoryCacheEntries, int tlbEntries,
        int interruptCacheEntries, BlockedRequests blockedRequests) {

    /** Fewest entries of a cache: a set of it. */
    public static final int LEAST_ENTRIES = UnitSetting.LEAST_ENTRIES;

    private static final Set<String> KNOWN = UnitSetting.keys();

    /**
     * Reads the settings of a profile.
     *
     * @throws IllegalArgumentException if one is unknown or out of range
     */
    public static UnitSettings of(UnitProfile profile) {
        for (String key : profile.settings().keySet()) {
            if (!KNOWN.contains(key)) {
                throw new IllegalArgumentException(
                        "unknown setting '" + key + "' of an amdvi unit; known: " + KNOWN);
            }
        }
        return new UnitSettings(UnitSetting.SNP_LOCKED.isOn(profile),
                UnitSetting.FLUSH_ON_DISABLE.isOn(profile),
                UnitSetting.CACHE_NOT_PRESENT.isOn(profile), UnitSetting.AS_QEMU.isOn(profile),
                UnitSetting.QEMU_VERSION.read(profile), UnitSetting.QEMU_REMAPS.isOn(profile),
                UnitSetting.QEMU_MESSAGES.isOn(profile),
                UnitSetting.FRONT.isOn(profile), UnitSetting.DTE_CACHE_ENTRIES.read(profile),
                UnitSetting.DIRECTORY_CACHE_ENTRIES.read(profile),
                UnitSetting.TLB_ENTRIES.read(profile),
                UnitSetting.INTERRUPT_CACHE_ENTRIES.read(profile),
                BlockedRequests.of(UnitSetting.BLOCKED_READ_ABORTS.read(profile),
                        UnitSetting.BLOCKED_WRITE_REPORT.read(profile)));
    }
}
