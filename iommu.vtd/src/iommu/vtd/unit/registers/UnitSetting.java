// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.registers;

import iommu.api.profile.UnitProfile;

/**
 * The settings of a unit where the manual leaves a choice or QEMU makes another: the one table of
 * them, which {@link UnitSettings}, refusals and docs/units.md share. Flags are 0 or 1.
 */
public enum UnitSetting {

    /** The DMAR table gives the platform's. */
    HOST_ADDRESS_WIDTH("hostAddressWidth", 52, 32, 52,
            "DMAR, or 52", "address bits above it are reserved in every entry; 32 to 52"),
    CONTEXT_CACHE_ENTRIES("contextCacheEntries", 256, 4, 1 << 16,
            "size of the context cache, and of the PASID cache; a power of two"),
    IOTLB_ENTRIES("iotlbEntries", 1024, 4, 1 << 16,
            "size of the IOTLB"),
    /** A power of two, or 0; by default 0 with {@link #CACHE_AS_QEMU}. */
    STRUCTURE_CACHE_ENTRIES("structureCacheEntries", 1024, 0, 1 << 16,
            "tables of each level that paging-structure caches hold; 0 for none"),
    /**
     * Set Root Table Pointer invalidates all caches of translations; some parts do without saying
     * so in CAP.
     */
    FLUSH_ON_SET_ROOT_POINTER("flushOnSetRootPointer", 0, 0, 1,
            "CAP.ESRTPS", "Set Root Table Pointer drops all caches; some parts do so without "
                    + "saying it"),
    /**
     * Switching translation on or off invalidates them too; the manual leaves it to software, for
     * tests only.
     */
    FLUSH_ON_TRANSLATION_TOGGLE("flushOnTranslationToggle", 0, 0, 1,
            "so does switching translation on or off"),
    /**
     * A device-selective context-cache invalidation spares entries of another domain id than the
     * one it names; whether hardware compares it is uncertain, QEMU 7.2 does not.
     */
    DEVICE_INVALIDATION_BY_DOMAIN("deviceInvalidationByDomain", 0, 0, 1,
            "a device-selective context-cache invalidation spares entries of another "
                    + "domain id (uncertain)"),
    /**
     * What drops the context entry of a source from its cache drops the PASID entries reached
     * through it as well; with 0 they stay until a PASID-cache invalidation, which the manual
     * asks software for (Linux before 6.11 does without when it takes over copied tables, and
     * works on hardware).
     */
    CONTEXT_INVALIDATION_DROPS_PASIDS("contextInvalidationDropsPasids", 1, 0, 1,
            "with a context entry go the PASID entries reached through it; 0 is the "
                    + "strict manual (uncertain)"),
    /**
     * A fault of a source that has a pending record is dropped without overflow; the manual
     * allows it, QEMU 7.2 does it.
     */
    COLLAPSE_FAULTS("collapseFaults", 0, 0, 1,
            "further faults of a source that has a record pending are dropped without "
                    + "overflow; the manual allows it"),
    /**
     * Any record written to the fault log in memory sets APF, not only the first of the log, as
     * the datasheets say.
     */
    ADVANCED_PENDING_AT_ANY_RECORD("advancedPendingAtAnyRecord", 0, 0, 1,
            "with advanced fault logging any record sets APF, not only the log's first "
                    + "(uncertain)"),
    /**
     * Behind its last record the fault log in memory goes on at the first, and is full where F is
     * still set; else it is full there.
     */
    ADVANCED_LOG_WRAPS("advancedLogWraps", 0, 0, 1,
            "the fault log in memory goes on at its first record instead of being full "
                    + "at its end (uncertain)"),
    /**
     * Protected memory regions also block what page tables send there; the manual says that
     * hardware may or may not.
     */
    PROTECT_TRANSLATED("protectTranslated", 0, 0, 1,
            "protected memory regions also block what page tables send there "
                    + "(uncertain)"),
    PROTECTED_MEMORY_ALIGNMENT("protectedMemoryAlignment", 21, 12, 31,
            "base-2 logarithm of their alignment; 12 to 31"),
    /** As {@link #WALK_AS_QEMU} by default: QEMU says that it does not snoop, and does. */
    SNOOPS_ALWAYS("snoopsAlways", 0, 0, 1,
            "the unit sees unflushed writes of processors whatever ECAP.C says"),
    /**
     * Physical address from which on memory takes no locked writes, so that accessed and dirty
     * bits cannot be set there (91h).
     */
    LOCKED_WRITE_LIMIT("lockedWriteLimit", -1, Long.MIN_VALUE, Long.MAX_VALUE,
            "none", "address from which on memory takes no locked writes: 91h"),
    /**
     * After so long a device TLB that has not answered an invalidation request is given up; the
     * PCI Express specification has devices answer within a minute.
     */
    DEVICE_TLB_TIMEOUT_MILLIS("deviceTlbTimeoutMillis", 60000, 1, 1 << 30,
            "a device TLB that has not answered for so long is given up (ITE)"),
    /** How the root complex completes a blocked read. */
    BLOCKED_READ_ABORTS("blockedReadAborts", 0, 0, 2,
            "how a blocked read is completed: 0 UR, 1 CA, 2 not at all (uncertain)"),
    /** Number of an {@link iommu.api.unit.BlockedRequests.WriteReport}. */
    BLOCKED_WRITE_REPORT("blockedWriteReport", 0, 0, 2,
            "who hears of a blocked posted write: 0 nobody, 1 the root port (AER), "
                    + "2 firmware, as a fatal error"),
    /**
     * Scalable mode reports the legacy numbers, and 58h for every problem of PASID directory and
     * entry, as QEMU 7.2 does.
     */
    SCALABLE_LEGACY_REASONS("scalableLegacyReasons", 0, 0, 1,
            "QEMU: scalable mode reports the fault reasons of legacy mode"),
    /**
     * A record's PASID is 0xffff in legacy mode, and RID_PASID marked present in scalable mode,
     * as QEMU 7.2 writes it.
     */
    QEMU_RECORD_PASID("qemuRecordPasid", 0, 0, 1,
            "QEMU: fault records carry a PASID where there is none"),
    /**
     * Requests go the way of {@code QemuTranslator}, a domain's context-cache invalidation is
     * global, invalidations by PASID do nothing.
     */
    CACHE_AS_QEMU("cacheAsQemu", 0, 0, 1,
            "QEMU: IOTLB by source id, asked before the context; PASID entries not "
                    + "cached"),
    /**
     * A right is denied before reserved bits are looked at; a top table outside memory is an
     * invalid context; a large page that touches the interrupt range is blocked as a whole, and
     * reads of that range are not; a unit with scalable mode takes SNP without snoop control;
     * PASID entries are taken however their reserved bits are, first-stage ones as second-stage.
     */
    WALK_AS_QEMU("walkAsQemu", 0, 0, 1,
            "QEMU: order and extent of the checks of entries"),
    /**
     * An invalidation by register while the queue is enabled stays pending; a pending fault
     * interrupt ends by a write of the status alone; CFI has no status, and messages of
     * compatibility format pass; no fault of a message is recorded, no remapping entry cached;
     * the queue address reads back as it is in use; of TTM only bit 10 counts, and only in a unit
     * that has scalable mode; the queue takes its base when it is enabled, is disabled only when
     * idle after a wait, does not go on when IQE is cleared, leaves a tail inside a descriptor
     * alone, knows no types 8 and 9; a wait writes its status or else interrupts, and must do one
     * of them.
     */
    REGISTERS_AS_QEMU("registersAsQemu", 0, 0, 1,
            "QEMU: side effects of registers and of the queue"),
    /** Major version. 7 is 7.2; other than 7, 10 and 11 nothing was measured. */
    QEMU_VERSION("qemuVersion", 7, 7, 11,
            "QEMU: which version's ways the five settings above are; 7, 10 or 11"),
    /**
     * Requests try caches of the fast path first, which are no part of the model; 0 for tests
     * that there is no difference.
     */
    FRONT("front", 1, 0, 1,
            "the fast way before the modelled caches, which changes no answer");

