// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios.trial;

import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.Workload;

/** A driver of a device that no kernel keeps busy and that has no medium: it only probes. */
@FunctionalInterface
public interface ProbingDriver extends DeviceDriver {

    @Override
    default void start(Workload workload, long seed) { }

    @Override
    default long service() {
        return 0;
    }

    @Override
    default String write(long physicalAddress, int bytes, long position) {
        return "no disk";
    }
}
