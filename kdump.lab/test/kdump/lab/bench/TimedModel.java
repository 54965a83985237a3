// SPDX-License-Identifier: Apache-2.0
package kdump.lab.bench;

import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DriverPort;
import kdump.lab.engine.machine.DelegatingModel;

/** A model whose drivers' work in the first kernel is timed. One thread. */
final class TimedModel extends DelegatingModel {

    /** Nanoseconds that drivers of all such models have worked. */
    static long driverNanos;

    TimedModel(DeviceModel model) {
        super(model);
    }

    @Override
    protected DeviceDriver driver(DeviceDriver driver, DriverPort port) {
        return new Driver(driver) {
            @Override
            public long service() {
                long began = System.nanoTime();
                long next = super.service();
                driverNanos += System.nanoTime() - began;
                return next;
            }
        };
    }
}