    private final String key;
    private final long otherwise;
    private final long least;
    private final long most;
    private final String told;
    private final String sentence;

    UnitSetting(String key, long otherwise, long least, long most, String sentence) {
        this(key, otherwise, least, most, Long.toString(otherwise), sentence);
    }

    /** @param told the default as people are told it, where it is not one number */
    UnitSetting(String key, long otherwise, long least, long most, String told,
            String sentence) {
        this.key = key;
        this.otherwise = otherwise;
        this.least = least;
        this.most = most;
        this.told = told;
        this.sentence = sentence;
    }

    /** Returns its name in profiles and commands, without the vendor's. */
    public String key() {
        return key;
    }

    /** Returns its row in docs/units.md: name, default, and what it does. */
    public String row() {
        return "| `vtd." + key + "` | " + told + " | " + sentence + " |";
    }

    /** Returns its value in a profile, or its default. */
    long of(UnitProfile profile) {
        return of(profile, otherwise);
    }

    /**
     * Returns its value in a profile, or another default than its own.
     *
     * @throws IllegalArgumentException if the value is out of range
     */
    long of(UnitProfile profile, long instead) {
        long value = profile.setting(key, instead);
        if (value < least || value > most) {
            throw refusal(value, least + " to " + most);
        }
        return value;
    }

    /**
     * Returns its value in a profile, or a default.
     *
     * @throws IllegalArgumentException if the value is out of range, or no power of two nor 0
     */
    int powerOfTwo(UnitProfile profile, long instead) {
        long value = of(profile, instead);
        if (Long.bitCount(value) > 1) {
            throw refusal(value, "a power of two");
        }
        return (int) value;
    }

    /** Returns its value in a profile, or its default, as the method above does. */
    int powerOfTwo(UnitProfile profile) {
        return powerOfTwo(profile, otherwise);
    }

    private IllegalArgumentException refusal(long value, String wanted) {
        return new IllegalArgumentException(key + " = " + value + ", not " + wanted);
    }
}
