// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import iommu.api.kdump.Phase;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Target;
import kdump.lab.api.Verdict;
import kdump.lab.api.live.LiveMachine;
import kdump.lab.api.live.LiveMachines;
import kdump.lab.api.live.LiveState;
import kdump.lab.engine.verdict.LiveRun;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/** Live machines with the services that are in force as they begin. Thread-safe. */
@Component
public final class LiveService implements LiveMachines {

    private final Registry registry;
    private final MachineLoader loader;
    private final Set<Live> open = Collections.synchronizedSet(
            Collections.newSetFromMap(new IdentityHashMap<>()));

    /** Makes the service. */
    @Activate
    public LiveService(@Reference Registry registry, BundleContext context) {
        this.registry = registry;
        this.loader = new MachineLoader(registry,
                new Catalog(registry, LabEngine.home(context)));
    }

    @Deactivate
    void end() {
        Set.copyOf(open).forEach(Live::close);
    }

    @Override
    public LiveMachine begin(Target machine, String policy, RunOptions options)
            throws LabException {
        PolicyHandle chosen = registry.inForce(policy);
        Holding holding = registry.hold();
        ChangingPolicy deciding = null;
        Live live = null;
        try {
            var first = new ChangingPolicy(chosen.open(holding));
            deciding = first;
            live = new Live(holding, first, holding.guard(() ->
                    loader.runner(machine, options, holding).live(first)));
            return live;
        } finally {
            if (live == null) {
                if (deciding != null) {
                    deciding.close();
                }
                holding.close();
            }
        }
    }

    /** One machine. */
    private final class Live implements LiveMachine {

        private final Holding holding;
        private final ChangingPolicy policy;
        private final LiveRun run;

        Live(Holding holding, ChangingPolicy policy, LiveRun run) {
            this.holding = holding;
            this.policy = policy;
            this.run = run;
            open.add(this);
        }

        @Override
        public synchronized LiveState next() throws LabException {
            return holding.guard(run::next);
        }

        @Override
        public synchronized LiveState next(Phase phase) throws LabException {
            return holding.guard(() -> run.next(phase));
        }

        @Override
        public synchronized LiveState next(long nanos) throws LabException {
            return holding.guard(() -> run.next(nanos));
        }

        @Override
        public synchronized LiveState state() throws LabException {
            return holding.guard(run::state);
        }

        @Override
        public synchronized LiveState use(String name) throws LabException {
            if (run.ended() != null) {
                throw new LabException("the machine has ended: " + run.ended());
            }
            PolicyHandle.Session next = registry.inForce(name).open(holding);
            boolean takesOver = false;
            try {
                String refusal = holding.guard(next.held().offer(), () -> run.refusal(next));
                if (refusal != null) {
                    throw new LabException(refusal);
                }
                policy.use(next);
                takesOver = true;
            } finally {
                if (!takesOver) {
                    next.close();
                }
            }
            run.policyChanges();
            return holding.guard(run::state);
        }

        @Override
        public synchronized Verdict verdict() throws LabException {
            return holding.guard(run::verdict);
        }

        @Override
        public synchronized void close() {
            if (open.remove(this)) {
                policy.close();
                holding.close();
            }
        }
    }
}
