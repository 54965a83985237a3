// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import iommu.api.kdump.Phase;
import iommu.api.machine.FirmwareTable;
import iommu.api.machine.MachineDescription;
import iommu.api.machine.UnitDescription;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.RequesterId;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.RemappingUnit;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.stream.Collectors;
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
import kdump.lab.engine.run.Run;
import kdump.lab.engine.setup.ColdBoot;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.setup.HardwareChooser;
import kdump.lab.engine.verdict.Runner;
import kdump.lab.engine.verdict.WalkExplainer;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The lab as a service. */
@Component
public final class LabEngine implements Lab {

    /** Framework property that names the folder of the lab. */
    private static final String HOME = "lab.home";

    private final Registry registry;
    private final Catalog catalog;

    /** Makes the lab. */
    @Activate
    public LabEngine(@Reference Registry registry, BundleContext context) {
        this.registry = registry;
        this.catalog = new Catalog(registry, home(context));
    }

    /** Returns the folder of the lab; null if it has none. */
    static Path home(BundleContext context) {
        String home = context.getProperty(HOME);
        return home == null ? null : Path.of(home);
    }

    @Override
    public List<MachineSummary> machines() throws LabException {
        return catalog.builtIn();
    }

    @Override
    public List<PolicySummary> policies() {
        var seen = new java.util.HashSet<String>();
        return registry.policies().stream().map(p -> p.summary(!seen.add(p.name()))).toList();
    }

    @Override
    public Comparison compare(Target machine, List<String> names, RunOptions options,
            Progress progress) throws LabException {
        List<PolicyHandle> chosen = chosen(names);
        var runner = new Runner(find(machine, options.kernels()), registry.snapshot(), options);
        MachineDescription description = runner.scenario().description();
        var compared = new ArrayList<Runner.Compared>();
        var notRun = new ArrayList<Comparison.NotRun>();
        for (PolicyHandle policy : chosen) {
            if (names.isEmpty() && !policy.suits(description)) {
                notRun.add(new Comparison.NotRun(policy.name(), "it is for units of "
                        + String.join(", ", policy.vendors()) + " only"));
            } else {
                int step = compared.size() + notRun.size() + 1;
                runner.onlooker(run -> tell(progress, step, chosen.size(), policy.name(), run));
                try (PolicyHandle.Session session = policy.open()) {
                    compared.add(runner.compare(session));
                }
            }
        }
        return new Comparison(description.name(), options, runner.scenario().kernels(),
                runner.scenario().assumptions(),
                compared.stream().map(Runner.Compared::verdict).toList(),
                chosen.stream().filter(PolicyHandle::stock).map(PolicyHandle::name)
                        .collect(Collectors.toSet()), notRun, same(compared));
    }

    private static void tell(Progress progress, int step, int of, String policy, Run run) {
        Phase phase = run.phase();
        progress.at(step, of, policy + (phase == null ? "" : " " + phase.label()));
    }

    /** Groups runs in which the same was asked for: on one machine they come out alike. */
    static List<Comparison.Same> same(List<Runner.Compared> compared) {
        var bySteps = new LinkedHashMap<Long, List<Runner.Compared>>();
        compared.forEach(c -> bySteps.computeIfAbsent(c.steps(), s -> new ArrayList<>()).add(c));
        return bySteps.values().stream().filter(group -> group.size() > 1)
                .map(group -> new Comparison.Same(
                        group.stream().map(c -> c.verdict().policy()).toList(),
                        group.get(0).steps() == 0 ? List.of("none of them asks for anything")
                                : group.stream().flatMap(c -> c.remarks().stream().map(remark ->
                                        c.verdict().policy() + ": " + remark)).toList()))
                .toList();
    }

    @Override
    public Crash crash(Target machine, String policy, RunOptions options, Progress progress)
            throws LabException {
        PolicyHandle chosen = chosen(List.of(policy)).get(0);
        var runner = new Runner(find(machine, options.kernels()), registry.snapshot(), options);
        runner.onlooker(run -> tell(progress, 1, 1, policy, run));
        try (PolicyHandle.Session session = chosen.open()) {
            return runner.run(session, true, FaultInjection.NONE);
        }
    }

