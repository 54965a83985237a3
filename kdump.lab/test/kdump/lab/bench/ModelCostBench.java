// SPDX-License-Identifier: Apache-2.0
package kdump.lab.bench;

import com.sun.management.ThreadMXBean;
import iommu.api.kdump.Phase;
import iommu.api.machine.MachineDescription;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.Workload;
import iommu.api.trace.DmaOutcome;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import kdump.importers.machinefile.MachineFileImporter;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.machine.RunStorage;
import kdump.lab.engine.machine.Services;
import kdump.lab.engine.run.Run;
import kdump.lab.engine.setup.ColdBoot;
import kdump.lab.engine.setup.Scenario;
import kdump.lab.engine.verdict.Runner;

/**
 * What a DMA request of each device model costs, its driver's work included, beside one of the ring
 * engine behind the same function of the same machine: processor time and allocated bytes of a
 * request, and how large requests are. The machines have no unit, whose work would hide that of the
 * devices. Of each model the first function of a built-in machine is busy, and none else, up to the
 * crash.
 */
public final class ModelCostBench {

    private static final long WARM_NANOS = 1_500_000_000;
    private static final long MOST_NANOS = 12_000_000_000L;
    private static final double RATE = 40;
    /** What is set up before is left out. */
    private static final long FROM_NANOS = 100_000_000;
    private static final long CRASH_NANOS = 700_000_000;
    private static final ThreadMXBean THREADS =
            (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Requests of one run up to the crash, and what they cost. */
    private static final class Cost {

        private long requests;
        private long bytes;
        private long nanos;
        private long allocated;

        private double each(long of) {
            return (double) of / Math.max(1, requests);
        }
    }

    private ModelCostBench() { }

    /**
     * Measures every model that a built-in machine has a busy function for, or those whose class
     * an argument names.
     */
    public static void main(String[] arguments) throws IOException, LabException {
        List<Path> files;
        try (Stream<Path> found = Files.list(Fixture.root().resolve("docs/machines"))) {
            files = found.filter(f -> f.toString().endsWith(".yaml")).sorted().toList();
        }
        Set<DeviceModel> measured = new HashSet<>();
        for (Path file : files) {
            MachineDescription machine = booted(file, Fixture.ALL_MODELS);
            for (int function : scenario(machine, Fixture.ALL_MODELS).loads().keySet()) {
                DeviceModel model = modelOf(machine, function);
                boolean wanted = arguments.length == 0
                        || List.of(arguments).contains(model.getClass().getSimpleName());
                if (wanted && measured.add(model)) {
                    print(model, machine.name(), best(machine, Fixture.ALL_MODELS, function),
                            best(booted(file, Fixture.SERVICES), Fixture.SERVICES, function));
                }
            }
        }
    }

    private static void print(DeviceModel model, String machine, Cost own, Cost ring) {
        System.out.printf("model: %-12s on %-19s %6d requests, %4.0f ns, %.1f bytes allocated,"
                + " %3.0f bytes moved a request; ring engine %6d, %4.0f ns, %3.0f bytes; ratio %.2f%n",
                model.getClass().getSimpleName(), machine, own.requests, own.each(own.nanos),
                own.each(own.allocated), own.each(own.bytes), ring.requests, ring.each(ring.nanos),
                ring.each(ring.bytes), own.each(own.nanos) / ring.each(ring.nanos));
    }

    private static DeviceModel modelOf(MachineDescription machine, int function) {
        var config = machine.functions().stream().filter(f -> f.requesterId() == function)
                .findFirst().orElseThrow();
        return Fixture.ALL_MODELS.models().stream().filter(m -> m.accepts(config)).findFirst()
                .orElseThrow();
    }

    private static MachineDescription booted(Path file, Services services)
            throws IOException, LabException {
        MachineDescription cold = new MachineFileImporter().read(file, null);
        return ColdBoot.boot(cold.withUnits(List.of()), services, KernelChoice.DEFAULT);
    }

    private static Scenario scenario(MachineDescription machine, Services services)
            throws LabException {
        return new Runner(machine, services, options()).scenario();
    }

    private static RunOptions options() {
        return RunOptions.ofSeed(7).withRateFactor(RATE).withCrashAt(CRASH_NANOS);
    }

    private static Cost best(MachineDescription machine, Services services, int function)
            throws LabException {
        Scenario all = scenario(machine, services);
        Workload load = all.loads().get(function);
        var alone = new Scenario(all.description(), all.reservation(), all.profile(),
                all.captureProfile(), load == null ? Map.of() : Map.of(function, load),
                all.usedFrames(), all.mappedIova(), all.passThrough(), all.captureDrivers(),
                all.assumptions(), all.tracksCauses());
        PhysicalMemory memory = Runner.loaded(machine, 7);
        var storage = new RunStorage();
        var costs = new ArrayList<Cost>();
        long until = System.nanoTime() + MOST_NANOS;
        for (long measured = 0; measured < WARM_NANOS && System.nanoTime() < until;) {
            int mark = memory.mark();
            Cost cost = once(alone, memory, services, storage);
            memory.rollback(mark);
            costs.add(cost);
            measured += cost.nanos;
        }
        return costs.stream().min((a, b) -> Double.compare(a.each(a.nanos), b.each(b.nanos)))
                .orElseThrow();
    }

    private static Cost once(Scenario scenario, PhysicalMemory memory, Services services,
            RunStorage storage) {
        var run = new Run(scenario, memory, services, storage, Trace.Level.COUNT,
                Fixture.session((event, view, notes) -> List.of()), options());
        var cost = new Cost();
        run.machine().trace().addSink((id, kind, actor, a, b, detail) -> {
            if (kind == EventKind.DMA_READ || kind == EventKind.DMA_WRITE) {
                cost.requests++;
                cost.bytes += DmaOutcome.bytes(b);
            }
        });
        run.advance(FROM_NANOS);
        cost.requests = 0;
        cost.bytes = 0;
        long allocated = THREADS.getCurrentThreadAllocatedBytes();
        long start = THREADS.getCurrentThreadCpuTime();
        run.advance(Phase.CRASH);
        cost.nanos = THREADS.getCurrentThreadCpuTime() - start;
        cost.allocated = THREADS.getCurrentThreadAllocatedBytes() - allocated;
        return cost;
    }
}
