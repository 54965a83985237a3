// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import iommu.api.machine.MachineDescription;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Target;
import kdump.lab.engine.machine.Services;
import kdump.lab.engine.setup.ColdBoot;
import kdump.lab.engine.verdict.Runner;

/** Makes machines ready to run. Thread-safe. */
record MachineLoader(Registry registry, Catalog catalog) {

    /** Returns a machine as its kernel left it: one that was never captured is booted first. */
    MachineDescription find(Target target, KernelChoice kernels, Services services,
            Holding holding) throws LabException {
        try {
            return ColdBoot.boot(catalog.find(target, holding), services, kernels);
        } catch (LabException e) {
            String by = e.getCause() instanceof RuntimeException thrown
                    ? holding.culprit(thrown) : null;
            throw by == null ? e : new LabException(e.getMessage() + "; thrown by " + by, e);
        }
    }

    /** Returns what runs a machine, with the services that are in force now. */
    Runner runner(Target target, RunOptions options, Holding holding) throws LabException {
        Services services = registry.services(holding);
        return new Runner(find(target, options.kernels(), services, holding), services, options);
    }
}
