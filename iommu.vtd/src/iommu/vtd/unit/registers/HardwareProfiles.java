// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.registers;

import iommu.api.profile.HardwareProfile;
import iommu.vtd.VtdRegisters;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * The ways of known hardware by name, as settings of a unit. A profile leaves out what belongs to a
 * machine, such as the host address width.
 */
public final class HardwareProfiles {

    /** The unit of the manual: every choice at its default, but what CAP decides. */
    private static final Map<String, Long> SPEC = Map.ofEntries(
            Map.entry("scalableLegacyReasons", 0L), Map.entry("flushOnTranslationToggle", 0L),
            Map.entry("collapseFaults", 0L), Map.entry("qemuRecordPasid", 0L),
            Map.entry("advancedPendingAtAnyRecord", 0L), Map.entry("advancedLogWraps", 0L),
            Map.entry("deviceInvalidationByDomain", 0L),
            Map.entry("contextInvalidationDropsPasids", 1L), Map.entry("cacheAsQemu", 0L),
            Map.entry("walkAsQemu", 0L), Map.entry("registersAsQemu", 0L),
            Map.entry("qemuVersion", 7L), Map.entry("protectTranslated", 0L),
            Map.entry("snoopsAlways", 0L),
            Map.entry("contextCacheEntries", 256L), Map.entry("iotlbEntries", 1024L),
            Map.entry("structureCacheEntries", 1024L));

    /** QEMU 7.2's unit. */
    private static final Map<String, Long> QEMU_7_2 = Map.ofEntries(
            Map.entry("scalableLegacyReasons", 1L), Map.entry("flushOnSetRootPointer", 1L),
            Map.entry("flushOnTranslationToggle", 1L), Map.entry("collapseFaults", 1L),
            Map.entry("qemuRecordPasid", 1L), Map.entry("cacheAsQemu", 1L),
            Map.entry("walkAsQemu", 1L), Map.entry("registersAsQemu", 1L),
            Map.entry("snoopsAlways", 1L), Map.entry("iotlbEntries", 4096L),
            Map.entry("structureCacheEntries", 0L));

    /** QEMU 10's unit: the numbers of scalable mode are the manual's, but for a few. */
    private static final Map<String, Long> QEMU_10 = with(QEMU_7_2, "qemuVersion", 10);

    /** QEMU 11's unit, whose records tell no PASIDs. */
    private static final Map<String, Long> QEMU_11 =
            with(with(QEMU_7_2, "qemuVersion", 11), "qemuRecordPasid", 0);

    /**
     * A unit of an Intel M50FCP server board: version 6.0, four and five levels, first stage,
     * nesting, PASIDs, device TLBs; one fault record. Source: what Linux prints of it at start.
     */
    private static final Map<Integer, Integer> M50FCP =
            words(0x60, 0x19ed_008c_4078_0c66L, 0x0003_ee9e_86f0_50dfL);

    /** Its ECAP tells of PWSNP; tables that a kernel wrote for another unit do not carry it. */
    private static final Map<String, Long> M50FCP_SETTINGS = with(SPEC, "snoopsAlways", 1);

    private HardwareProfiles() { }

    private static Map<String, Long> with(Map<String, Long> settings, String key, long value) {
        var more = new HashMap<>(settings);
        more.put(key, value);
        return more;
    }

    private static Map<Integer, Integer> words(int version, long cap, long ecap) {
        var words = new HashMap<Integer, Integer>();
        words.put(VtdRegisters.VER.offset(), version);
        words.put(VtdRegisters.CAP.offset(), (int) cap);
        words.put(VtdRegisters.CAP.offset() + 4, (int) (cap >>> 32));
        words.put(VtdRegisters.ECAP.offset(), (int) ecap);
        words.put(VtdRegisters.ECAP.offset() + 4, (int) (ecap >>> 32));
        return words;
    }

    /** Returns the profiles by name. */
    public static Map<String, HardwareProfile> named() {
        return Map.of("spec", HardwareProfile.of(SPEC),
                "qemu-7.2", HardwareProfile.of(QEMU_7_2), "qemu-10", HardwareProfile.of(QEMU_10),
                "qemu-11", HardwareProfile.of(QEMU_11),
                "intel-m50fcp", new HardwareProfile(M50FCP, M50FCP_SETTINGS));
    }

    /** Returns the names of all settings of a unit. */
    public static Set<String> settings() {
        return UnitSettings.KNOWN;
    }
}
