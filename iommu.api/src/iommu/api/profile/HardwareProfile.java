// SPDX-License-Identifier: Apache-2.0
package iommu.api.profile;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * What is known of one kind of remapping unit, to be laid over a machine's own.
 *
 * @param registers 32-bit words by offset that tell what the unit can do; empty where the machine's
 *     own count
 * @param settings behaviour by name; what is not named stays as the machine's files say
 */
public record HardwareProfile(Map<Integer, Integer> registers, Map<String, Long> settings) {

    /** Copies the maps. */
    public HardwareProfile {
        registers = Collections.unmodifiableMap(new TreeMap<>(registers));
        settings = Collections.unmodifiableMap(new TreeMap<>(settings));
    }

    /** Makes one that leaves registers as they are. */
    public static HardwareProfile of(Map<String, Long> settings) {
        return new HardwareProfile(Map.of(), settings);
    }

    /** Returns a machine's unit with this laid over it. */
    public UnitProfile over(UnitProfile found) {
        var words = new TreeMap<>(found.registers());
        words.putAll(registers);
        return new UnitProfile(found.vendor(), found.name(), found.registerBase(), words,
                found.settings()).with(settings);
    }
}
