// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.run;

import iommu.api.pcie.DeviceDriver;
import iommu.api.sim.EventQueue;
import iommu.api.unit.DmaMappingException;
import kdump.lab.engine.kernel.Kernel;

/**
 * Calls a driver again and again, as long as its kernel runs.
 *
 * @param kernel whose driver it is
 * @param queue the machine's clock
 * @param driver of one device
 */
record DriverService(Kernel kernel, EventQueue queue, DeviceDriver driver) implements Runnable {

    @Override
    public void run() {
        long again = kernel.isStopped() ? 0 : again();
        if (again > 0) {
            queue.schedule(again, this);
        }
    }

    /** A driver that cannot map any more posts nothing any more. */
    private long again() {
        try {
            return driver.service();
        } catch (DmaMappingException e) {
            return 0;
        }
    }
}
