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
import iommu.api.unit.InterruptControllers;
import iommu.api.unit.IommuVendor;
import iommu.api.unit.RootComplexFactory;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import kdump.lab.api.BundleGoneException;
import kdump.lab.api.LabException;
import kdump.lab.engine.machine.Services;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
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

    /** Framework property: how long strangers' code may get nowhere outside runs. For tests. */
    private static final String PATIENCE = "lab.patience.millis";

    private final Whiteboard<HandoverPolicy> policies;
    private final Whiteboard<IommuVendor> vendors;
    private final Whiteboard<KernelHandover> handovers;
    private final Whiteboard<DeviceModel> models;
    private final Whiteboard<FabricFactory> fabrics;
    private final Whiteboard<RootComplexFactory> rootComplexes;
    private final Whiteboard<InterruptControllers> interruptControllers;
    private final Whiteboard<DmaOpsFactory> waysToMap;
    private final Whiteboard<MachineImporter> importers;
    private final Whiteboard<FirmwareTableReader> tables;
    private final Whiteboard<MachineWriter> writers;
    private final BundleContext context;
    private volatile boolean gone;

    /** Makes empty whiteboards. */
    @Activate
    public Registry(BundleContext context) {
        this.context = context;
        policies = new Whiteboard<>("policy", context, null);
        vendors = new Whiteboard<>("IOMMU vendor", context, IommuVendor::name);
        handovers = new Whiteboard<>("kernel's hand-over", context, KernelHandover::vendor);
        models = new Whiteboard<>("device model", context, null);
        fabrics = new Whiteboard<>("fabric", context, f -> "fabric");
        rootComplexes = new Whiteboard<>("root complex", context, r -> "root complex");
        interruptControllers = new Whiteboard<>("interrupt controllers", context,
                c -> "interrupt controllers");
        waysToMap = new Whiteboard<>("way to map", context, null);
        importers = new Whiteboard<>("importer", context, null);
        tables = new Whiteboard<>("reader of firmware tables", context, null);
        writers = new Whiteboard<>("writer of machine files", context, w -> "writer");
    }

    @Deactivate
    void close() {
        gone = true;
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addPolicy(ServiceReference<HandoverPolicy> reference) {
        policies.add(reference);
    }

    void removePolicy(ServiceReference<HandoverPolicy> reference) {
        policies.remove(reference);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addVendor(ServiceReference<IommuVendor> reference) {
        vendors.add(reference);
    }

    void removeVendor(ServiceReference<IommuVendor> reference) {
        vendors.remove(reference);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addHandover(ServiceReference<KernelHandover> reference) {
        handovers.add(reference);
    }

    void removeHandover(ServiceReference<KernelHandover> reference) {
        handovers.remove(reference);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addModel(ServiceReference<DeviceModel> reference) {
        models.add(reference);
    }

    void removeModel(ServiceReference<DeviceModel> reference) {
        models.remove(reference);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addFabric(ServiceReference<FabricFactory> reference) {
        fabrics.add(reference);
    }

    void removeFabric(ServiceReference<FabricFactory> reference) {
        fabrics.remove(reference);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addRootComplex(ServiceReference<RootComplexFactory> reference) {
        rootComplexes.add(reference);
    }

    void removeRootComplex(ServiceReference<RootComplexFactory> reference) {
        rootComplexes.remove(reference);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addInterruptControllers(ServiceReference<InterruptControllers> reference) {
        interruptControllers.add(reference);
    }

    void removeInterruptControllers(ServiceReference<InterruptControllers> reference) {
        interruptControllers.remove(reference);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addWayToMap(ServiceReference<DmaOpsFactory> reference) {
        waysToMap.add(reference);
    }

    void removeWayToMap(ServiceReference<DmaOpsFactory> reference) {
        waysToMap.remove(reference);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addImporter(ServiceReference<MachineImporter> reference) {
        importers.add(reference);
    }

    void removeImporter(ServiceReference<MachineImporter> reference) {
        importers.remove(reference);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addTables(ServiceReference<FirmwareTableReader> reference) {
        tables.add(reference);
    }

    void removeTables(ServiceReference<FirmwareTableReader> reference) {
        tables.remove(reference);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addWriter(ServiceReference<MachineWriter> reference) {
        writers.add(reference);
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
        String millis = context.getProperty(PATIENCE);
        return new Holding(() -> gone, millis == null ? CallWatch.PATIENCE_NANOS
                : Long.parseLong(millis) * 1_000_000);
    }

    /** What a command does with a policy and what else it holds. */
    interface PolicyUse<T> {
        /** Returns what comes of it. */
        T with(Holding holding, PolicyHandle.Session session) throws LabException;
    }

    /** As {@link #holding(Use)}, with a policy that is opened, and closed at the end. */
    <T> T holding(PolicyHandle policy, PolicyUse<T> use) throws LabException {
        try (Holding holding = hold(); PolicyHandle.Session session = policy.open(holding)) {
            return holding.guard(() -> use.with(holding, session));
        }
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
        return new Services(holding.byName(vendors), holding.all(models),
                holding.best(fabrics), holding.best(rootComplexes),
                holding.byName(handovers), holding.all(waysToMap),
                holding.best(interruptControllers), holding);
    }

    /** Returns the whiteboards of all kinds but policies. */
    List<Whiteboard<?>> others() {
        return List.of(vendors, handovers, models, waysToMap, fabrics, rootComplexes,
                interruptControllers, importers, tables, writers);
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
