// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.Workload;
import java.util.Set;

/** A model that does what another one does, but for the driver that a subclass makes of its. */
public abstract class DelegatingModel implements DeviceModel {

    private final DeviceModel model;

    protected DelegatingModel(DeviceModel model) {
        this.model = model;
    }

    /** A driver that does what another one does, but for what a subclass says. */
    protected static class Driver implements DeviceDriver {

        private final DeviceDriver driver;

        protected Driver(DeviceDriver driver) {
            this.driver = driver;
        }

        @Override
        public void start(Workload workload, long seed) {
            driver.start(workload, seed);
        }

        @Override
        public long service() {
            return driver.service();
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
    }

    /** Returns the driver that this model has in place of the other's. */
    protected abstract DeviceDriver driver(DeviceDriver driver, DriverPort port);

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
    public final DeviceDriver driver(DriverPort port) {
        return driver(model.driver(port), port);
    }
}
