// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

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
            Map.entry("deviceInvalidationByDomain", 0L),
            Map.entry("contextInvalidationDropsPasids", 1L), Map.entry("cacheAsQemu", 0L),
            Map.entry("walkAsQemu", 0L), Map.entry("registersAsQemu", 0L),
            Map.entry("protectTranslated", 0L), Map.entry("snoopsAlways", 0L),
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

    private HardwareProfiles() { }

    /** Returns the profiles by name. */
    public static Map<String, Map<String, Long>> named() {
        return Map.of("spec", SPEC, "qemu-7.2", QEMU_7_2);
    }

    /** Returns the names of all settings of a unit. */
    public static Set<String> settings() {
        return UnitSettings.KNOWN;
    }
}
