// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.LockSupport;
import kdump.lab.api.CommandLineInterface;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.LineCommand;
import kdump.lab.api.PolicyVariants;
import kdump.lab.api.experiment.Scenarios;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.DefaultParser;
import org.apache.commons.cli.Options;
import org.apache.commons.cli.ParseException;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/** All commands, and what they have in common: options, errors, exit status. Thread-safe. */
@Component
public final class Commands implements CommandLineInterface {

    /** What users typed is quoted in messages; nobody reads more of it. */
    private static final int MAX_LINE = 800;

    private static final long VARIANTS_WAIT_NANOS = 5_000_000_000L;

    private final List<Command> commands;
    private volatile PolicyVariants variants;
    private final Map<String, LineCommand> conversations = new ConcurrentSkipListMap<>();

    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    private volatile Scenarios scenarios;

    /** Makes the commands of a lab. */
    @Activate
    public Commands(@Reference Lab lab) {
        commands = List.of(new MachinesCommand(lab), new PoliciesCommand(lab),
                new CompareCommand(lab), new CrashCommand(lab), new WhyCommand(lab),
                new MappingsCommand(lab),
                new WalkCommand(lab), new AcpiCommand(lab), new ImportCommand(lab),
                new ScenariosCommand(() -> scenarios));
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

    @Override
    public int run(String[] arguments, PrintStream out, PrintStream err, Path directory) {
        String name = arguments.length == 0 ? "help" : arguments[0];
        if (List.of("help", "--help", "-h").contains(name)) {
            commands.forEach(c -> out.println(c.name() + " " + c.usage()));
            conversations.values().forEach(c -> out.println(c.name() + " " + c.usage()));
            out.flush();
            return DONE;
        }
        try {
            LineCommand conversation = conversations.get(name);
            if (conversation != null) {
                List<String> rest = List.of(arguments).subList(1, arguments.length);
                conversation.run(rest.isEmpty() || !rest.get(0).equals("--") ? rest
                        : rest.subList(1, rest.size()), System.in, out, directory);
                out.flush();
                return DONE;
            }
            Command command = commands.stream().filter(c -> c.name().equals(name)).findFirst()
                    .orElseThrow(() -> new UsageException("no command '" + printable(name)
                            + "'; there are " + String.join(", ",
                                    commands.stream().map(Command::name).toList())));
            run(command, Arrays.copyOfRange(arguments, 1, arguments.length), out, directory);
            out.flush();
            return DONE;
        } catch (UsageException | LabException e) {
            err.println("lab: " + name(name) + oneLine(e.getMessage()));
            return BAD_INPUT;
        } catch (IOException | UncheckedIOException e) {
            err.println("lab: " + name(name) + oneLine(String.valueOf(e.getMessage())));
            return CHECK_FAILED;
        }
    }

    private void run(Command command, String[] arguments, PrintStream out, Path directory)
            throws UsageException, LabException, IOException {
        if (Arrays.stream(arguments).anyMatch(a -> a.matches("--load(=.*)?"))) {
            throw new UsageException("--load is for ./lab when it starts; a lab that runs takes "
                    + "bundles from its folder load");
        }
        Options options = command.options().addOption(null, "json", false, null);
        CommandLine line;
        try {
            line = DefaultParser.builder().setAllowPartialMatching(false).build()
                    .parse(options, arguments);
        } catch (ParseException e) {
            throw new UsageException(e.getMessage() + "; usage: " + command.name() + " "
                    + command.usage());
        }
        var invocation = new Invocation(line, out, directory);
        List<String> specifications = invocation.values("variant");
        if (specifications.isEmpty()) {
            command.run(invocation);
            return;
        }
        PolicyVariants.Made made = variants().make(specifications);
        try {
            command.run(invocation);
        } finally {
            made.close();
        }
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
