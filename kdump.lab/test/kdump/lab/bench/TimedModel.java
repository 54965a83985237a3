// SPDX-License-Identifier: Apache-2.0
package kdump.lab.bench;

import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.Workload;
import java.util.Set;

/** A model whose drivers' work in the first kernel is timed. One thread. */
final class TimedModel implements DeviceModel {

    /** Nanoseconds that drivers of all such models have worked. */
    static long driverNanos;

    private final DeviceModel model;

    TimedModel(DeviceModel model) {
        this.model = model;
    }

    @Override
    public String name() {
        return model.name();
    }

    @Override
    public boolean accepts(FunctionConfig function) {
        return model.accepts(function);
    }

    @Override
    public Set<String> options() {
        return model.options();
    }

    @Override
    public String activity(FunctionConfig function) {
        return model.activity(function);
    }

    @Override
    public boolean worksByItself(FunctionConfig function) {
        return model.worksByItself(function);
    }

    @Override
    public Device device(DeviceContext context) {
        return model.device(context);
    }

    @Override
    public DeviceDriver driver(DriverPort port) {
        DeviceDriver driver = model.driver(port);
        return new DeviceDriver() {
            @Override
            public void start(Workload workload, long seed) {
                driver.start(workload, seed);
            }

            @Override
            public long service() {
                long began = System.nanoTime();
                long next = driver.service();
                driverNanos += System.nanoTime() - began;
                return next;
            }

            @Override
            public void finalFixup() {
                driver.finalFixup();
            }

            @Override
            public String probe() {
                return driver.probe();
            }

            @Override
            public String write(long physicalAddress, int bytes, long position) {
                return driver.write(physicalAddress, bytes, position);
            }

            @Override
            public String shutdown() {
                return driver.shutdown();
            }
        };
    }
}
