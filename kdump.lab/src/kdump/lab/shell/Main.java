// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import kdump.lab.api.command.CommandLineInterface;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.util.tracker.ServiceTracker;

/** What ./lab runs: the command of the arguments, or the interactive shell if there are none. */
@Component(service = Callable.class, property = "main.thread=true")
public final class Main implements Callable<Integer> {

    private static final String DIRECTORY = "lab.directory";
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
        if (arguments.length > 0) {
            return commands.run(arguments, out, System.err,
                    Path.of(System.getProperty(DIRECTORY, "")).toAbsolutePath());
        }
        var tracker = new ServiceTracker<Callable<Integer>, Callable<Integer>>(context,
                context.createFilter(INTERACTIVE), null);
        tracker.open();
        Callable<Integer> shell = tracker.waitForService(WAIT_MILLIS);
        if (shell == null) {
            System.err.println("lab: the interactive shell did not start");
            return CommandLineInterface.CHECK_FAILED;
        }
        return shell.call();
    }
}
