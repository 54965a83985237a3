// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import iommu.api.machine.MachineDescription;
import java.util.Set;
import java.util.function.UnaryOperator;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Target;
import kdump.lab.api.experiment.Experiment;
import kdump.lab.api.experiment.Experiments;
import kdump.lab.api.experiment.Hardware;
import kdump.lab.api.experiment.Observer;
import kdump.lab.engine.setup.ColdBoot;
import kdump.lab.engine.verdict.Experimenter;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Experiments with what is in force. Thread-safe. */
@Component
public final class ExperimentService implements Experiments {

    private final Registry registry;
    private final Catalog catalog;

    /** Makes the service. */
    @Activate
    public ExperimentService(@Reference Registry registry, BundleContext context) {
        this.registry = registry;
        this.catalog = new Catalog(registry, LabEngine.home(context));
    }

    @Override
    public MachineDescription machine(Target target, KernelChoice kernels,
            UnaryOperator<MachineDescription> altered) throws LabException {
        return registry.holding(holding -> ColdBoot.boot(
                altered.apply(catalog.find(target, holding)), registry.services(holding),
                kernels));
    }

    @Override
    public Set<String> policies() {
        return registry.policiesInForce().keySet();
    }

    @Override
    public <T> T run(Experiment experiment, Observer<T> observer) throws LabException {
        if (experiment.policy() == null) {
            return registry.holding(holding -> new Experimenter(registry.services(holding))
                    .run(experiment, null, observer));
        }
        return registry.holding(registry.inForce(experiment.policy()), (holding, session) ->
                new Experimenter(registry.services(holding)).run(experiment, session, observer));
    }

    @Override
    public Hardware bare(MachineDescription machine, RunOptions options) throws LabException {
        return registry.holding(holding ->
                new Experimenter(registry.services(holding)).bare(machine, options));
    }
}
