// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import iommu.api.kdump.KernelHandover;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.FabricFactory;
import iommu.api.unit.DmaOpsFactory;
import iommu.api.unit.InterruptControllers;
import iommu.api.unit.IommuVendor;
import iommu.api.unit.RootComplexFactory;
import java.util.List;
import java.util.Map;

/**
 * The services that one run uses, as they were in force when it started. Immutable; that a bundle
 * has gone since, {@link #presence} tells.
 *
 * @param vendors by name
 * @param models best first
 * @param fabric builds fabrics; null if no bundle does
 * @param rootComplex builds root complexes; null if no bundle does
 * @param handovers what kernels do by themselves, by vendor of the units
 * @param waysToMap what kernels may have where no unit translates, best first
 * @param interruptControllers what inputs lead to; null if no bundle has any
 * @param presence of all of these
 */
public record Services(Map<String, IommuVendor> vendors, List<DeviceModel> models,
        FabricFactory fabric, RootComplexFactory rootComplex,
        Map<String, KernelHandover> handovers, List<DmaOpsFactory> waysToMap,
        InterruptControllers interruptControllers, Presence presence) {

    /** Makes one whose services stay for ever. */
    public Services(Map<String, IommuVendor> vendors, List<DeviceModel> models,
            FabricFactory fabric, RootComplexFactory rootComplex,
            Map<String, KernelHandover> handovers, List<DmaOpsFactory> waysToMap) {
        this(vendors, models, fabric, rootComplex, handovers, waysToMap, null,
                Presence.FOREVER);
    }

    /** Makes one in which memory is reached as it is where no unit translates. */
    public Services(Map<String, IommuVendor> vendors, List<DeviceModel> models,
            FabricFactory fabric, RootComplexFactory rootComplex,
            Map<String, KernelHandover> handovers) {
        this(vendors, models, fabric, rootComplex, handovers, List.of());
    }

    /** Makes one in which no kernel does anything with units by itself. */
    public Services(Map<String, IommuVendor> vendors, List<DeviceModel> models,
            FabricFactory fabric, RootComplexFactory rootComplex) {
        this(vendors, models, fabric, rootComplex, Map.of());
    }

    /** Returns these with other models of devices. */
    public Services withModels(List<DeviceModel> others) {
        return new Services(vendors, others, fabric, rootComplex, handovers, waysToMap,
                interruptControllers, presence);
    }

    /** Returns these with other ways to map where no unit translates. */
    public Services withWaysToMap(List<DmaOpsFactory> others) {
        return new Services(vendors, models, fabric, rootComplex, handovers, others,
                interruptControllers, presence);
    }

    /** Returns these with other interrupt controllers; null for none. */
    public Services withInterruptControllers(InterruptControllers others) {
        return new Services(vendors, models, fabric, rootComplex, handovers, waysToMap, others,
                presence);
    }

    /**
     * Returns what builds fabrics.
     *
     * @throws IllegalArgumentException if no bundle does
     */
    @Override
    public FabricFactory fabric() {
        return present(fabric, "a PCI Express fabric");
    }

    /**
     * Returns what builds root complexes.
     *
     * @throws IllegalArgumentException if no bundle does
     */
    @Override
    public RootComplexFactory rootComplex() {
        return present(rootComplex, "a root complex");
    }

    private static <T> T present(T service, String what) {
        if (service == null) {
            throw new IllegalArgumentException("no bundle provides " + what);
        }
        return service;
    }

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
