// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import iommu.api.machine.FirmwareTable;
import iommu.api.machine.MachineDescription;
import iommu.api.machine.UnitDescription;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.RequesterId;
import iommu.api.unit.IommuVendor;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.RemappingUnit;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import kdump.lab.api.BundleState;
import kdump.lab.api.Comparison;
import kdump.lab.api.Crash;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.MachineFile;
import kdump.lab.api.MachineSummary;
import kdump.lab.api.Mappings;
import kdump.lab.api.PolicySummary;
import kdump.lab.api.Progress;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Target;
import kdump.lab.api.Walk;
import kdump.lab.api.WalkQuestion;
import kdump.lab.api.Why;
import kdump.lab.api.WhyQuestion;
import kdump.lab.engine.machine.NoAnswerException;
import kdump.lab.engine.machine.Services;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.setup.HardwareChooser;
import kdump.lab.engine.verdict.Runner;
import kdump.lab.engine.verdict.WalkExplainer;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.runtime.ServiceComponentRuntime;

/** The lab as a service. */
@Component
public final class LabEngine implements Lab {

    /** Framework property that names the folder of the lab. */
    private static final String HOME = "lab.home";

    private final Registry registry;
    private final Catalog catalog;
    private final MachineLoader loader;
    private final Supplier<List<BundleState>> diagnosis;

    /** Makes the lab. */
    @Activate
    public LabEngine(@Reference Registry registry, @Reference ServiceComponentRuntime components,
            BundleContext context) {
        this.registry = registry;
        Path home = home(context);
        diagnosis = () -> new BundleDiagnosis(registry, context, new ComponentStates(components),
                new LoadFolder(home == null ? null : home.resolve("load"))).all();
        this.catalog = new Catalog(registry, home(context));
        this.loader = new MachineLoader(registry, catalog);
    }

    /** Returns the folder of the lab; null if it has none. */
    static Path home(BundleContext context) {
        String home = context.getProperty(HOME);
        return home == null ? null : Path.of(home);
    }

    @Override
    public List<MachineSummary> machines() throws LabException {
        return registry.holding(catalog::builtIn);
    }

    @Override
    public List<PolicySummary> policies() {
        var seen = new HashSet<String>();
        return registry.policies().stream().map(p -> p.summary(!seen.add(p.name()))).toList();
    }

    @Override
    public List<BundleState> bundles() {
        return diagnosis.get();
    }

    @Override
    public Comparison compare(Target machine, List<String> names, RunOptions options,
            Progress progress) throws LabException {
        List<PolicyHandle> chosen = chosen(names);
        try (var matrix = new Matrix(registry,
                holding -> loader.runner(machine, options, holding))) {
            return matrix.compare(chosen, names.isEmpty(), options, progress);
        }
    }

    @Override
    public Crash crash(Target machine, String policy, RunOptions options, Progress progress)
            throws LabException {
        PolicyHandle chosen = chosen(List.of(policy)).get(0);
        return registry.holding(chosen, (holding, session) -> {
            Runner runner = loader.runner(machine, options, holding);
            runner.onlooker(run -> Matrix.tell(progress, 1, 1, policy, run));
            return runner.run(session, true, FaultInjection.NONE);
        });
    }

    @Override
    public Why why(Target machine, String policy, WhyQuestion question, RunOptions options,
            Progress progress) throws LabException {
        PolicyHandle chosen = chosen(List.of(policy)).get(0);
        // the run is repeated once it is known which request is behind the figure
        try (Holding holding = registry.hold();
                PolicyHandle.Session first = chosen.open(holding);
                PolicyHandle.Session again = chosen.open(holding)) {
            var runs = new AtomicInteger();
            return holding.guard(() -> {
                Runner runner = loader.runner(machine, options, holding);
                runner.onlooker(run -> Matrix.tell(progress, runs.get(), 2, policy, run));
                return runner.why(() -> runs.getAndIncrement() == 0 ? first : again, question);
            });
        }
    }

