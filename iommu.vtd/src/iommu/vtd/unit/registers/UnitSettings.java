// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.registers;

import iommu.api.profile.UnitProfile;
import iommu.vtd.Capability;
import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;

/**
 * The behaviour of one unit where manuals leave a choice or hardware differs: the settings of its
 * profile, each 0 or 1 but for sizes and times.
 *
 * @param scalableLegacyReasons "scalableLegacyReasons", default 0: scalable mode reports the legacy
 *     numbers, and 58h for every problem of PASID directory and entry, as QEMU 7.2 does
 * @param flushOnSetRootPointer "flushOnSetRootPointer", default CAP.ESRTPS: Set Root Table Pointer
 *     invalidates all caches of translations; some parts do without saying so in CAP
 * @param flushOnTranslationToggle "flushOnTranslationToggle", default 0: switching translation on
 *     or off invalidates them too; the manual leaves it to software, for tests only
 * @param collapseFaults "collapseFaults", default 0: a fault of a source that has a pending record
 *     is dropped without overflow; the manual allows it, QEMU 7.2 does it
 * @param advancedPendingAtAnyRecord "advancedPendingAtAnyRecord", default 0: any record written to
 *     the fault log in memory sets APF, not only the first of the log, as the datasheets say
 * @param advancedLogWraps "advancedLogWraps", default 0: behind its last record the fault log in
 *     memory goes on at the first, and is full where F is still set; else it is full there
 * @param qemuRecordPasid "qemuRecordPasid", default 0: a record's PASID is 0xffff in legacy mode,
 *     and RID_PASID marked present in scalable mode, as QEMU 7.2 writes it
 * @param deviceInvalidationByDomain "deviceInvalidationByDomain", default 0: a device-selective
 *     context-cache invalidation spares entries of another domain id than the one it names; whether
 *     hardware compares it is uncertain, QEMU 7.2 does not
 * @param contextInvalidationDropsPasids "contextInvalidationDropsPasids", default 1: what drops the
 *     context entry of a source from its cache drops the PASID entries reached through it as well;
 *     with 0 they stay until a PASID-cache invalidation, which the manual asks software for (Linux
 *     before 6.11 does without when it takes over copied tables, and works on hardware)
 * @param cacheAsQemu "cacheAsQemu", default 0: requests go the way of {@code QemuTranslator}, a
 *     domain's context-cache invalidation is global, invalidations by PASID do nothing
 * @param walkAsQemu "walkAsQemu", default 0: a right is denied before reserved bits are looked at;
 *     a top table outside memory is an invalid context; a large page that touches the interrupt
 *     range is blocked as a whole, and reads of that range are not; a unit with scalable mode
 *     takes SNP without snoop control; PASID entries are taken however
 *     their reserved bits are, first-stage ones as second-stage
 * @param registersAsQemu "registersAsQemu", default 0: an invalidation by register while the queue
 *     is enabled stays pending; a pending fault interrupt ends by a write of the status alone; CFI
 *     has no status, and messages of compatibility format pass; no fault of a message is recorded,
 *     no remapping entry cached; the queue address reads back as it is in use; of TTM only bit 10
 *     counts, and only in a unit that has scalable mode; the queue takes its base when it is
 *     enabled, is disabled only when idle after a wait, does not go
 *     on when IQE is cleared, leaves a tail inside a descriptor alone, knows no types 8 and 9; a
 *     wait writes its status or else interrupts, and must do one of them
 * @param protectTranslated "protectTranslated", default 0: protected memory regions also block what
 *     page tables send there; the manual says that hardware may or may not
 * @param protectedMemoryAlignment "protectedMemoryAlignment", default 21, 12 to 31: base-2
 *     logarithm of the alignment of protected memory regions
 * @param snoopsAlways "snoopsAlways", default {@code walkAsQemu}: the unit sees what processors
 *     wrote at once, whatever ECAP and CAP say; QEMU says that it does not snoop, and does
 * @param front "front", default 1: requests try caches of the fast path first, which are no
 *     part of the model; 0 for tests that there is no difference
 * @param contextCacheEntries "contextCacheEntries", default 256; the PASID cache has as many
 * @param iotlbEntries "iotlbEntries", default 1024
 * @param structureCacheEntries "structureCacheEntries", default 1024, with {@code cacheAsQemu} 0:
 *     tables of each level that the paging-structure caches hold, a power of two, or 0 for none
 * @param lockedWriteLimit "lockedWriteLimit", default none: physical address from which on memory
 *     takes no locked writes, so that accessed and dirty bits cannot be set there (91h)
 * @param deviceTlbTimeoutMillis "deviceTlbTimeoutMillis", default 60000: after so long a device TLB
 *     that has not answered an invalidation request is given up; the PCI Express specification has
 *     devices answer within a minute
 * @param hostAddressWidth "hostAddressWidth", default 52: address bits above it are reserved in
 *     every entry; the DMAR table gives the platform's
 */
