// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.KernelHandover;
import iommu.api.machine.FirmwareTableReader;
import iommu.api.machine.MachineImporter;
import iommu.api.machine.MachineWriter;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.FabricFactory;
import iommu.api.unit.DmaOpsFactory;
import iommu.api.unit.IommuVendor;
import iommu.api.unit.RootComplexFactory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import kdump.lab.api.LabException;
import kdump.lab.engine.machine.Services;
import org.osgi.framework.Bundle;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.Version;
import org.osgi.service.component.ComponentServiceObjects;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/**
 * The whiteboards: policies, vendors, device models and importers as they come and go. Thread-safe.
 */
@Component(service = Registry.class)
public final class Registry {

    private final FabricFactory fabric;
    private final RootComplexFactory rootComplex;
    private final Map<ServiceReference<HandoverPolicy>, PolicyHandle> policies =
            new ConcurrentHashMap<>();
    private final Map<String, IommuVendor> vendors = new ConcurrentHashMap<>();
    private final Map<String, KernelHandover> handovers = new ConcurrentHashMap<>();
    private final Map<ServiceReference<DeviceModel>, DeviceModel> models =
            new ConcurrentSkipListMap<>(Comparator.reverseOrder());
    private final Map<ServiceReference<DmaOpsFactory>, DmaOpsFactory> waysToMap =
            new ConcurrentSkipListMap<>(Comparator.reverseOrder());
    private final Map<ServiceReference<MachineImporter>, MachineImporter> importers =
            new ConcurrentSkipListMap<>(Comparator.reverseOrder());
    private final Map<ServiceReference<FirmwareTableReader>, FirmwareTableReader> tables =
            new ConcurrentSkipListMap<>(Comparator.reverseOrder());
    private final Map<ServiceReference<MachineWriter>, MachineWriter> writers =
            new ConcurrentSkipListMap<>(Comparator.reverseOrder());

    /** Makes the registry; fabric and root complex are those that are best when it starts. */
    @Activate
    public Registry(@Reference(policyOption = ReferencePolicyOption.GREEDY) FabricFactory fabric,
            @Reference(policyOption = ReferencePolicyOption.GREEDY)
            RootComplexFactory rootComplex) {
        this.fabric = fabric;
        this.rootComplex = rootComplex;
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addPolicy(ComponentServiceObjects<HandoverPolicy> policy) {
        policies.put(policy.getServiceReference(), new PolicyHandle(policy));
    }

    void removePolicy(ServiceReference<HandoverPolicy> policy) {
        policies.remove(policy);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addVendor(IommuVendor vendor) {
        vendors.put(vendor.name(), vendor);
    }

    void removeVendor(IommuVendor vendor) {
        vendors.remove(vendor.name(), vendor);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addHandover(KernelHandover handover) {
        handovers.put(handover.vendor(), handover);
    }

    void removeHandover(KernelHandover handover) {
        handovers.remove(handover.vendor(), handover);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addModel(ServiceReference<DeviceModel> reference, DeviceModel model) {
        models.put(reference, model);
    }

    void removeModel(ServiceReference<DeviceModel> reference) {
        models.remove(reference);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addWayToMap(ServiceReference<DmaOpsFactory> reference, DmaOpsFactory factory) {
        waysToMap.put(reference, factory);
    }

    void removeWayToMap(ServiceReference<DmaOpsFactory> reference) {
        waysToMap.remove(reference);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addImporter(ServiceReference<MachineImporter> reference, MachineImporter importer) {
        importers.put(reference, importer);
    }

    void removeImporter(ServiceReference<MachineImporter> reference) {
        importers.remove(reference);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addWriter(ServiceReference<MachineWriter> reference, MachineWriter writer) {
        writers.put(reference, writer);
    }

    void removeWriter(ServiceReference<MachineWriter> reference) {
        writers.remove(reference);
    }

    /** Returns the writers of machine files, best first. */
    List<MachineWriter> writers() {
        return List.copyOf(writers.values());
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addTables(ServiceReference<FirmwareTableReader> reference, FirmwareTableReader reader) {
        tables.put(reference, reader);
    }

    void removeTables(ServiceReference<FirmwareTableReader> reference) {
        tables.remove(reference);
    }

    /** Returns the readers of firmware tables, best first. */
    List<FirmwareTableReader> tables() {
        return List.copyOf(tables.values());
    }

    /** Returns what a run that starts now uses. */
    Services snapshot() {
        return new Services(new TreeMap<>(vendors), List.copyOf(models.values()), fabric,
                rootComplex, Map.copyOf(handovers), List.copyOf(waysToMap.values()));
    }

    /** Returns the importers, best first. */
    List<MachineImporter> importers() {
        return List.copyOf(importers.values());
    }

    /**
     * Returns all policies, those that leave the capture kernel alone first, then by name; of one
     * name the one in force comes first: the higher ranking wins, then the higher version of the
     * bundle, then the older service.
     */
    List<PolicyHandle> policies() {
        var all = new ArrayList<>(policies.values());
        all.sort(Comparator.comparing(PolicyHandle::stock, Comparator.reverseOrder())
                .thenComparing(PolicyHandle::name)
                .thenComparing(Registry::ranking, Comparator.reverseOrder())
                .thenComparing(Registry::version, Comparator.reverseOrder())
                .thenComparing(PolicyHandle::reference, Comparator.reverseOrder()));
        return all;
    }

    /** Returns the policies in force by name, in the order of {@link #policies}. */
    Map<String, PolicyHandle> policiesInForce() {
        var inForce = new LinkedHashMap<String, PolicyHandle>();
        policies().forEach(p -> inForce.putIfAbsent(p.name(), p));
        return inForce;
    }

    /**
     * Returns a policy in force.
     *
     * @throws LabException if there is none of this name
     */
    PolicyHandle inForce(String name) throws LabException {
        Map<String, PolicyHandle> inForce = policiesInForce();
        PolicyHandle policy = inForce.get(name);
        if (policy == null) {
            throw new LabException("no policy '" + name + "'; in force: "
                    + String.join(", ", inForce.keySet()));
        }
        return policy;
    }

    private static int ranking(PolicyHandle policy) {
        return policy.reference().getProperty("service.ranking") instanceof Integer i ? i : 0;
    }

    private static Version version(PolicyHandle policy) {
        Bundle bundle = policy.reference().getBundle();
        return bundle == null ? Version.emptyVersion : bundle.getVersion();
    }
}
