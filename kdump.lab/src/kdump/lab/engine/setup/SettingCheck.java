// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import iommu.api.profile.KernelProfile;
import iommu.api.unit.IommuVendor;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import kdump.lab.engine.machine.Services;

/** Checks the kernel settings that a user gave against those that bundles know. */
final class SettingCheck {

    private static final int PER_MILLE = 1000;
    private static final int MAX_APIC_ID = 254;

    private final Set<String> known = new TreeSet<>(GenericOptions.SETTINGS);

    SettingCheck(Services services) {
        services.vendors().values().stream().map(IommuVendor::kernelSettings)
                .forEach(known::addAll);
        services.waysToMap().forEach(way -> known.addAll(way.kernelSettings()));
    }

    /**
     * Checks names and values.
     *
     * @throws IllegalArgumentException if nobody knows a name, or a value is out of range
     */
    void check(Map<String, Long> settings) {
        for (String name : settings.keySet()) {
            if (!known.contains(name)) {
                String prefix = name.substring(0, name.indexOf('.') + 1);
                List<String> alike = known.stream()
                        .filter(other -> !prefix.isEmpty() && other.startsWith(prefix)).toList();
                throw new IllegalArgumentException("unknown kernel setting '" + name
                        + "', expected one of " + String.join(", ",
                                alike.isEmpty() ? known : alike));
            }
        }
        long failures = settings.getOrDefault(KernelProfile.CRASH_FAILURES, 0L);
        if (failures < 0 || failures > PER_MILLE) {
            throw new IllegalArgumentException("kernel setting '" + KernelProfile.CRASH_FAILURES
                    + "' is " + failures + ", expected 0 to " + PER_MILLE);
        }
        long processor = settings.getOrDefault(KernelProfile.CRASH_PROCESSOR, -1L);
        if (processor < -1 || processor > MAX_APIC_ID) {
            throw new IllegalArgumentException("kernel setting '" + KernelProfile.CRASH_PROCESSOR
                    + "' is " + processor + ", expected -1 to " + MAX_APIC_ID);
        }
    }
}
