// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * How the remapping units of a machine behave where manuals leave a choice or hardware differs.
 *
 * @param profile name of a hardware profile, such as "spec" or "qemu-7.2"; null for what the
 *     machine's files say
 * @param settings single settings by name, each beginning with a vendor's name and a dot; they go
 *     before those of the profile
 */
public record HardwareChoice(String profile, Map<String, Long> settings) {

    /** Nothing chosen. */
    public static final HardwareChoice DEFAULT = new HardwareChoice(null, Map.of());

    /** Copies the map. */
    public HardwareChoice {
        settings = Collections.unmodifiableMap(new TreeMap<>(settings));
    }

    /** Returns this, with a profile where none is named; an empty one leaves it open. */
    public HardwareChoice orProfile(String otherwise) {
        return profile != null || otherwise.isEmpty() ? this
                : new HardwareChoice(otherwise, settings);
    }

    @Override
    public String toString() {
        String text = profile == null ? "" : "hardware profile " + profile;
        return settings.isEmpty() ? text
                : text + (text.isEmpty() ? "" : ", ") + "unit settings "
                        + settings.toString().replaceAll("[{}]", "");
    }
}
