// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import iommu.api.kdump.Phase;
import iommu.api.machine.MachineDescription;
import iommu.api.memory.PhysicalMemory;
import iommu.api.trace.Trace;
import iommu.api.trace.TraceSink;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import kdump.lab.api.Crash;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.api.Walk;
import kdump.lab.api.Why;
import kdump.lab.api.WhyQuestion;
import kdump.lab.engine.machine.Machine;
import kdump.lab.engine.machine.RunStorage;
import kdump.lab.engine.machine.Services;
import kdump.lab.engine.run.PolicySession;
import kdump.lab.engine.run.Run;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.setup.HardwareChooser;
import kdump.lab.engine.setup.Scenario;
import kdump.lab.engine.setup.ScenarioBuilder;

/**
 * Runs policies on one machine: its memory is loaded once, and rolled back after each run, so that
 * every policy meets the same bytes. A run that never comes back is left behind with its memory,
 * and the next one starts on memory that is loaded anew. One thread.
 */
public final class Runner {

    private final MachineDescription machine;
    private final Services services;
    private final RunOptions options;
    private final Scenario scenario;
    private PhysicalMemory memory;
    private RunStorage storage = new RunStorage();
    private Consumer<Run> onlooker = run -> { };
    private Supervisor supervisor = supervisor(Supervisor.PATIENCE_NANOS);

    /**
     * Loads a machine.
     *
     * @throws LabException if it cannot be read, or run with these options
     */
    public Runner(MachineDescription machine, Services services, RunOptions options)
            throws LabException {
        this.machine = machine;
        this.services = services;
        this.options = options.over(machine.runDefaults().deviceOptions());
        this.memory = loaded(machine, options.seed());
        try {
            this.scenario = ScenarioBuilder.make(
                    HardwareChooser.choose(machine, services, options.hardware()
                            .orProfile(machine.runDefaults().hardware())), memory,
                    services, this.options);
        } catch (IllegalArgumentException e) {
            throw new LabException(e.getMessage(), e);
        }
    }

    /** Returns the memory of a machine with its captured bytes in it. */
    public static PhysicalMemory loaded(MachineDescription machine, long seed)
            throws LabException {
        try {
            PhysicalMemory memory = machine.memoryMap().memory(seed);
            memory.load(machine.image());
            return memory;
        } catch (IllegalArgumentException | IOException e) {
            throw new LabException(machine.name() + ": " + e.getMessage(), e);
        }
    }

    /** Returns what was chosen for the machine. */
    public Scenario scenario() {
        return scenario;
    }

    /** Has runs given up that get nowhere for this long, in nanoseconds of a clock on the wall. */
    void patience(long nanos) {
        supervisor = supervisor(nanos);
    }

    private Supervisor supervisor(long patienceNanos) {
        return new Supervisor(patienceNanos, run -> onlooker.accept(run));
    }

    /** Has runs told of from now on, while they run, by the thread that waits for them. */
    public void onlooker(Consumer<Run> listener) {
        onlooker = listener;
    }

    /** Runs whatever decides like a policy and leaves the memory as it was. */
    public Crash run(PolicySession policy, boolean trace, FaultInjection injection)
            throws LabException {
        return run(injection.applyTo(scenario), policy, trace);
    }

    /** Runs a machine that differs from this runner's in anything but its memory. */
    public Crash run(Scenario other, PolicySession policy, boolean trace) throws LabException {
        return judged(other, policy, trace ? Trace.Level.KEEP : Trace.Level.COUNT, null, true,
                (run, attribution, verdict) -> new Crash(verdict,
                        Timeline.of(run, attribution.functions())));
    }

    /**
     * What a policy came to, and by what.
     *
     * @param steps as {@link Run#steps}
     * @param remarks of the policy's
     */
    public record Compared(Verdict verdict, long steps, List<String> remarks) { }

    /** Runs a policy to compare it with others, and leaves the memory as it was. */
    public Compared compare(PolicySession policy) throws LabException {
        return judged(scenario, policy, Trace.Level.COUNT,
                (run, attribution, verdict) -> new Compared(verdict,
                        run.asked().hash(), run.asked().remarks()));
    }

    /**
     * Begins a run that is taken step by step, in this runner's memory, which no other run may use
     * any more.
     */
    public LiveRun live(PolicySession policy) {
        return new LiveRun(new Run(scenario, memory, services, storage, Trace.Level.KEEP, policy,
                options), services, policy, supervisor);
    }

