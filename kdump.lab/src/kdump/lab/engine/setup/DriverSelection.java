// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import iommu.api.pcie.RequesterId;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import kdump.lab.api.CaptureDrivers;
import kdump.lab.engine.machine.Machine;

/** Works out which devices the capture kernel has drivers for. */
final class DriverSelection {

    private DriverSelection() { }

    /**
     * Returns the functions that have a driver; null for all of them.
     *
     * @throws IllegalArgumentException if one is named that has no device
     */
    static Set<Integer> of(Machine machine, CaptureDrivers choice, List<String> assumptions) {
        Set<Integer> chosen = switch (choice.kind()) {
            case AS_FOUND -> machine.description().captureDrivers();
            case ALL -> null;
            case DUMP_TARGET -> machine.dumpTarget(null) < 0 ? Set.of()
                    : Set.of(machine.dumpTarget(null));
            case NAMED -> checked(machine, choice.requesters());
        };
        if (chosen != null && choice.kind() != CaptureDrivers.Kind.AS_FOUND) {
            assumptions.add("the capture kernel has drivers for "
                    + (chosen.isEmpty() ? "no device" : new TreeSet<>(chosen).stream()
                            .map(RequesterId::format).collect(Collectors.joining(", ")) + " only")
                    + "; all other devices go on with what they were doing");
        }
        return chosen;
    }

    private static Set<Integer> checked(Machine machine, Set<Integer> named) {
        for (int requester : named) {
            if (machine.slot(requester) == null) {
                throw new IllegalArgumentException("no device for a driver at "
                        + RequesterId.format(requester));
            }
        }
        return named;
    }
}
