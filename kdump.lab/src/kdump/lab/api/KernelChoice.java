// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

import iommu.api.profile.KernelVersion;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which kernels run.
 *
 * @param first version of the kernel that crashes; null for the one that the machine's dump names,
 *     or 6.1 if it names none
 * @param capture version of the capture kernel; null for that of the first
 * @param settings single ways of both kernels' code that differ from their versions', by name
 */
public record KernelChoice(KernelVersion first, KernelVersion capture,
        Map<String, Long> settings) {

    /** The oldest version that can be chosen: the first with code for a remapping unit. */
    public static final KernelVersion OLDEST = new KernelVersion(2, 6, 24);

    /** Nothing chosen. */
    public static final KernelChoice DEFAULT = new KernelChoice(null, null, Map.of());

    /** Checks the versions and copies the map. */
    public KernelChoice {
        check(first);
        check(capture);
        settings = Collections.unmodifiableMap(new TreeMap<>(settings));
    }

    private static void check(KernelVersion version) {
        if (version != null && version.compareTo(OLDEST) < 0) {
            throw new IllegalArgumentException(
                    "kernel " + version + ", expected " + OLDEST + " or later");
        }
    }
}
