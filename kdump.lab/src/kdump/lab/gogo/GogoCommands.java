// SPDX-License-Identifier: Apache-2.0
package kdump.lab.gogo;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.stream.Stream;
import kdump.lab.api.command.CommandLineInterface;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.osgi.service.component.runtime.ServiceComponentRuntime;

/**
 * The commands of the lab for Gogo: as ./lab runs them, with the same arguments. They stay while a
 * bundle that the lab needs is stopped or updated, and say then what is missing. Thread-safe.
 */
@Component(service = GogoCommands.class, property = {"osgi.command.scope=lab",
    "osgi.command.function=machines", "osgi.command.function=policies",
    "osgi.command.function=compare", "osgi.command.function=crash",
    "osgi.command.function=mappings", "osgi.command.function=walk",
    "osgi.command.function=import"})
public final class GogoCommands {

    private final ServiceComponentRuntime components;

    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    private volatile CommandLineInterface commands;

    /** Makes them. */
    @Activate
    public GogoCommands(@Reference ServiceComponentRuntime components) {
        this.components = components;
    }

    private void run(CommandSession session, String name, String[] arguments) {
        PrintStream out = session.getConsole();
        CommandLineInterface now = commands;
        if (now == null) {
            out.println("lab: " + name + ": not now: "
                    + String.join("; ", MissingServices.of(components)));
            return;
        }
        Path directory = Path.of(System.getProperty("lab.directory", "")).toAbsolutePath();
        try {
            now.run(Stream.concat(Stream.of(name), Stream.of(arguments)).toArray(String[]::new),
                    out, out, directory);
        } catch (OutOfMemoryError e) {
            // what the command held is free again: the shell goes on
            out.println("lab: " + name + ": not enough memory");
        }
    }

    /** Lists machines. */
    @Descriptor("the machines at hand")
    public void machines(CommandSession session, String... arguments) {
        run(session, "machines", arguments);
    }

    /** Lists policies. */
    @Descriptor("the policies in force")
    public void policies(CommandSession session, String... arguments) {
        run(session, "policies", arguments);
    }

    /** Compares policies. */
    @Descriptor("the matrix over all policies: MACHINE [--policy P]... [--seed N] [--crash-at T]")
    public void compare(CommandSession session, String... arguments) {
        run(session, "compare", arguments);
    }

    /** Runs one policy. */
    @Descriptor("one run with its timeline: MACHINE --policy P [--trace] [--seed N] [--crash-at T]")
    public void crash(CommandSession session, String... arguments) {
        run(session, "crash", arguments);
    }

    /** Lists translations. */
    @Descriptor("every live translation: TARGET [--requester BDF]")
    public void mappings(CommandSession session, String... arguments) {
        run(session, "mappings", arguments);
    }

    /** Walks tables. */
    @Descriptor("each table entry on the way of an address: TARGET BDF IOVA [--write]")
    public void walk(CommandSession session, String... arguments) {
        run(session, "walk", arguments);
    }

    /** Writes a machine file; Gogo puts the sign before words that Java keeps for itself. */
    @Descriptor("a machine file out of real data: TARGET --out FILE.yaml [--force]")
    public void _import(CommandSession session, String... arguments) {
        run(session, "import", arguments);
    }
}
