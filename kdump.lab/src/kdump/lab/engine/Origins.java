// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.pcie.Device;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import java.util.ArrayList;
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
        /** Requests since the crash that the device had translated itself. */
        long translatedRequests;
        /** How many of them the unit blocked. */
        long translatedBlocked;

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

    /** Returns what each function sent that it had translated itself, a sentence each. */
    List<String> translatedRequests() {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < requesters.length; i++) {
            if (origins[i].translatedRequests > 0) {
                lines.add(RequesterId.format(requesters[i]) + " sent "
                        + origins[i].translatedRequests + " translated requests, "
                        + origins[i].translatedBlocked + " of them blocked");
            }
        }
        return lines;
    }

    void crash() {
        for (Origin origin : origins) {
            origin.resetsAtCrash = origin.device.resets();
        }
    }
}
