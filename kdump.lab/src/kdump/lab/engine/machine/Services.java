// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.FabricFactory;
import iommu.api.unit.IommuVendor;
import iommu.api.unit.RootComplexFactory;
import java.util.List;
import java.util.Map;

/**
 * The services that one run uses, as they were in force when it started. Immutable.
 *
 * @param vendors by name
 * @param models best first
 * @param fabric builds fabrics
 * @param rootComplex builds root complexes
 */
public record Services(Map<String, IommuVendor> vendors, List<DeviceModel> models,
        FabricFactory fabric, RootComplexFactory rootComplex) {

    /**
     * Returns a vendor.
     *
     * @throws IllegalArgumentException if no bundle provides it
     */
    public IommuVendor vendor(String name) {
        IommuVendor vendor = vendors.get(name);
        if (vendor == null) {
            throw new IllegalArgumentException("no bundle provides the IOMMU vendor '" + name
                    + "'; present: " + String.join(", ", vendors.keySet()));
        }
        return vendor;
    }
}
