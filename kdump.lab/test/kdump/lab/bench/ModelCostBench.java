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
import java.util.Comparator;
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
 * What a DMA request of each device model costs beside one of the ring engine behind the same
 * function of the same machine, both given commands of the same length: processor time, without and
 * with the work of the driver, which posts, maps and unmaps for each command, and allocated bytes.
 * The machines have no unit, whose work would hide that of the devices. Of each model the first
 * function of a built-in machine is busy, and none else, up to the crash.
 */
public final class ModelCostBench {

    private static final long WARM_NANOS = 3_000_000_000L;
    private static final long MOST_NANOS = 15_000_000_000L;
    private static final double RATE = 40;
    /** Bytes of a command: a sector, and a page. */
    private static final List<Integer> LENGTHS = List.of(512, 4096);
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
        private long driverNanos;
        private long allocated;

        private double each(long of) {
            return (double) of / Math.max(1, requests);
        }

        private double device() {
            return each(nanos - driverNanos);
        }
    }

    private static final Services TIMED_MODELS = timed(Fixture.ALL_MODELS);
    private static final Services RING = timed(Fixture.SERVICES);

    private ModelCostBench() { }

    private static Services timed(Services services) {
        return services.withModels(services.models().stream()
                .<DeviceModel>map(TimedModel::new).toList());
    }

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
                for (int length : wanted && measured.add(model) ? LENGTHS : List.<Integer>of()) {
                    print(model, machine.name(), length,
                            best(machine, TIMED_MODELS, function, length),
                            best(booted(file, RING), RING, function, length));
                }
            }
        }
    }

    private static void print(DeviceModel model, String machine, int length, Cost own, Cost ring) {
        System.out.printf("model: %-11s on %-11s commands of %4d bytes, %6d requests of %3.0f"
                + " bytes: %4.0f ns, with driver %4.0f, %.1f bytes allocated; ring engine %4.0f ns, with"
                + " driver %4.0f; ratio %.2f, with driver %.2f%n",
                model.getClass().getSimpleName(), machine, length, own.requests,
                own.each(own.bytes), own.device(), own.each(own.nanos), own.each(own.allocated),
                ring.device(), ring.each(ring.nanos), own.device() / ring.device(),
                own.each(own.nanos) / ring.each(ring.nanos));
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

    private static Cost best(MachineDescription machine, Services services, int function,
            int length) throws LabException {
        Scenario all = scenario(machine, services);
        Workload load = all.loads().get(function);
        var alone = new Scenario(all.description(), all.reservation(), all.profile(),
                all.captureProfile(),
                load == null ? Map.of() : Map.of(function, ofLength(load, length)),
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
        Cost best = costs.stream().min(Comparator.comparingLong(cost -> cost.nanos)).orElseThrow();
        // the driver's time is that of a clock, which goes on while others have the processor
        best.driverNanos = costs.stream().mapToLong(cost -> cost.driverNanos).min().orElseThrow();
        return best;
    }

    private static Workload ofLength(Workload load, int bytes) {
        return new Workload(load.requestsPerSecond(), load.streaming(), load.readsPerMille(),
                bytes, load.rings(), load.readable(), load.writable(), load.writeOnly(),
                load.message());
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
        long driver = TimedModel.driverNanos;
        long allocated = THREADS.getCurrentThreadAllocatedBytes();
        long start = THREADS.getCurrentThreadCpuTime();
        run.advance(Phase.CRASH);
        cost.nanos = THREADS.getCurrentThreadCpuTime() - start;
        cost.driverNanos = TimedModel.driverNanos - driver;
        cost.allocated = THREADS.getCurrentThreadAllocatedBytes() - allocated;
        return cost;
    }
}