    /** Looks at hardware. */
    public interface Look {
        /** Returns what is seen, the run having come to a verdict. */
        Walk at(Machine hardware, Verdict verdict) throws LabException;
    }

    /** Runs a policy, looks at the hardware as it stands then, and leaves the memory as it was. */
    public Walk after(PolicySession policy, Look look) throws LabException {
        return judged(scenario, policy, Trace.Level.COUNT, null, false,
                (run, attribution, verdict) -> look.at(run.machine(), verdict));
    }

    /**
     * Tells why a figure of a run's verdict is what it is. The run is repeated once it is known
     * which request is behind the figure: the same seed gives the same events, and the second time
     * the tables are looked at just as that request goes through them.
     *
     * @param sessions opens the policy anew for each of both runs
     * @throws LabException if nothing of the kind happened
     */
    public Why why(Supplier<PolicySession> sessions, WhyQuestion question) throws LabException {
        int[] request = new int[1];
        // a restart would write to the memory that other questions are about
        boolean restarts = question.figure() == WhyQuestion.Figure.REBOOT;
        judged(scenario, sessions.get(), Trace.Level.KEEP, null, restarts,
                (run, attribution, verdict) -> {
            EffectLookup.Effect effect =
                    new EffectLookup(run, attribution, verdict, question).find();
            request[0] = Explainer.requestBehind(run, effect.event());
            return null;
        });
        var probe = new WalkProbe[1];
        return judged(scenario, sessions.get(), Trace.Level.KEEP, run -> {
            probe[0] = new WalkProbe(run, request[0]);
            return probe[0];
        }, restarts, (run, attribution, verdict) -> new Explainer(run, attribution,
                new EffectLookup(run, attribution, verdict, question).find())
                        .explain(probe[0].met()));
    }

    /** Reads a run that has come to its end. */
    @FunctionalInterface
    interface Reader<T> {

        /** Returns what is read; the memory is rolled back afterwards. */
        T read(Run run, Attribution attribution, Verdict verdict) throws LabException;
    }

    <T> T judged(Scenario what, PolicySession policy, Trace.Level level, Reader<T> reader)
            throws LabException {
        return judged(what, policy, level, null, false, reader);
    }

    /**
     * Runs to the end of the dump, judges, perhaps restarts the machine, and reads.
     *
     * @param onlooker makes a sink that hears the run beside its judge; null for none
     * @param restarts whether the machine restarts in the end
     */
    <T> T judged(Scenario what, PolicySession policy, Trace.Level level,
            Function<Run, TraceSink> onlooker, boolean restarts, Reader<T> reader)
            throws LabException {
        if (memory == null) {
            memory = loaded(machine, options.seed());
            storage = new RunStorage();
        }
        int mark = memory.mark();
        var cell = new Cell(new Run(what, memory, services, storage, level, policy, options));
        if (onlooker != null) {
            cell.run.machine().trace().addSink(onlooker.apply(cell.run));
        }
        boolean cameBack = false;
        try {
            var blame = new Blame(services, policy);
            cameBack = supervisor.run(cell.run, cell, blame);
            var verdict = new VerdictBuilder(cell.run, cell.attribution).verdict(policy.name());
            cell.attribution.close();
            if (restarts && cell.run.ending() == Run.Ending.NONE) {
                cameBack = false;
                cameBack = supervisor.run(cell.run, cell.run::restart, blame);
                verdict = cell.afterRestart(verdict);
            }
            return reader.read(cell.run, cell.attribution, verdict);
        } finally {
            if (cameBack) {
                memory.rollback(mark);
            } else {
                memory = null; // somebody may still be writing to it
            }
        }
    }

    /** One cell of a matrix, as a supervisor runs it. */
    private static final class Cell implements Runnable {
        private final Run run;
        private final Attribution attribution;

        Cell(Run run) {
            this.run = run;
            this.attribution = new Attribution(run);
        }

        @Override
        public void run() {
            run.advance(Phase.CRASH);
            if (run.hasCrashed()) {
                attribution.crash();
            }
            run.finish();
        }

        /** Returns the verdict, once the machine was to restart. */
        Verdict afterRestart(Verdict before) {
            return run.ending() == Run.Ending.NONE
                    ? before.withReboot(run.theRestart().outcome().word(),
                            run.theRestart().reason())
                    : new VerdictBuilder(run, attribution).verdict(before.policy());
        }
    }
}
