// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.machine.MachineDescription;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.trace.Event;
import iommu.api.trace.Trace;
import iommu.api.unit.MappingVisitor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.machine.DeviceSetup;
import kdump.lab.engine.machine.Machine;
import kdump.lab.engine.machine.RunStorage;
import kdump.lab.engine.machine.Services;
import kdump.lab.engine.run.PolicySession;
import kdump.lab.engine.run.Run;
import kdump.lab.engine.setup.Scenario;
import kdump.lab.engine.verdict.Runner;

/** A machine whose runs a test steps through itself, one after the other on one memory. */
public final class Stage {

    private final Services services;
    private final RunOptions options;
    private final Scenario scenario;
    private final PhysicalMemory memory;
    private final RunStorage storage = new RunStorage();
    private int mark;

    /** Loads a machine of docs/captures. */
    public Stage(String machine, RunOptions options) {
        this(Fixture.machine(machine), Fixture.SERVICES, options);
    }

    /** Loads a machine. */
    public Stage(MachineDescription machine, Services services, RunOptions options) {
        this.services = services;
        this.options = options;
        try {
            scenario = new Runner(machine, services, options).scenario();
            memory = Runner.loaded(machine, options.seed());
        } catch (LabException e) {
            throw new AssertionError(e);
        }
        mark = memory.mark();
    }

    /** Returns vtd1 with engines that do nothing by themselves. */
    public static Stage idle() {
        return new Stage("vtd1", RunOptions.ofSeed(7).withRateFactor(0));
    }

    /** Puts memory back, and makes a run in which nothing has happened. */
    public Run run(HandoverPolicy policy, Trace.Level level) {
        return run(Fixture.session(policy), level);
    }

    /** As above, with whatever decides like a policy. */
    public Run run(PolicySession policy, Trace.Level level) {
        memory.rollback(mark);
        mark = memory.mark();
        return new Run(scenario, memory, services, storage, level, policy, options);
    }

    /** Returns a machine in which no kernel runs. */
    public Machine machine(Trace.Level level) {
        memory.rollback(mark);
        mark = memory.mark();
        return new Machine(scenario.description(), scenario.reservation(), memory, services,
                storage, level, DeviceSetup.of(options, Map.of()));
    }

    /** Returns what was chosen for the machine. */
    public Scenario scenario() {
        return scenario;
    }

    /** Returns the memory of all runs. */
    public PhysicalMemory memory() {
        return memory;
    }

    /** Returns everything that a trace holds. */
    public static List<Event> events(Trace trace) {
        var events = new ArrayList<Event>();
        for (int id = 1; id < trace.size(); id++) {
            events.add(trace.event(id));
        }
        return events;
    }

    /** Returns where pages lie that a function may read and write, by bus address. */
    public static SortedMap<Long, Long> mappings(Machine machine, int requester) {
        var pages = new TreeMap<Long, Long>();
        int alias = machine.fabric().function(requester).alias();
        machine.units().get(machine.description().unitOf(alias)).mappings(new MappingVisitor() {
            @Override
            public void mapping(int of, int domainId, long iova, long physicalAddress,
                    long bytes, int access) {
                int both = Access.READ | Access.WRITE;
                for (long at = 0; of == alias && (access & both) == both && at < bytes;
                        at += PhysicalMemory.PAGE_BYTES) {
                    pages.put(iova + at, physicalAddress + at);
                }
            }

            @Override
            public void passThrough(int of, int domainId) { }
        });
        return pages;
    }
}
