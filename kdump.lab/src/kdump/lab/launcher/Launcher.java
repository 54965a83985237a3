// SPDX-License-Identifier: Apache-2.0
package kdump.lab.launcher;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.Callable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.launch.FrameworkFactory;
import org.osgi.util.tracker.ServiceTracker;

/**
 * Starts the bundles of the lab and calls its command on the main thread. The command is the
 * service {@link Callable} with the property {@code main.thread=true}; what it returns is the exit
 * status. It finds its arguments as bnd's launcher hands them over: a service of type
 * {@link Object} with the properties {@code launcher.arguments} (String[]) and, here only,
 * {@code launcher.stdout} (PrintStream, UTF-8, buffered: flushed when the command has returned).
 * A command refers to that service by {@code (launcher.stdout=*)}: it then stays away from bnd's
 * own launcher, which would run it instead of the tests. A negative status says that the bundle of
 * the shell has gone: another one is waited for, and called (see {@link ReturningCommand}).
 *
 * <p>System properties: {@code lab.home}, the root of the workspace; {@code lab.run}, the file that
 * lists the bundles; {@code lab.directory}, the folder that relative names start from. Bundles of
 * strangers come from the folder {@code load} of the root, and from {@link LoadOption --load}.
 */
public final class Launcher {
    /** Components start while their bundles do; this is for one that waits for a slow other. */
    private static final long COMMAND_WAIT_MILLIS = Long.getLong("lab.wait.millis", 10_000);

    /** Commands that the bundles of settings bring, or that tell of them. */
    private static final Set<String> WITH_SETTINGS = Set.of("config", "help", "--help", "-h");
    private static final String SHELL_ARGUMENTS = "gosh.args";

    private final String[] arguments;
    private final List<Path> named;
    private final PrintStream stdout;
    private final List<String> problems = new ArrayList<>();

    private Launcher(LoadOption load, PrintStream stdout) {
        this.arguments = load.arguments();
        this.named = load.files();
        this.stdout = stdout;
    }

    /** Runs one command, or the interactive shell if there are no arguments, and exits. */
    public static void main(String[] arguments) {
        PrintStream stdout = new PrintStream(new BufferedOutputStream(
                new FileOutputStream(FileDescriptor.out), 1 << 16), false, StandardCharsets.UTF_8);
        // from here on nobody but the command reaches standard output
        System.setOut(System.err);
        int status = 1;
        try {
            status = new Launcher(LoadOption.parse(arguments, directory()), stdout).run();
        } catch (Throwable e) { // or this thread would end and those of the framework go on
            status = Failure.report(e, arguments, System.err);
        }
        if (stdout.checkError()) {
            System.err.println("lab: standard output: not everything could be written");
            status = Math.max(status, 1);
        }
        System.exit(status);
    }

    private static Path directory() {
        return Path.of(System.getProperty("lab.directory", "")).toAbsolutePath();
    }

    private int run() throws Exception {
        Path parent = Path.of(
                System.getProperty("lab.storage", System.getProperty("java.io.tmpdir")));
        Storage storage = Storage.create(parent);
        Runtime.getRuntime().addShutdownHook(new Thread(storage::close));
        boolean script = arguments.length > 0 && arguments[0].equals("-f");
        boolean shell = arguments.length == 0;
        boolean interactive = shell || script;
        if (interactive) {
            System.setProperty("org.jline.terminal.dumb", "true"); // a pipe will do: no warning
            // JLine would look for its parts among the classes of this program
            Thread.currentThread().setContextClassLoader(null);
        }
        // in the shell File Install watches the folder
        List<String> settings = LoadOption.settings(named, shell ? null : load());
        boolean variants = !settings.isEmpty()
                || arguments.length > 0 && WITH_SETTINGS.contains(arguments[0])
                || Arrays.stream(arguments).anyMatch(
                        a -> a.equals("--variant") || a.startsWith("--variant="));
        RunFile run = RunFile.read(Path.of(System.getProperty("lab.run")), interactive,
                shell, variants);
        if (script) {
            run.properties().merge(SHELL_ARGUMENTS, "--nointeractive", (a, b) -> a + " " + b);
        }
        run.properties().put("lab.settings", String.join("\n", settings));
        Framework framework = ServiceLoader.load(FrameworkFactory.class).findFirst().orElseThrow()
                .newFramework(configuration(run, storage.directory(), interactive));
        framework.start();
        BundleContext context = framework.getBundleContext();
        publishArguments(context);
        start(context, run.bundles());
        new StrangerBundles(context, problems).start(shell ? null : load(), named);
        int status = settings.isEmpty() ? 0 : call(service(context, "(lab.settings=true)"));
        Callable<Integer> command = status != 0 ? null : service(context, "(main.thread=true)");
        problems.forEach(problem -> System.err.println("lab: " + Failure.line(problem)));
        status = command == null ? Math.max(status, 1) : call(new ReturningCommand(context, command,
                COMMAND_WAIT_MILLIS, System.err));
        stdout.flush();
        Storage.sweep(parent);
        return status;
    }

    private static int call(Callable<Integer> command) throws FailedCommandException {
        if (command == null) {
            return 1;
        }
        try {
            return command.call();
        } catch (Throwable e) {
            throw new FailedCommandException(e);
        }
    }

    private static Map<String, String> configuration(RunFile run, Path storage,
            boolean interactive) {
        Map<String, String> all = new HashMap<>(run.properties());
        all.put(Constants.FRAMEWORK_STORAGE, storage.resolve("felix").toString());
        all.put("felix.cache.locking", "false"); // the directory is ours alone
        all.put("felix.resolver.parallelism", "1"); // threads cost more than a resolve this small
        all.put("lab.shell", String.valueOf(interactive));
        // only the shell's scripts are found by a bundle: address
        all.put("felix.service.urlhandlers", String.valueOf(interactive));
        all.put("felix.fileinstall.tmpdir", storage.resolve("fileinstall").toString());
        all.put("felix.fileinstall.dir", load().toString());
        return all;
    }

    private static Path load() {
        return Path.of(System.getProperty("lab.home"), "load");
    }

    private void publishArguments(BundleContext context) {
        var properties = new Hashtable<String, Object>();
        properties.put("launcher.arguments", arguments);
        properties.put("launcher.stdout", stdout);
        context.registerService(Object.class, this, properties);
    }

    private void start(BundleContext context, List<Path> files) throws BundleException {
        List<Bundle> bundles = new ArrayList<>();
        for (Path file : files) {
            // by reference: not copied into the storage
            bundles.add(context.installBundle("reference:" + file.toUri()));
        }
        for (Bundle bundle : bundles) {
            if (bundle.getHeaders("").get(Constants.FRAGMENT_HOST) == null) {
                try {
                    bundle.start(Bundle.START_TRANSIENT); // nothing to remember, nothing to write
                } catch (BundleException e) {
                    problems.add(bundle.getSymbolicName() + ": " + e.getMessage());
                }
            }
        }
    }

    private Callable<Integer> service(BundleContext context, String which) throws Exception {
        var tracker = new ServiceTracker<Callable<Integer>, Callable<Integer>>(context,
                context.createFilter("(&(objectClass=java.util.concurrent.Callable)" + which
                        + ")"), null);
        tracker.open();
        Callable<Integer> command = tracker.waitForService(COMMAND_WAIT_MILLIS);
        if (command == null) {
            problems.addAll(UnsatisfiedComponents.of(context));
            String why = problems.isEmpty() ? "no bundle offers one" : String.join("; ", problems);
            problems.clear();
            problems.add("no command after " + COMMAND_WAIT_MILLIS + " ms: " + why);
        }
        return command;
    }
}
