// SPDX-License-Identifier: Apache-2.0
package kdump.lab.gogo;

import java.util.Dictionary;
import java.util.Hashtable;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import kdump.lab.api.command.CommandHelp;
import kdump.lab.api.command.CommandLineInterface;
import kdump.lab.api.command.LineCommand;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.Function;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.osgi.service.component.runtime.ServiceComponentRuntime;

/**
 * The commands of the lab for Gogo, in scope {@code lab}: those that {@code ./lab} has, from the
 * same list. They stay while a bundle that the lab needs is stopped or updated, and say then what
 * is missing. Thread-safe.
 */
@Component(service = GogoCommands.class, immediate = true)
public final class GogoCommands {

    private static final String SCOPE = "lab";

    private final BundleContext context;
    private final ServiceComponentRuntime components;
    private final RunningCommands running = new RunningCommands();
    private final Map<String, Boolean> offered = new ConcurrentHashMap<>();
    private volatile CommandLineInterface commands;

    /** Makes them. */
    @Activate
    public GogoCommands(BundleContext context, @Reference ServiceComponentRuntime components) {
        this.context = context;
        this.components = components;
        offer("help");
        offer("setup", new ShellSetup(this));
        offer("exit", new ExitFunction());
        offer("source", new SourceFunction());
    }

    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void setCommands(CommandLineInterface service) {
        commands = service;
        service.commands().stream().map(CommandHelp::name).forEach(this::offer);
    }

    void unsetCommands(CommandLineInterface service) {
        if (commands == service) {
            commands = null;
        }
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addLineCommand(LineCommand command) {
        offer(command.name());
    }

    void removeLineCommand(LineCommand command) {
        // its name stays, and says that there is no such command
    }

    /** Returns all commands; null while a bundle that they need is stopped. */
    CommandLineInterface commands() {
        return commands;
    }

    /** Returns those that go on. */
    RunningCommands running() {
        return running;
    }

    private void offer(String name) {
        offer(name, new LabFunction(name, this::commands, running,
                () -> String.join("; ", MissingServices.of(components))));
    }

    /** Once: the framework takes it back when this bundle stops. */
    private void offer(String name, Function function) {
        if (offered.putIfAbsent(name, true) == null) {
            Dictionary<String, Object> properties = new Hashtable<>();
            properties.put(CommandProcessor.COMMAND_SCOPE, SCOPE);
            properties.put(CommandProcessor.COMMAND_FUNCTION, name);
            context.registerService(Function.class, function, properties);
        }
    }
}