    @Override
    public Why why(Target machine, String policy, WhyQuestion question, RunOptions options,
            Progress progress) throws LabException {
        PolicyHandle chosen = chosen(List.of(policy)).get(0);
        var runner = new Runner(find(machine, options.kernels()), registry.snapshot(), options);
        var sessions = new ArrayList<PolicyHandle.Session>();
        // the run is repeated once it is known which request is behind the figure
        runner.onlooker(run -> tell(progress, sessions.size(), 2, policy, run));
        try {
            return runner.why(() -> {
                sessions.add(chosen.open());
                return sessions.get(sessions.size() - 1);
            }, question);
        } finally {
            sessions.forEach(PolicyHandle.Session::close);
        }
    }

    @Override
    public List<String> requesters(Target machine) throws LabException {
        return catalog.find(machine).functions().stream()
                .map(f -> RequesterId.format(f.requesterId())).sorted().toList();
    }

    /** Returns a machine as its kernel left it: one that was never captured is booted first. */
    private MachineDescription find(Target target, KernelChoice kernels) throws LabException {
        return ColdBoot.boot(catalog.find(target), registry.snapshot(), kernels);
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
        MachineDescription machine = find(target, KernelChoice.DEFAULT);
        if (machine.units().isEmpty()) {
            throw new LabException(target.text() + ": the machine has no remapping unit");
        }
        PhysicalMemory memory = loaded(machine);
        for (int i = 0; i < machine.units().size(); i++) {
            RemappingUnit unit = unit(machine, i, memory);
            MappingVisitor rows = forwarding(i, requester < 0 || machine.unitOf(requester) != i
                    ? requester : unit.tableOf(requester), visitor);
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

    private static MappingVisitor forwarding(int unit, int wanted, Mappings visitor) {
        return new MappingVisitor() {
            @Override
            public void mapping(int requester, int domainId, long iova, long physicalAddress,
                    long bytes, int access) {
                if (wanted < 0 || wanted == requester) {
                    visitor.mapping(unit, requester, domainId, iova, physicalAddress, bytes,
                            iommu.api.pcie.Access.format(access));
                }
            }

            @Override
            public void passThrough(int requester, int domainId) {
                if (wanted < 0 || wanted == requester) {
                    visitor.passThrough(unit, requester, domainId);
                }
            }
        };
    }

    @Override
    public Walk walk(Target target, WalkQuestion question) throws LabException {
        MachineDescription found = find(target, question.options().kernels());
        int index = found.unitOf(question.requester());
        if (index < 0) {
            throw new LabException(target.text() + ": no remapping unit serves "
                    + RequesterId.format(question.requester()));
        }
        if (question.policy() != null) {
            PolicyHandle policy = chosen(List.of(question.policy())).get(0);
            try (PolicyHandle.Session session = policy.open()) {
                return new Runner(found, registry.snapshot(), question.options()).after(session,
                        (machine, verdict) -> new WalkExplainer(machine.units().get(index),
                                question).tell(verdict));
            }
        }
        MachineDescription machine = HardwareChooser.choose(found, registry.snapshot(),
                question.options().hardware());
        RemappingUnit unit = unit(machine, index,
                Runner.loaded(machine, question.options().seed()));
        return new WalkExplainer(unit, question).tell(null);
    }

    @Override
    public MachineFile machineFile(Target target, Path folder) throws LabException {
        return catalog.file(target, folder);
    }

    @Override
    public List<FirmwareTable> firmwareTables(Target target) throws LabException {
        return catalog.tables(target);
    }

    private RemappingUnit unit(MachineDescription machine, int index, PhysicalMemory memory)
            throws LabException {
        UnitDescription unit = machine.units().get(index);
        try {
            return registry.snapshot().vendor(unit.profile().vendor()).unit(unit.profile(), memory);
        } catch (IllegalArgumentException e) {
            throw new LabException(e.getMessage(), e);
        }
    }

    private static PhysicalMemory loaded(MachineDescription machine) throws LabException {
        return Runner.loaded(machine, 0);
    }
}
