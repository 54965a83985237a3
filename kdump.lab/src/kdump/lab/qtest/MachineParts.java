// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.FabricFactory;
import iommu.api.unit.InterruptControllers;
import iommu.api.unit.IommuVendor;
import java.util.Collection;
import java.util.HashMap;
import java.util.function.Function;
import kdump.lab.api.LabException;
import kdump.lab.qtest.machine.Machine;
import kdump.lab.qtest.options.MachineOptions;

/**
 * What machines are made of.
 *
 * @param fabric builds fabrics; null if no bundle does
 * @param vendors of units, best first
 * @param models of devices, best first
 * @param controllers that pins lead to; null if no bundle has any
 */
public record MachineParts(FabricFactory fabric, Collection<IommuVendor> vendors,
        Collection<DeviceModel> models, InterruptControllers controllers) {

    /**
     * Returns a machine that waits for its first command.
     *
     * @throws LabException if no bundle provides what it needs
     */
    public Protocol protocol(MachineOptions options) throws LabException {
        return new Protocol(machine(options));
    }

    /** Returns a machine as after reset. */
    Machine machine(MachineOptions options) throws LabException {
        if (fabric == null) {
            throw new LabException("no bundle provides a PCI Express fabric");
        }
        IommuVendor vendor = options.unit() == null ? null
                : named(vendors, IommuVendor::name, options.unit().profile().vendor(),
                        "IOMMU vendor");
        var named = new HashMap<String, DeviceModel>();
        for (String model : options.models()) {
            named.put(model, named(models, DeviceModel::name, model, "device model"));
        }
        return new Machine(options, vendor, fabric, named, controllers);
    }

    private static <T> T named(Collection<T> services, Function<T, String> name, String wanted,
            String kind) throws LabException {
        return services.stream().filter(s -> name.apply(s).equals(wanted)).findFirst()
                .orElseThrow(() -> new LabException(
                        "no bundle provides the " + kind + " '" + wanted + "'"));
    }
}
