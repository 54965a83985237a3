// SPDX-License-Identifier: Apache-2.0
package iommu.api.profile;

import java.util.Map;
import java.util.TreeMap;

/**
 * What one remapping unit is: its vendor, where its registers lie, what they hold, and how it
 * behaves where manuals leave a choice or hardware differs.
 *
 * @param vendor name of the vendor, such as "vtd"
 * @param name of the profile, such as "spec" or the capture's name
 * @param registerBase physical address of the registers
 * @param registers 32-bit words by offset, as read from the hardware; capabilities are taken from
 *     here; empty for the vendor's defaults
 * @param settings behaviour by name; each vendor documents the names it knows and refuses others
 */
public record UnitProfile(String vendor, String name, long registerBase,
        Map<Integer, Integer> registers, Map<String, Long> settings) {

    /** Copies the maps. */
    public UnitProfile {
        registers = java.util.Collections.unmodifiableMap(new TreeMap<>(registers));
        settings = java.util.Collections.unmodifiableMap(new TreeMap<>(settings));
    }

    /** Returns the setting {@code key}, or {@code otherwise} if it is not set. */
    public long setting(String key, long otherwise) {
        return settings.getOrDefault(key, otherwise);
    }

    /** Returns this profile with one setting more, or another value for it. */
    public UnitProfile with(String key, long value) {
        return with(Map.of(key, value));
    }

    /** Returns this profile with more settings, or other values for them. */
    public UnitProfile with(Map<String, Long> others) {
        var more = new TreeMap<>(settings);
        more.putAll(others);
        return new UnitProfile(vendor, name, registerBase, registers, more);
    }
}
