// SPDX-License-Identifier: Apache-2.0
package cnf.driver;

import aQute.bnd.build.Project;
import aQute.bnd.build.Workspace;
import aQute.bnd.osgi.Constants;
import aQute.bnd.osgi.Processor;
import aQute.lib.io.IO;
import biz.aQute.resolve.Bndrun;
import java.io.File;
import java.io.PrintStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;

/**
 * The goals of {@code cnf/make}, run one after the other under the workspace's lock. Progress goes
 * to standard error; the only line on standard output is the count of tests, and it comes last.
 */
public final class Build {
    final Path root;
    final PrintStream err;
    final Report report;
    Workspace workspace;
    /** The one project to build, with all it needs, and to test; null for all projects. */
    private final String only = System.getProperty("project");

    private Build(Path root, PrintStream err) {
        this.root = root;
        this.err = err;
        report = new Report(err);
    }

    /** Runs the goals named; an argument {@code -Dname=value} sets a system property instead. */
    public static void main(String[] arguments) {
        List<String> goals = new ArrayList<>();
        for (String argument : arguments) {
            if (argument.startsWith("-D")) {
                String[] pair = argument.substring(2).split("=", 2);
                System.setProperty(pair[0], pair.length == 1 ? "true" : pair[1]);
            } else {
                goals.add(argument);
            }
        }
        System.exit(run(Path.of("").toAbsolutePath(), goals, System.out, System.err));
    }

    /** Returns the exit status: 0 if every goal succeeded, else 1. */
    static int run(Path root, List<String> wanted, PrintStream out, PrintStream err) {
        List<String> goals = wanted.isEmpty()
                ? List.of("build", "testDriver", "test", "testOSGi") : wanted;
        Build build = new Build(root, err);
        boolean ok = false;
        try {
            ok = build.locked(goals);
        } catch (Exception e) {
            err.println("error: " + e);
        }
        err.println(ok ? "OK" : "FAILED");
        if (goals.stream().anyMatch(goal -> goal.startsWith("test"))) {
            out.println(build.report.summary());
        }
        return ok ? 0 : 1;
    }

    private boolean locked(List<String> goals) throws Exception {
        Path lock = Files.createDirectories(root.resolve("cnf/cache")).resolve("lock");
        try (var file = FileChannel.open(lock, StandardOpenOption.CREATE,
                StandardOpenOption.WRITE)) {
            if (file.tryLock() == null) { // closing the file ends the lock
                err.println("another build of this workspace is running; waiting for it");
                file.lock();
            }
            Workspace.setDriver("kdump");
            Workspace.addGestalt(Constants.GESTALT_BATCH, null);
            workspace = new Workspace(root.toFile());
            boolean ok = true;
            for (String goal : goals) {
                long start = System.nanoTime();
                ok &= goal(goal);
                err.printf("%-13s %5.1f s%n", goal, (System.nanoTime() - start) / 1e9);
                if (!ok && !goal.startsWith("test")) {
                    return false; // tests of what did not build tell nothing
                }
            }
            return ok & report.skipsAllowed(root.resolve("cnf/allowed-skips.txt"));
        }
    }

    private boolean goal(String goal) throws Exception {
        return switch (goal) {
            case "clean" -> clean();
            case "build" -> build();
            case "testDriver" -> new Tests(this).driver();
            case "test" -> new Tests(this).plain();
            case "testOSGi" -> new Tests(this).inFramework();
            case "bench" -> new Tests(this).bench();
            case "resolve" -> resolve(false);
            case "resolve-check" -> resolve(true);
            default -> throw new IllegalArgumentException("unknown goal " + goal);
        };
    }

    private boolean clean() throws Exception {
        for (Project project : workspace.getAllProjects()) {
            for (String output : List.of("bin", "bin_test", "generated")) {
                IO.delete(project.getFile(output));
            }
        }
        return true;
    }

    private boolean build() throws Exception {
        FileTime start = FileTime.fromMillis(System.currentTimeMillis());
        Inputs inputs = new Inputs(root);
        boolean ok = check(workspace, "cnf");
        var pool = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        try {
            Map<Project, CompletableFuture<Boolean>> built = new LinkedHashMap<>();
            for (Project project : projects(true)) {
                var needs = project.getDependson().stream().map(built::get)
                        .filter(Objects::nonNull).toList();
                built.put(project, CompletableFuture.allOf(needs.toArray(CompletableFuture[]::new))
                        .thenApplyAsync(all -> needs.stream().allMatch(CompletableFuture::join)
                                && build(project, inputs), pool));
            }
            for (CompletableFuture<Boolean> one : built.values()) {
                ok &= one.join();
            }
        } finally {
            pool.shutdownNow();
        }
        if (ok && only == null && (ok = LabFiles.write(this))) {
            Path mark = Files.write(root.resolve("cnf/cache/built"), new byte[0]);
            // ./lab looks for what is newer; that includes what was edited during the build
            Files.setLastModifiedTime(mark, start);
        }
        return ok;
    }

    private boolean build(Project project, Inputs inputs) {
        try {
            return new ProjectBuild(this, project, inputs).run();
        } catch (Exception | LinkageError | StackOverflowError e) {
            err.println(project.getName() + ": error: " + e);
            return false;
        }
    }

    private boolean resolve(boolean failOnChanges) throws Exception {
        boolean ok = true;
        for (File file : bndruns()) {
            try (Bndrun run = Bndrun.createBndrun(workspace, file)) {
                if (!failOnChanges) {
                    run.getModel().setRunBundles(List.of()); // else the old order would stay
                }
                run.resolve(failOnChanges, !failOnChanges);
                ok &= check(run, file.getName());
            }
        }
        return ok;
    }

    /** The projects that this run is about, each after those that it depends on. */
    List<Project> projects(boolean withNeeds) throws Exception {
        List<Project> all = new ArrayList<>(workspace.getBuildOrder());
        if (only != null) {
            Project one = Objects.requireNonNull(workspace.getProject(only), "no project " + only);
            var needs = one.getDependson();
            all.removeIf(p -> p != one && !(withNeeds && needs.contains(p)));
        }
        return all;
    }

    List<File> bndruns() throws Exception {
        List<File> all = new ArrayList<>();
        for (Project project : projects(false)) {
            all.addAll(Inputs.files(project.getBase(), 1, f -> f.getName().endsWith(".bndrun")));
        }
        return all;
    }

    /** Prints what bnd complains of, and forgets it. False if there was an error. */
    synchronized boolean check(Processor processor, String name) {
        processor.getWarnings().forEach(w -> err.println(name + ": warning: " + w));
        processor.getErrors().forEach(e -> err.println(name + ": error: " + e));
        boolean ok = processor.getErrors().isEmpty();
        processor.clear();
        return ok;
    }
}
