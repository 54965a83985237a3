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
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import kdump.lab.api.BundleGoneException;
import kdump.lab.api.LabException;
import kdump.lab.engine.machine.Services;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.ComponentServiceObjects;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/**
 * The whiteboards: policies, vendors, device models, importers and what else makes a lab, as they
 * come and go, all kinds alike. It holds none of them; what a command needs it holds itself, see
 * {@link #hold}. Thread-safe.
 */
@Component(service = Registry.class)
public final class Registry {

    private final Whiteboard<HandoverPolicy> policies = new Whiteboard<>("policy");
    private final Whiteboard<IommuVendor> vendors = new Whiteboard<>("IOMMU vendor");
    private final Whiteboard<KernelHandover> handovers = new Whiteboard<>("kernel's hand-over");
    private final Whiteboard<DeviceModel> models = new Whiteboard<>("device model");
    private final Whiteboard<FabricFactory> fabrics = new Whiteboard<>("fabric");
    private final Whiteboard<RootComplexFactory> rootComplexes = new Whiteboard<>("root complex");
    private final Whiteboard<DmaOpsFactory> waysToMap = new Whiteboard<>("way to map");
    private final Whiteboard<MachineImporter> importers = new Whiteboard<>("importer");
    private final Whiteboard<FirmwareTableReader> tables =
            new Whiteboard<>("reader of firmware tables");
    private final Whiteboard<MachineWriter> writers = new Whiteboard<>("writer of machine files");
    private volatile boolean gone;

    @Deactivate
    void close() {
        gone = true;
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addPolicy(ComponentServiceObjects<HandoverPolicy> objects) {
        policies.add(objects);
    }

    void removePolicy(ServiceReference<HandoverPolicy> reference) {
        policies.remove(reference);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addVendor(ComponentServiceObjects<IommuVendor> objects) {
        vendors.add(objects);
    }

    void removeVendor(ServiceReference<IommuVendor> reference) {
        vendors.remove(reference);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addHandover(ComponentServiceObjects<KernelHandover> objects) {
        handovers.add(objects);
    }

    void removeHandover(ServiceReference<KernelHandover> reference) {
        handovers.remove(reference);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addModel(ComponentServiceObjects<DeviceModel> objects) {
        models.add(objects);
    }

    void removeModel(ServiceReference<DeviceModel> reference) {
        models.remove(reference);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addFabric(ComponentServiceObjects<FabricFactory> objects) {
        fabrics.add(objects);
    }

    void removeFabric(ServiceReference<FabricFactory> reference) {
        fabrics.remove(reference);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addRootComplex(ComponentServiceObjects<RootComplexFactory> objects) {
        rootComplexes.add(objects);
    }

    void removeRootComplex(ServiceReference<RootComplexFactory> reference) {
        rootComplexes.remove(reference);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addWayToMap(ComponentServiceObjects<DmaOpsFactory> objects) {
        waysToMap.add(objects);
    }

    void removeWayToMap(ServiceReference<DmaOpsFactory> reference) {
        waysToMap.remove(reference);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addImporter(ComponentServiceObjects<MachineImporter> objects) {
        importers.add(objects);
    }

    void removeImporter(ServiceReference<MachineImporter> reference) {
        importers.remove(reference);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addTables(ComponentServiceObjects<FirmwareTableReader> objects) {
        tables.add(objects);
    }

    void removeTables(ServiceReference<FirmwareTableReader> reference) {
        tables.remove(reference);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addWriter(ComponentServiceObjects<MachineWriter> objects) {
        writers.add(objects);
    }

    void removeWriter(ServiceReference<MachineWriter> reference) {
        writers.remove(reference);
    }

    /** Returns whether the engine itself was withdrawn. */
    boolean isGone() {
        return gone;
    }

    /** Returns room for what a command holds; it closes it at its end. */
    Holding hold() {
        return new Holding(() -> gone);
    }

    /** What a command does with what it holds. */
    interface Use<T> {
        /** Returns what comes of it. */
        T with(Holding holding) throws LabException;
    }

    /**
     * Does what holds services, and lets go of them.
     *
     * @throws BundleGoneException if it failed because one of them was withdrawn
     */
    <T> T holding(Use<T> use) throws LabException {
        try (Holding holding = hold()) {
            return holding.guard(() -> use.with(holding));
        }
    }

    /** Holds what a run that starts now uses. */
    Services services(Holding holding) {
        return new Services(holding.byName(vendors, IommuVendor::name), holding.all(models),
                holding.best(fabrics), holding.best(rootComplexes),
                holding.byName(handovers, KernelHandover::vendor), holding.all(waysToMap),
                holding);
    }

    Whiteboard<MachineImporter> importers() {
        return importers;
    }

    Whiteboard<MachineWriter> writers() {
        return writers;
    }

    Whiteboard<FirmwareTableReader> tables() {
        return tables;
    }

    /**
     * Returns all policies, those that leave the capture kernel alone first, then by name; of one
     * name the one in force comes first, see {@link Offer}.
     */
    List<PolicyHandle> policies() {
        record Named(boolean stock, String name, PolicyHandle policy) { }

        return policies.ranked().stream().map(PolicyHandle::new)
                .map(policy -> new Named(policy.stock(), policy.name(), policy))
                .sorted(Comparator.comparing(Named::stock, Comparator.reverseOrder())
                        .thenComparing(Named::name))
                .map(Named::policy).toList();
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
}
