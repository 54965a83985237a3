// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.pcie.Device;
import iommu.api.pcie.PciFunction;
import java.util.Arrays;
import java.util.List;

/** What the host bridge knows of each function that can make requests. One thread. */
final class Origins {

    /** One function. */
    static final class Origin {
        final Device device;
        final int unit;
        private int resetsAtCrash = -1;
        /** Whether the request that the device works on has read other bytes than were meant. */
        boolean wrongRequest;

        private Origin(Device device, int unit) {
            this.device = device;
            this.unit = unit;
        }

        /** Returns whether what the device does now was posted before the crash. */
        boolean isOfBeforeCrash() {
            return device.resets() == resetsAtCrash;
        }
    }

    private final int[] requesters;
    private final Origin[] origins;

    Origins(List<PciFunction> functions, Hardware hardware) {
        requesters = functions.stream().mapToInt(PciFunction::requesterId).sorted().toArray();
        origins = new Origin[requesters.length];
        for (PciFunction function : functions) {
            int id = function.requesterId();
            origins[Arrays.binarySearch(requesters, id)] = new Origin(hardware.device(id),
                    hardware.description().unitOf(function.alias()));
        }
    }

    /** Returns the origin of a function that has a device. */
    Origin of(int requester) {
        return origins[Arrays.binarySearch(requesters, requester)];
    }

    void crash() {
        for (Origin origin : origins) {
            origin.resetsAtCrash = origin.device.resets();
        }
    }
}
