// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.machine.MachineDescription;
import iommu.api.pcie.DeviceModel;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.trace.TraceSink;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.experiment.Experiment;
import kdump.lab.api.experiment.Hardware;
import kdump.lab.api.experiment.Observer;
import kdump.lab.engine.machine.DeviceSetup;
import kdump.lab.engine.machine.Machine;
import kdump.lab.engine.machine.RunStorage;
import kdump.lab.engine.machine.Services;
import kdump.lab.engine.run.PolicySession;
import kdump.lab.engine.run.Run;
import kdump.lab.engine.setup.Scenario;

/** Runs experiments with the services that were in force at one instant. Thread-safe. */
public final class Experimenter {

    private static final Phase[] PHASES = Phase.values();
    private static final HandoverPolicy NOTHING = (event, view, notes) -> List.of();

    private final Services services;

    /** Makes one. */
    public Experimenter(Services services) {
        this.services = services;
    }

    /**
     * Runs an experiment.
     *
     * @param session of the policy that it names; null if it names none
     * @throws LabException if the machine cannot run
     */
    public <T> T run(Experiment experiment, PolicySession session, Observer<T> observer)
            throws LabException {
        var models = new ArrayList<DeviceModel>(experiment.models());
        models.addAll(services.models());
        var runner = new Runner(experiment.machine(), services.withModels(models),
                experiment.options());
        var level = observer.keepsTrace() ? Trace.Level.KEEP : Trace.Level.COUNT;
        var seen = new ObservedHardware[1];
        return runner.judged(runner.scenario(), wrapped(experiment, session), level, run -> {
            seen[0] = new ObservedHardware(run.machine(), runner.scenario(), run);
            return phases(seen[0], observer);
        }, false, (run, attribution, verdict) -> observer.end(seen[0], verdict));
    }

    private static TraceSink phases(Hardware hardware, Observer<?> observer) {
        return (id, kind, actor, a, b, detail) -> {
            if (kind == EventKind.PHASE) {
                observer.phase(PHASES[(int) a], hardware);
            }
        };
    }

    /** Puts a machine together in which nothing runs. */
    public Hardware bare(MachineDescription machine, RunOptions options) throws LabException {
        var runner = new Runner(machine, services, options);
        Scenario scenario = runner.scenario();
        return new ObservedHardware(new Machine(scenario.description(), scenario.reservation(),
                Runner.loaded(machine, options.seed()), services, new RunStorage(),
                Trace.Level.KEEP, DeviceSetup.of(options, scenario.loads())), scenario, null);
    }

    private static PolicySession wrapped(Experiment experiment, PolicySession session) {
        HandoverPolicy named = session == null ? NOTHING : session::decide;
        HandoverPolicy policy = experiment.around().apply(named);
        return new PolicySession() {
            @Override
            public String name() {
                return session == null ? "nothing" : session.name();
            }

            @Override
            public List<Step> decide(HandoverEvent event, HandoverView view,
                    HandoverNotes notes) {
                return policy.decide(event, view, notes);
            }

            @Override
            public Class<?> policyClass() {
                return session == null ? policy.getClass() : session.policyClass();
            }

            @Override
            public String culprit() {
                return session == null ? PolicySession.super.culprit() : session.culprit();
            }

            @Override
            public boolean isWithdrawn() {
                return session != null && session.isWithdrawn();
            }
        };
    }
}
