// SPDX-License-Identifier: Apache-2.0
package cnf.driver;

import aQute.bnd.build.Project;
import aQute.bnd.build.ProjectTester;
import aQute.bnd.build.Run;
import aQute.bnd.osgi.Constants;
import aQute.bnd.service.Strategy;
import aQute.lib.io.IO;
import java.io.File;
import java.io.FileWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Runs tests, each set in a JVM of its own; none may run longer than test.timeout.seconds. */
final class Tests {
    private final Build build;
    private final String java;
    private final long timeoutSeconds;
    private final File console;

    Tests(Build build) throws Exception {
        this.build = build;
        String home = System.getenv().getOrDefault("TEST_JAVA_HOME",
                System.getProperty("java.home"));
        java = Path.of(System.getProperty("test.java.home", home), "bin", "java").toString();
        timeoutSeconds = Long.parseLong(
                build.workspace.getProperty("test.timeout.seconds", "600"));
        console = bundle("junit-platform-console-standalone");
    }

    /** The classes of each project's test folder, outside a framework; projects in parallel. */
    boolean plain() throws Exception {
        List<Callable<Boolean>> all = new ArrayList<>();
        for (Project project : build.projects(false)) {
            // bnd makes empty folders, which are none to git
            if (!Inputs.files(project.getTestSrc(), 99, f -> true).isEmpty()) {
                List<File> classPath = ProjectBuild.testPath(project);
                all.add(() -> junit(project.getName(), project.getBase(), classPath));
            }
        }
        var pool = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        try {
            boolean ok = true;
            for (Future<Boolean> one : pool.invokeAll(all)) {
                ok &= one.get();
            }
            return ok;
        } finally {
            pool.shutdownNow();
        }
    }

    /** The driver's own tests. */
    boolean driver() throws Exception {
        Path work = build.root.resolve("cnf/cache/driver-test");
        List<File> classPath = new ArrayList<>(List.of(work.resolve("bin_test").toFile()));
        for (String part : System.getProperty("java.class.path").split(File.pathSeparator)) {
            classPath.add(new File(part).getAbsoluteFile());
        }
        classPath.add(bundle("assertj-core"));
        classPath.add(console);
        File sources = build.root.resolve("cnf/driver/test").toFile();
        return ProjectBuild.compile(build, sources, classPath, classPath.get(0), "")
                && junit("cnf.driver", work.toFile(), classPath, "-XX:TieredStopAtLevel=1");
    }

    private boolean junit(String name, File base, List<File> classPath, String... options)
            throws Exception {
        Path reports = base.toPath().resolve("generated/test-reports/test");
        IO.delete(reports);
        File log = reports.resolve("output.txt").toFile();
        List<String> arguments = new ArrayList<>(List.of(options));
        arguments.addAll(List.of("-cp", ProjectBuild.join(classPath) + File.pathSeparator
                + console, "org.junit.platform.console.ConsoleLauncher", "execute",
                "--disable-banner", "--details=tree", "--disable-ansi-colors",
                "--reports-dir=" + reports, "--scan-class-path=" + classPath.get(0)));
        return build.report.add(name, reports, exec(arguments, base, log), log.toPath());
    }

    private int exec(List<String> arguments, File base, File log) throws Exception {
        List<String> command = new ArrayList<>(List.of(java, "-Dlab.root=" + build.root));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).directory(base);
        // a test that runs ./lab must not wait for the build that runs the test
        builder.environment().put("LAB_FRESH", "1");
        if (log != null) {
            IO.mkdirs(log.getParentFile());
            builder.redirectErrorStream(true).redirectOutput(log);
        } else {
            builder.inheritIO();
        }
        Process process = builder.start();
        if (!process.waitFor(timeoutSeconds, TimeUnit.SECONDS)) {
            build.err.println(base.getName() + ": timed out after " + timeoutSeconds + " s");
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().waitFor();
        }
        return process.exitValue();
    }

    /** Every bndrun that names a tester, inside its framework. */
    boolean inFramework() throws Exception {
        boolean ok = true;
        for (File file : build.bndruns()) {
            try (Run run = Run.createRun(build.workspace, file)) {
                if (run.getProperty(Constants.TESTER) != null) {
                    ok &= inFramework(run, file.getName());
                }
            }
        }
        return ok;
    }

    private boolean inFramework(Run run, String name) throws Exception {
        Path reports = run.getBase().toPath().resolve("generated/test-reports/" + name);
        IO.delete(reports);
        Files.createDirectories(reports);
        Path log = reports.resolve("output.txt");
        run.setProperty("java", java);
        run.setProperty(Constants.RUNENV, "LAB_FRESH=1");
        ProjectTester tester = run.getProjectTester();
        tester.setReportDir(reports.toFile());
        tester.setCwd(run.getBase());
        tester.getProjectLauncher().setTimeout(timeoutSeconds, TimeUnit.SECONDS);
        int status = 1;
        try (Writer out = new FileWriter(log.toFile())) {
            tester.getProjectLauncher().setStreams(out, out);
            tester.prepare();
            if (build.check(run, name)) {
                status = tester.test();
            }
        }
        return build.report.add(name, reports, status, log);
    }

    /** The main classes of kdump.lab.tests/bench; they print figures and judge nothing. */
    boolean bench() throws Exception {
        Project project = build.workspace.getProject("kdump.lab.tests");
        File sources = project.getFile("bench");
        File bin = new File(project.getTarget(), "bench");
        List<File> classPath = new ArrayList<>(List.of(bin, project.getOutput()));
        classPath.addAll(Inputs.classPath(project.getBuildpath()));
        boolean ok = ProjectBuild.compile(build, sources, classPath, bin, "-Xlint:all");
        for (File file : Inputs.files(sources, 99, f -> f.getName().endsWith("Bench.java"))) {
            String path = sources.toPath().relativize(file.toPath()).toString();
            String main = path.substring(0, path.length() - 5).replace(File.separatorChar, '.');
            build.err.println("-- " + main);
            ok = ok && exec(List.of("-cp", ProjectBuild.join(classPath), main),
                    project.getBase(), null) == 0;
        }
        return ok;
    }

    private File bundle(String name) throws Exception {
        var any = build.workspace.getAllProjects().stream().findAny().orElseThrow();
        return any.getBundle(name, "0", Strategy.HIGHEST, Map.of()).getFile();
    }
}
