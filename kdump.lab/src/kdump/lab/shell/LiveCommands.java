// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import com.fasterxml.jackson.core.JsonGenerator;
import iommu.api.kdump.Phase;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import kdump.lab.api.LabException;
import kdump.lab.api.Verdict;
import kdump.lab.api.live.LiveMachine;
import kdump.lab.api.live.LiveMachines;
import kdump.lab.api.live.LiveState;
import kdump.lab.shell.report.LiveReport;
import kdump.lab.shell.report.VerdictJson;
import kdump.lab.shell.report.VerdictText;
import org.apache.commons.cli.Options;

/**
 * The commands for one machine that is taken through its hand-over step by step: there is one at a
 * time, from {@code begin} to {@code end}. Thread-safe.
 */
final class LiveCommands {

    private final Supplier<LiveMachines> machines;
    private LiveMachine current;

    /** @param machines begins machines; null while the bundle that does is stopped */
    LiveCommands(Supplier<LiveMachines> machines) {
        this.machines = machines;
    }

    /** Returns the commands, in the order in which they are used. */
    List<Command<?>> all() {
        return List.of(
                new StateCommand("begin", "MACHINE", "puts a machine together, to be taken through"
                        + " its hand-over by next; for the shell, and files of its lines",
                        List.of("begin server --policy linux"), beginOptions(), false,
                        this::begin),
                new StateCommand("next", "[PHASE]", "goes on with the machine that was begun: to"
                        + " the next phase, to one such as T6, or for a time such as 12.5ms",
                        List.of("next", "next T6", "next 12.5ms"), new Options(), false,
                        this::next),
                new StateCommand("state", "", "how that machine stands: phases, units, devices",
                        List.of("state"), new Options(), true, i -> {
                            i.arguments(0, "none");
                            return machine().state();
                        }),
                new StateCommand("use", "POLICY", "has another policy decide from here on; also one"
                        + " that was dropped in meanwhile", List.of("use copy-tables"),
                        new Options(), false,
                        i -> machine().use(i.arguments(1, "a policy").get(0))),
                new VerdictCommand(), new StateCommand("end", "", "ends that machine",
                        List.of("end"), new Options(), false, this::end));
    }

    private static Options beginOptions() {
        return RunOptionsSpec.target(RunOptionsSpec.run(new Options())).addOption(
                RunOptionsSpec.valued("policy", "POLICY", "that decides first; linux"));
    }

    private synchronized LiveState begin(Invocation invocation)
            throws UsageException, LabException {
        String name = invocation.arguments(1, "a machine").get(0);
        LiveMachines all = machines.get();
        if (all == null) {
            throw new LabException("the bundle that begins machines is stopped");
        }
        String policy = invocation.has("policy") ? invocation.required("policy") : "linux";
        LiveMachine next = all.begin(invocation.target(name), policy, invocation.runOptions());
        if (current != null) {
            current.close();
        }
        current = next;
        return next.state();
    }

    private LiveState next(Invocation invocation) throws UsageException, LabException {
        List<String> arguments = invocation.arguments();
        if (arguments.size() > 1) {
            throw new UsageException(arguments.size() + " arguments, expected a phase or a time");
        }
        if (arguments.isEmpty()) {
            return machine().next();
        }
        String text = arguments.get(0);
        Phase phase = Stream.of(Phase.values()).filter(p -> p.label().equals(text)).findFirst()
                .orElse(null);
        if (phase != null) {
            return machine().next(phase);
        }
        if (text.startsWith("T")) {
            throw new UsageException("phase '" + text + "', expected one of " + String.join(", ",
                    Stream.of(Phase.values()).map(Phase::label).toList()));
        }
        long nanos = Durations.parse(text);
        if (nanos == 0) {
            throw new UsageException("a time of 0 goes nowhere");
        }
        return machine().next(nanos);
    }

    private synchronized LiveState end(Invocation invocation) throws UsageException, LabException {
        invocation.arguments(0, "none");
        LiveState last = machine().state();
        current.close();
        current = null;
        return last;
    }

    private synchronized LiveMachine machine() throws LabException {
        if (current == null) {
            throw new LabException("no machine was begun: begin MACHINE --policy POLICY");
        }
        return current;
    }

    /** Lets go of what is held. */
    synchronized void close() {
        if (current != null) {
            current.close();
            current = null;
        }
    }

    /** What a command does. */
    private interface Act {
        /** Does it, and returns how the machine stands then. */
        LiveState on(Invocation invocation) throws UsageException, LabException;
    }

    /**
     * One that answers with how the machine stands.
     *
     * @param tellsAll whether phases, units and devices are told too
     */
    private record StateCommand(String name, String arguments, String summary,
            List<String> examples, Options shared, boolean tellsAll, Act act)
            implements Command<LiveState> {

        @Override
        public Options options() {
            var own = new Options();
            shared.getOptions().forEach(own::addOption);
            return own;
        }

        @Override
        public LiveState ask(Invocation invocation) throws UsageException, LabException {
            return act.on(invocation);
        }

        @Override
        public LiveState recognise(Object answer) {
            return Command.only(LiveState.class, answer);
        }

        @Override
        public void text(LiveState state, PrintStream out) {
            if (tellsAll) {
                LiveReport.all(state, out);
            } else {
                LiveReport.news(state, out);
            }
        }

        @Override
        public void json(LiveState state, JsonGenerator json) throws IOException {
            LiveReport.write(state, json);
        }
    }

    /** The verdict so far. */
    private final class VerdictCommand implements Command<Verdict> {

        @Override
        public String name() {
            return "verdict";
        }

        @Override
        public String arguments() {
            return "";
        }

        @Override
        public String summary() {
            return "the verdict on what has happened to that machine so far";
        }

        @Override
        public List<String> examples() {
            return List.of("verdict");
        }

        @Override
        public Options options() {
            return new Options();
        }

        @Override
        public Verdict ask(Invocation invocation) throws UsageException, LabException {
            invocation.arguments(0, "none");
            return machine().verdict();
        }

        @Override
        public Verdict recognise(Object answer) {
            return Command.only(Verdict.class, answer);
        }

        @Override
        public void text(Verdict verdict, PrintStream out) {
            VerdictText.head(out);
            VerdictText.row(verdict, false, out);
            VerdictText.details(verdict, out);
        }

        @Override
        public void json(Verdict verdict, JsonGenerator json) throws IOException {
            json.writeStartObject();
            VerdictJson.fields(verdict, json);
            json.writeEndObject();
        }
    }
}
