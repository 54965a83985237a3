// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.RequesterId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.machine.Machine;

/** What a run asks of single devices: checked against what their models know, and told. */
final class DeviceOptions {

    /** What importers find out. */
    private static final Set<String> FOUND = Set.of(DeviceContext.OPENS_INTERFACE,
            DeviceContext.BYTES_PER_SECOND, DeviceContext.READERS,
            DeviceContext.WHOLE_TRANSFERS);

    private DeviceOptions() { }

    /**
     * Checks that each option is one that the device of that function asks for; what an importer
     * has found out about a device, a model that knows nothing of it does without.
     *
     * @throws IllegalArgumentException if there is no such function, or nothing of it takes such an
     *     option
     */
    static void check(Machine machine, RunOptions options) {
        options.deviceOptions().forEach((requester, asked) -> {
            Set<String> known = machine.options(requester);
            Set<String> found = machine.description().runDefaults().deviceOptions()
                    .getOrDefault(requester, Map.of()).keySet();
            if (known == null && !(FOUND.containsAll(asked.keySet())
                    && found.containsAll(asked.keySet()))) {
                throw new IllegalArgumentException(
                        "no device to ask anything of at " + RequesterId.format(requester));
            }
            for (String name : asked.keySet()) {
                if (known != null && !known.contains(name)
                        && !(FOUND.contains(name) && found.contains(name))) {
                    throw new IllegalArgumentException("device option '" + name + "' of "
                            + RequesterId.format(requester) + ", expected one of "
                            + String.join(", ", known));
                }
            }
        });
    }

    /** Returns a sentence for each option. */
    static List<String> remarks(RunOptions options) {
        List<String> remarks = new ArrayList<>();
        options.deviceOptions().forEach((requester, asked) -> asked.forEach((name, value) ->
                remarks.add("device option of " + RequesterId.format(requester) + ": " + name
                        + " = " + value)));
        return remarks;
    }
}
