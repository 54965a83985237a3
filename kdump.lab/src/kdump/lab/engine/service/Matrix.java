// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import iommu.api.kdump.Phase;
import iommu.api.machine.MachineDescription;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import kdump.lab.api.BundleGoneException;
import kdump.lab.api.Comparison;
import kdump.lab.api.InterruptedRunException;
import kdump.lab.api.LabException;
import kdump.lab.api.Progress;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.run.Run;
import kdump.lab.engine.verdict.Runner;

/**
 * One comparison: policies one after the other on one machine. What is withdrawn meanwhile ends the
 * run that it is in; the next one takes what is in force then. One thread.
 */
final class Matrix implements AutoCloseable {

    /** Puts a machine together anew. */
    interface Loader {
        /** Returns what runs it, with services that are held. */
        Runner load(Holding holding) throws LabException;
    }

    private final Registry registry;
    private final Loader loader;
    private Holding holding;
    private Runner runner;

    /** Loads the machine. */
    Matrix(Registry registry, Loader loader) throws LabException {
        this.registry = registry;
        this.loader = loader;
        load();
    }

    private void load() throws LabException {
        if (holding != null) {
            holding.close();
        }
        runner = null;
        Holding next = registry.hold();
        try {
            runner = next.guard(() -> loader.load(next));
            holding = next;
        } finally {
            if (runner == null) {
                next.close();
            }
        }
    }

    /**
     * Runs policies.
     *
     * @param suiting whether those are left out that say they do not know the machine's units
     * @throws BundleGoneException if the engine itself is withdrawn
     */
    Comparison compare(List<PolicyHandle> chosen, boolean suiting, RunOptions options,
            Progress progress) throws LabException {
        Runner first = runner;
        MachineDescription description = first.scenario().description();
        var compared = new ArrayList<Runner.Compared>();
        var notRun = new ArrayList<Comparison.NotRun>();
        for (PolicyHandle policy : chosen) {
            if (suiting && !policy.suits(description)) {
                notRun.add(new Comparison.NotRun(policy.name(), "it is for units of "
                        + String.join(", ", policy.vendors()) + " only"));
                continue;
            }
            try {
                int step = compared.size() + notRun.size() + 1;
                compared.add(compare(policy, run -> tell(progress, step, chosen.size(),
                        policy.name(), run)));
            } catch (InterruptedRunException e) {
                throw e;
            } catch (LabException e) {
                boolean goesOn = e instanceof BundleGoneException || runner != first;
                if (registry.isGone() || !goesOn) {
                    throw e;
                }
                notRun.add(new Comparison.NotRun(policy.name(), e.getMessage()));
            }
        }
        return new Comparison(description.name(), options, first.scenario().kernels(),
                first.scenario().assumptions(),
                compared.stream().map(Runner.Compared::verdict).toList(),
                chosen.stream().filter(PolicyHandle::stock).map(PolicyHandle::name)
                        .collect(Collectors.toSet()), notRun, same(compared));
    }

    static void tell(Progress progress, int step, int of, String policy, Run run) {
        Phase phase = run.phase();
        progress.at(step, of, policy + (phase == null ? "" : " " + phase.label()));
    }

    private Runner.Compared compare(PolicyHandle policy, Consumer<Run> onlooker)
            throws LabException {
        if (runner == null || holding.withdrawn() != null) {
            load();
        }
        runner.onlooker(onlooker);
        try (PolicyHandle.Session session = policy.open(holding)) {
            return holding.guard(() -> runner.compare(session));
        }
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
    public void close() {
        if (holding != null) {
            holding.close();
        }
    }
}