public record UnitSettings(boolean scalableLegacyReasons, boolean flushOnSetRootPointer,
        boolean flushOnTranslationToggle, boolean collapseFaults,
        boolean advancedPendingAtAnyRecord, boolean advancedLogWraps, boolean qemuRecordPasid,
        boolean deviceInvalidationByDomain, boolean contextInvalidationDropsPasids,
        boolean cacheAsQemu, boolean walkAsQemu, boolean registersAsQemu,
        boolean protectTranslated, int protectedMemoryAlignment,
        boolean snoopsAlways, boolean front,
        int contextCacheEntries, int iotlbEntries, int structureCacheEntries,
        long lockedWriteLimit, int deviceTlbTimeoutMillis, int hostAddressWidth) {

    /** Least entries of a cache, one set of ways. */
    private static final int LEAST_ENTRIES = 4;

    /** The names of all settings. */
    static final Set<String> KNOWN = Collections.unmodifiableSet(new TreeSet<>(Set.of(
            "scalableLegacyReasons", "flushOnSetRootPointer", "flushOnTranslationToggle",
            "collapseFaults", "advancedPendingAtAnyRecord", "advancedLogWraps",
            "qemuRecordPasid", "deviceInvalidationByDomain", "contextInvalidationDropsPasids",
            "cacheAsQemu", "walkAsQemu", "registersAsQemu", "protectTranslated",
            "protectedMemoryAlignment", "snoopsAlways", "front", "contextCacheEntries",
            "iotlbEntries", "structureCacheEntries", "lockedWriteLimit",
            "deviceTlbTimeoutMillis", "hostAddressWidth")));

    /**
     * Reads the settings of a profile.
     *
     * @throws IllegalArgumentException if one is unknown or out of range
     */
    static UnitSettings of(UnitProfile profile, long cap, long ecap) {
        for (String key : profile.settings().keySet()) {
            if (!KNOWN.contains(key)) {
                throw new IllegalArgumentException(
                        "unknown setting '" + key + "' of a vtd unit; known: " + KNOWN);
            }
        }
        return new UnitSettings(flag(profile, "scalableLegacyReasons", false),
                flag(profile, "flushOnSetRootPointer", Capability.ESRTPS.isSet(cap)),
                flag(profile, "flushOnTranslationToggle", false),
                flag(profile, "collapseFaults", false),
                flag(profile, "advancedPendingAtAnyRecord", false),
                flag(profile, "advancedLogWraps", false),
                flag(profile, "qemuRecordPasid", false),
                flag(profile, "deviceInvalidationByDomain", false),
                flag(profile, "contextInvalidationDropsPasids", true),
                flag(profile, "cacheAsQemu", false), flag(profile, "walkAsQemu", false),
                flag(profile, "registersAsQemu", false),
                flag(profile, "protectTranslated", false),
                between(profile, "protectedMemoryAlignment", 21, 12, 31),
                flag(profile, "snoopsAlways", flag(profile, "walkAsQemu", false)),
                flag(profile, "front", true),
                powerOfTwo(profile, "contextCacheEntries", LEAST_ENTRIES, 256),
                powerOfTwo(profile, "iotlbEntries", LEAST_ENTRIES, 1024),
                powerOfTwo(profile, "structureCacheEntries", 0,
                        flag(profile, "cacheAsQemu", false) ? 0 : 1024),
                profile.setting("lockedWriteLimit", -1),
                between(profile, "deviceTlbTimeoutMillis", 60_000, 1, 1 << 30),
                between(profile, "hostAddressWidth", 52, 32, 52));
    }

    private static boolean flag(UnitProfile profile, String key, boolean otherwise) {
        return between(profile, key, otherwise ? 1 : 0, 0, 1) == 1;
    }

    private static int powerOfTwo(UnitProfile profile, String key, int least, int otherwise) {
        int value = between(profile, key, otherwise, least, 1 << 16);
        if (Integer.bitCount(value) > 1) {
            throw new IllegalArgumentException(key + " = " + value + ", not a power of two");
        }
        return value;
    }

    private static int between(UnitProfile profile, String key, int otherwise, int low, int high) {
        long value = profile.setting(key, otherwise);
        if (value < low || value > high) {
            throw new IllegalArgumentException(
                    key + " = " + value + ", not " + low + " to " + high);
        }
        return (int) value;
    }
}