    @Override
    public List<String> requesters(Target machine) throws LabException {
        return registry.holding(holding -> catalog.find(machine, holding).functions().stream()
                .map(f -> RequesterId.format(f.requesterId())).sorted().toList());
    }

    private List<PolicyHandle> chosen(List<String> names) throws LabException {
        var inForce = registry.policiesInForce();
        if (names.isEmpty()) {
            return List.copyOf(inForce.values());
        }
        var chosen = new ArrayList<PolicyHandle>();
        for (String name : names) {
            PolicyHandle policy = registry.inForce(name);
            if (!chosen.contains(policy)) {
                chosen.add(policy);
            }
        }
        return chosen;
    }

    // ---- tables ---------------------------------------------------------------------------------

    @Override
    public void mappings(Target target, int requester, int pasid, Mappings visitor)
            throws LabException {
        registry.holding(holding -> {
            Services services = registry.services(holding);
            mappings(loader.find(target, KernelChoice.DEFAULT, services, holding), services, target,
                    requester, pasid, visitor, holding.progress());
            return null;
        });
    }

    private static void mappings(MachineDescription machine, Services services, Target target,
            int requester, int pasid, Mappings visitor, WorkProgress progress)
            throws LabException {
        if (machine.units().isEmpty()) {
            throw new LabException(target.text() + ": the machine has no remapping unit");
        }
        PhysicalMemory memory = Runner.loaded(machine, 0);
        for (int i = 0; i < machine.units().size(); i++) {
            RemappingUnit unit = unit(machine, i, services, memory);
            var rows = new MappingRows(i, requester < 0 || machine.unitOf(requester) != i
                    ? requester : unit.tableOf(requester), visitor, progress);
            if (pasid < 0) {
                unit.mappings(rows);
            } else {
                mappings(unit, pasid, rows);
            }
        }
        machine.remarks().forEach(visitor::remark);
    }

    private static void mappings(RemappingUnit unit, int pasid, MappingVisitor rows)
            throws LabException {
        try {
            unit.mappings(pasid, rows);
        } catch (UnsupportedOperationException e) {
            throw new LabException(e.getMessage(), e);
        }
    }

    @Override
    public Walk walk(Target target, WalkQuestion question) throws LabException {
        if (question.policy() != null) {
            return registry.holding(chosen(List.of(question.policy())).get(0),
                    (holding, session) -> walk(target, question, session, holding));
        }
        return registry.holding(holding -> walk(target, question, null, holding));
    }

    private Walk walk(Target target, WalkQuestion question, PolicyHandle.Session session,
            Holding holding) throws LabException {
        Services services = registry.services(holding);
        MachineDescription found = loader.find(target, question.options().kernels(), services,
                holding);
        int index = found.unitOf(question.requester());
        if (index < 0) {
            throw new LabException(target.text() + ": no remapping unit serves "
                    + RequesterId.format(question.requester()));
        }
        if (session != null) {
            return new Runner(found, services, question.options()).after(session,
                    (machine, verdict) -> new WalkExplainer(machine.units().get(index),
                            question).tell(verdict));
        }
        MachineDescription machine = HardwareChooser.choose(found, services,
                question.options().hardware());
        return new WalkExplainer(unit(machine, index, services, Runner.loaded(machine,
                question.options().seed())), question).tell(null);
    }

    @Override
    public MachineFile machineFile(Target target, Path folder) throws LabException {
        return registry.holding(holding -> catalog.file(target, folder, holding));
    }

    @Override
    public List<FirmwareTable> firmwareTables(Target target) throws LabException {
        return registry.holding(holding -> catalog.tables(target, holding));
    }

    private static RemappingUnit unit(MachineDescription machine, int index, Services services,
            PhysicalMemory memory) throws LabException {
        UnitDescription unit = machine.units().get(index);
        try {
            IommuVendor vendor = services.vendor(unit.profile().vendor());
            return NoAnswerException.checked(vendor.unit(unit.profile(), memory), vendor, "a unit");
        } catch (IllegalArgumentException e) {
            throw new LabException(e.getMessage(), e);
        }
    }
}
