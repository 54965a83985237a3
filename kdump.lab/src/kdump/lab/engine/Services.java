// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.FabricFactory;
import iommu.api.pcie.FunctionConfig;
import iommu.api.unit.IommuVendor;
import java.util.List;
import java.util.Map;

/**
 * The services that one run uses, as they were in force when it started. Immutable.
 *
 * @param vendors by name
 * @param models best first
 * @param fabric builds fabrics
 */
record Services(Map<String, IommuVendor> vendors, List<DeviceModel> models, FabricFactory fabric) {

    /**
     * Returns a vendor.
     *
     * @throws IllegalArgumentException if no bundle provides it
     */
    IommuVendor vendor(String name) {
        IommuVendor vendor = vendors.get(name);
        if (vendor == null) {
            throw new IllegalArgumentException("no bundle provides the IOMMU vendor '" + name
                    + "'; present: " + String.join(", ", vendors.keySet()));
        }
        return vendor;
    }

    /** Makes and keeps the device behind a function; null if no model accepts it. */
    Device device(FunctionConfig config, EngineContext context, Map<Integer, DeviceSeat> seats) {
        for (DeviceModel model : models) {
            if (model.accepts(config)) {
                Device device = model.device(context);
                seats.put(config.requesterId(), new DeviceSeat(model, device, context));
                return device;
            }
        }
        return null;
    }

    /**
     * A device in its place.
     *
     * @param model that made it
     * @param device itself
     * @param context what it has of the machine
     */
    record DeviceSeat(DeviceModel model, Device device, EngineContext context) {

        /** Makes a driver for this device. */
        DeviceDriver driver(DriverPort port) {
            return model.driver(port);
        }
    }
}
