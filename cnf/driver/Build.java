// SPDX-License-Identifier: Apache-2.0
package cnf.driver;

import aQute.bnd.build.Container;
import aQute.bnd.build.Project;
import aQute.bnd.build.Run;
import aQute.bnd.build.Workspace;
import aQute.bnd.osgi.Constants;
import aQute.bnd.osgi.Processor;
import aQute.lib.io.IO;
import biz.aQute.resolve.Bndrun;
import java.io.File;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;

/**
 * The goals of {@code cnf/make}, run one after the other under the workspace's lock. Progress goes
 * to standard error; the only line on standard output is the count of tests, and it comes last.
 */
public final class Build {
    final File root;
    final PrintStream err;
    private final Tests tests = new Tests(this);
    Workspace workspace;

    private Build(File root, PrintStream err) {
        this.root = root;
        this.err = err;
    }

    public static void main(String[] goals) {
        System.exit(run(new File("").getAbsoluteFile(), List.of(goals), System.out, System.err));
    }

    /** Returns the exit status: 0 if every goal succeeded, else 1. */
    static int run(File root, List<String> goals, PrintStream out, PrintStream err) {
        Build build = new Build(root, err);
        boolean ok = false;
        IO.getFile(root, "cnf/cache").mkdirs();
        try (var lock = new RandomAccessFile(IO.getFile(root, "cnf/cache/lock"), "rw")) {
            if (lock.getChannel().tryLock() == null) { // closing the file ends the lock
                err.println("another build of this workspace is running; waiting for it");
                lock.getChannel().lock();
            }
            ok = build.run(goals);
        } catch (Exception e) {
            err.println("error: " + e);
        }
        err.println(ok ? "OK" : "FAILED");
        if (goals.stream().anyMatch(goal -> goal.startsWith("test"))) {
            out.println(build.tests.summary());
        }
        return ok ? 0 : 1;
    }

    private boolean run(List<String> goals) throws Exception {
        Workspace.addGestalt(Constants.GESTALT_BATCH, null);
        workspace = new Workspace(root);
        boolean ok = true;
        List<String> testGoals = goals.stream().filter(g -> g.startsWith("test")).toList();
        for (String goal : new LinkedHashSet<>(goals)) {
            ok &= switch (goal) {
                case "clean" -> {
                    for (Project project : workspace.getAllProjects()) {
                        project.clean();
                    }
                    yield true;
                }
                case "build" -> build();
                case "testDriver", "test", "testOSGi" -> // all at once, when the first is named
                    !goal.equals(testGoals.get(0)) || tests.run(testGoals);
                case "bench", "fuzz", "differ" -> tests.main(goal + ".main");
                case "release" -> new Release(this).keep();
                case "dist" -> distribute();
                case "resolve" -> resolve(false);
                case "resolve-check" -> resolve(true);
                default -> throw new IllegalArgumentException("unknown goal " + goal);
            };
            if (!ok && !goal.startsWith("test")) {
                return false; // tests of what did not build tell nothing
            }
        }
        return ok & tests.skipsAllowed(IO.getFile(root, "cnf/allowed-skips.txt"));
    }

    private boolean build() throws Exception {
        long start = System.currentTimeMillis();
        String shared = ProjectBuild.digest(Runtime.version().toString(), root,
                List.of("bnd.bnd", "cnf/**"), "cnf/cache/**");
        boolean ok = check(workspace);
        var pool = Executors.newWorkStealingPool(); // of daemons, which keep no JVM alive
        var built = new LinkedHashMap<Project, CompletableFuture<Boolean>>();
        for (Project project : workspace.getBuildOrder()) {
            var needs = project.getDependson().stream().map(built::get).toList();
            built.put(project, CompletableFuture.allOf(needs.toArray(CompletableFuture[]::new))
                    .thenApplyAsync(all -> needs.stream().allMatch(CompletableFuture::join)
                            && new ProjectBuild(this, project, shared).run(), pool));
        }
        for (var one : built.values()) {
            ok &= one.join();
        }
        File lab = IO.getFile(root, "kdump.lab/lab.bndrun");
        if (ok && lab.exists() && (ok = describe(lab))) {
            File mark = IO.getFile(root, "cnf/cache/built");
            IO.store("", mark);
            // ./lab looks for what is newer; that includes what was edited during the build
            mark.setLastModified(start);
        }
        return ok;
    }

    /** Writes what {@code ./lab} starts from: its class path, framework properties, bundles. */
    private boolean describe(File lab) throws Exception {
        try (Run run = Run.createRun(workspace, lab)) {
            StringBuilder text = new StringBuilder(ProjectBuild.classPath(run.getRunpath())
                    + File.pathSeparator + ProjectBuild.classPath(run.getRunFw()) + "\n");
            run.getRunProperties().forEach((k, v) -> text.append("property " + k + " " + v + "\n"));
            var interactive = run.parseHeader(run.getProperty("lab.interactive"));
            var watching = run.parseHeader(run.getProperty("lab.watching"));
            var variants = run.parseHeader(run.getProperty("lab.variants"));
            for (Container bundle : Container.flatten(run.getRunbundles())) {
                String name = bundle.getBundleSymbolicName();
                String when = watching.containsKey(name) ? "watching "
                        : interactive.containsKey(name) ? "interactive "
                        : variants.containsKey(name) ? "variant " : "bundle ";
                text.append(when + bundle.getFile() + "\n");
            }
            File file = IO.getFile(root, "kdump.lab/generated/lab.run");
            IO.store(text, new File(file + ".new"));
            IO.rename(new File(file + ".new"), file); // another ./lab may be reading it
            return check(run);
        }
    }

    private boolean distribute() throws Exception {
        File made = new Distribution(root, workspace.getProperty("Bundle-Version")).make();
        err.println(root.toPath().relativize(made.toPath()) + ": " + (made.length() >> 10)
                + " KiB; unpacked anywhere its ./lab runs, also where nobody may write");
        return true;
    }

    private boolean resolve(boolean failOnChanges) throws Exception {
        boolean ok = true;
        for (File file : IO.tree(root, "*.bndrun")) {
            try (Bndrun run = Bndrun.createBndrun(workspace, file)) {
                run.resolve(failOnChanges, !failOnChanges);
                ok &= check(run);
            }
        }
        return ok;
    }

    /** Prints what bnd complains of, and forgets it. False if there was something. */
    synchronized boolean check(Processor processor) {
        List<String> found = new ArrayList<>(processor.getErrors());
        found.addAll(processor.getWarnings());
        found.forEach(problem -> err.println(processor + ": error: " + problem));
        processor.clear();
        return found.isEmpty();
    }
}
