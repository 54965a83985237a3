// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import kdump.lab.api.BundleGoneException;
import kdump.lab.api.InterruptedRunException;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.PolicyVariants;
import kdump.lab.api.command.CommandHelp;
import kdump.lab.api.command.CommandLineInterface;
import kdump.lab.api.command.LineCommand;
import kdump.lab.api.experiment.Scenarios;
import kdump.lab.api.live.LiveMachines;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/** All commands, and what they have in common: options, errors, exit status. Thread-safe. */
@Component
public final class Commands implements CommandLineInterface {

    /** What users typed is quoted in messages; nobody reads more of it. */
    private static final int MAX_LINE = 800;

    private static final long VARIANTS_WAIT_NANOS = 5_000_000_000L;
    private static final List<String> HELP = List.of("help", "--help", "-h");

    private final List<Command<?>> commands;
    private final Completion completion;
    private volatile PolicyVariants variants;
    private volatile boolean isGone;
    private final Map<String, LineCommand> conversations = new ConcurrentSkipListMap<>();

    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    private volatile Scenarios scenarios;
    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    private volatile LiveMachines machines;
    private final LiveCommands live = new LiveCommands(() -> machines);

    /** Makes the commands of a lab. */
    @Activate
    public Commands(@Reference Lab lab) {
        var all = new ArrayList<Command<?>>(List.of(
                new MachinesCommand(lab), new PoliciesCommand(lab),
                new CompareCommand(lab), new CrashCommand(lab), new WhyCommand(lab),
                new MappingsCommand(lab),
                new WalkCommand(lab), new AcpiCommand(lab), new ImportCommand(lab),
                new ScenariosCommand(() -> scenarios)));
        all.addAll(live.all());
        commands = List.copyOf(all);
        completion = new Completion(lab, () -> scenarios);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addConversation(LineCommand command) {
        conversations.put(command.name(), command);
    }

    void removeConversation(LineCommand command) {
        conversations.remove(command.name(), command);
    }

    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void setVariants(PolicyVariants service) {
        variants = service;
    }

    void unsetVariants(PolicyVariants service) {
        if (variants == service) {
            variants = null;
        }
    }

    @Deactivate
    void close() {
        isGone = true;
        live.close();
    }

    @Override
    public List<CommandHelp> commands() {
        return Stream.concat(commands.stream().map(CommandTable::help),
                conversations.values().stream().map(CommandTable::help)).toList();
    }

    @Override
    public List<Candidate> complete(List<String> words, Path directory) {
        LineCommand own = words.size() < 2 ? null : conversations.get(words.get(0));
        List<Candidate> found = own == null ? List.of()
                : own.complete(words.subList(1, words.size()));
        return found.isEmpty() ? completion.of(commands(), words, directory)
                : found.stream().sorted(Comparator.comparing(Candidate::word)).toList();
    }

    @Override
    public String text(Object value) {
        return commands.stream().map(c -> text(c, value)).filter(Objects::nonNull).findFirst()
                .orElse(null);
    }

    private static <T> String text(Command<T> command, Object value) {
        T answer = command.recognise(value);
        return answer == null ? null : asText(command, answer);
    }

    private static <T> String asText(Command<T> command, T answer) {
        var bytes = new ByteArrayOutputStream();
        try (var out = new PrintStream(bytes, false, StandardCharsets.UTF_8)) {
            command.text(answer, out);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Override
    public int run(String[] arguments, Streams streams, Path directory) {
        return perform(arguments, streams, directory, true).status();
    }

    @Override
    public Answer ask(String[] arguments, Streams streams, Path directory) {
        return perform(arguments, streams, directory, false);
    }

    /** The lab itself may be updated under a command: it ends then, in one line. */
    private Answer perform(String[] arguments, Streams streams, Path directory, boolean tells) {
        String name = arguments.length == 0 ? "help" : arguments[0];
        Answer failed = new Answer(CHECK_FAILED, null); // loaded while its class can be
        String line = "lab: " + name(name) + "the lab was updated meanwhile; ask again";
        try {
            return perform(name, arguments, streams, directory, tells);
        } catch (RuntimeException | LinkageError e) {
            if (!isGone) {
                throw e;
            }
            streams.err().println(line);
            return failed;
        }
    }

    private Answer perform(String name, String[] arguments, Streams streams, Path directory,
            boolean tells) {
        try {
            Object value = null;
            if (HELP.contains(name)) {
                help(List.of(arguments), streams.out());
            } else if (name.equals("--version")) {
                streams.out().println(CommandTable.version());
            } else if (asksForHelp(name, List.of(arguments))) {
                HelpText.one(known(name), streams.out());
            } else {
                value = dispatch(name, arguments, streams, directory, tells);
            }
            streams.out().flush();
            return new Answer(DONE, value);
        } catch (InterruptedRunException e) {
            streams.err().println("lab: " + name(name) + "interrupted");
            return new Answer(INTERRUPTED, null);
        } catch (BundleGoneException e) {
            streams.err().println("lab: " + name(name) + oneLine(e.getMessage())
                    + "; ask again");
            return new Answer(CHECK_FAILED, null);
        } catch (UsageException | LabException e) {
            streams.err().println("lab: " + name(name) + oneLine(e.getMessage()));
            return new Answer(BAD_INPUT, null);
        } catch (IOException | UncheckedIOException e) {
            streams.err().println("lab: " + name(name) + oneLine(String.valueOf(e.getMessage())));
            return new Answer(CHECK_FAILED, null);
        }
    }

    /** What a conversation is told is for whoever it is with. */
    private boolean asksForHelp(String name, List<String> arguments) {
        int at = arguments.indexOf("--help");
        return at == 1 || at > 1 && !conversations.containsKey(name);
    }

    private void help(List<String> arguments, PrintStream out) throws UsageException {
        if (arguments.size() > 2) {
            throw new UsageException(arguments.size() - 1 + " arguments, expected a command");
        }
        if (arguments.size() == 2) {
            HelpText.one(known(arguments.get(1)), out);
        } else {
            HelpText.all(commands(), out);
        }
    }

    private CommandHelp known(String name) throws UsageException {
        return commands().stream().filter(c -> c.name().equals(name)).findFirst()
                .orElseThrow(() -> unknown(name));
    }

    private UsageException unknown(String name) {
        return new UsageException("no command '" + printable(name) + "'; there are "
                + commands().stream().map(CommandHelp::name).collect(Collectors.joining(", ")));
    }

    private Object dispatch(String name, String[] arguments, Streams streams, Path directory,
            boolean tells) throws UsageException, LabException, IOException {
        List<String> rest = List.of(arguments).subList(1, arguments.length);
        LineCommand conversation = conversations.get(name);
        if (conversation != null) {
            conversation.run(rest.isEmpty() || !rest.get(0).equals("--") ? rest
                    : rest.subList(1, rest.size()), System.in, streams.out(), directory);
            return null;
        }
        Command<?> command = commands.stream().filter(c -> c.name().equals(name)).findFirst()
                .orElseThrow(() -> unknown(name));
        var invocation = new Invocation(CommandTable.parse(command, rest), streams.out(),
                directory, streams.progress(), tells);
        List<String> specifications = invocation.values("variant");
        if (specifications.isEmpty()) {
            return answer(command, invocation, tells);
        }
        PolicyVariants.Made made = variants().make(specifications);
        try {
            return answer(command, invocation, tells);
        } finally {
            made.close();
        }
    }

    private static <T> T answer(Command<T> command, Invocation invocation, boolean tells)
            throws UsageException, LabException, IOException {
        T answer = command.ask(invocation);
        if (answer == null || !tells && !invocation.json()) {
            return answer;
        }
        // whole, or not at all: the bundle of a command may go while it tells
        if (invocation.json()) {
            invocation.json(json -> command.json(answer, json));
        } else {
            invocation.out().print(asText(command, answer));
        }
        return null;
    }

    /** Returns what makes variants, which may start a little later than this. */
    private PolicyVariants variants() throws UsageException {
        long end = System.nanoTime() + VARIANTS_WAIT_NANOS;
        while (variants == null && System.nanoTime() < end) {
            LockSupport.parkNanos(1_000_000);
        }
        PolicyVariants found = variants;
        if (found == null) {
            throw new UsageException("there is nothing that makes variants of policies");
        }
        return found;
    }

    private static String name(String name) {
        return printable(name) + ": ";
    }

    private static String printable(String text) {
        return oneLine(text.length() > 60 ? text.substring(0, 60) + "..." : text);
    }

    private static String oneLine(String text) {
        String line = text.replaceAll("\\p{Cntrl}", ".");
        return line.length() > MAX_LINE ? line.substring(0, MAX_LINE) + "..." : line;
    }
}
