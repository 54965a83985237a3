// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import kdump.lab.api.command.CommandLineInterface;
import kdump.lab.api.command.CommandLineInterface.Streams;
import kdump.lab.api.command.ProgressLine;
import kdump.lab.api.command.ScriptInterface;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Filter;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.util.tracker.ServiceTracker;

/** What ./lab runs: the command of the arguments, or the interactive shell if there are none. */
@Component(service = Callable.class, property = "main.thread=true")
public final class Main implements Callable<Integer> {

    private static final String DIRECTORY = "lab.directory";
    /** Whether standard error is a terminal. */
    private static final String PROGRESS = "lab.progress";
    private static final String INTERACTIVE = "(&(objectClass=java.util.concurrent.Callable)"
            + "(lab.interactive=true))";
    private static final long WAIT_MILLIS = 10_000;

    private final CommandLineInterface commands;
    private final BundleContext context;
    private final String[] arguments;
    private final PrintStream out;

    /** Takes the arguments from the service of the launcher. */
    @Activate
    public Main(@Reference CommandLineInterface commands, BundleContext context,
            @Reference(service = Object.class, target = "(launcher.stdout=*)")
                    Map<String, Object> launcher) {
        this.commands = commands;
        this.context = context;
        this.arguments = (String[]) launcher.get("launcher.arguments");
        this.out = (PrintStream) launcher.get("launcher.stdout");
    }

    @Override
    public Integer call() throws Exception {
        Path directory = Path.of(System.getProperty(DIRECTORY, "")).toAbsolutePath();
        if (arguments.length == 0) {
            Callable<Integer> shell = await(context.createFilter(INTERACTIVE));
            return shell == null ? CommandLineInterface.CHECK_FAILED : shell.call();
        }
        if (!arguments[0].equals("-f")) {
            try (var line = Boolean.getBoolean(PROGRESS) ? new ProgressLine(System.err) : null) {
                return commands.run(arguments, new Streams(out, System.err, line), directory);
            }
        }
        if (arguments.length != 2) {
            System.err.println("lab: -f: " + (arguments.length - 1)
                    + " arguments, expected the name of a file");
            return CommandLineInterface.BAD_INPUT;
        }
        ScriptInterface scripts = await(context.createFilter(
                "(objectClass=" + ScriptInterface.class.getName() + ")"));
        return scripts == null ? CommandLineInterface.CHECK_FAILED
                : scripts.run(arguments[1], out, System.err, directory);
    }

    private <T> T await(Filter filter) throws InterruptedException {
        var tracker = new ServiceTracker<T, T>(context, filter, null);
        tracker.open();
        T found = tracker.waitForService(WAIT_MILLIS);
        if (found == null) {
            System.err.println("lab: the shell did not start");
        }
        return found;
    }
}
