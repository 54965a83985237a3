// SPDX-License-Identifier: Apache-2.0
package cnf.driver;

import static aQute.bnd.exceptions.PredicateWithException.asPredicate;

import aQute.bnd.build.Project;
import aQute.bnd.build.Run;
import aQute.lib.io.IO;
import aQute.lib.strings.Strings;
import aQute.libg.glob.Glob;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;

/** Runs tests, each set in a JVM of its own, and counts and prints what those JVMs report. */
final class Tests {
    /** Tests end before the optimising compiler pays: without it they need a third less. */
    private static final String COMPILER = "-XX:TieredStopAtLevel=1";

    private final Build build;
    private final String java = System.getenv().getOrDefault("TEST_JAVA_HOME",
            System.getProperty("java.home")) + "/bin/java";
    private final String seed = System.getProperty("test.seed", System.getenv("SEED"));
    private final Selection selection =
            Selection.of(System.getProperty("test.only", System.getenv("TEST")));
    private final List<String> skipped = new ArrayList<>();
    private int passed;
    private int failed;

    Tests(Build build) {
        this.build = build;
    }

    /** The line that the callers of {@code cnf/make} parse. */
    String summary() {
        return passed + " passed, " + failed + " failed, " + skipped.size() + " skipped";
    }

    /** Runs the tests that goals ask for, as many JVMs at once as there are processors. */
    boolean run(List<String> goals) throws Exception {
        List<Callable<Boolean>> jvms = new ArrayList<>();
        boolean ok = !goals.contains("test") || plain(jvms);
        if (goals.contains("testOSGi")) {
            jvms.add(0, this::inFramework);
        }
        if (goals.contains("testDriver")) {
            jvms.add(0, this::driver);
        }
        return ok & inParallel(jvms);
    }

    /** The classes of each project's test folder, outside a framework. */
    private boolean plain(List<Callable<Boolean>> jvms) throws Exception {
        var chosen = build.workspace.getBuildOrder().stream()
                .filter(project -> !IO.tree(project.getFile("test")).isEmpty())
                .filter(asPredicate(project -> selection.concerns(project.getName(),
                        project.getTestOutput()))).toList();
        if (chosen.isEmpty()) {
            failed++;
            build.err.println("FAILED no project has tests" + selection);
            return false;
        }
        for (Project project : chosen) {
            File classes = project.getTestOutput();
            String path = ProjectBuild.testPath(project);
            var separate = Separately.of(project.getProperty("test.separately"),
                    seconds("test.timeout.seconds"));
            for (var one : selection.jvms(project.getName(), classes, separate)) {
                Callable<Boolean> jvm = () -> junit(one.name(), project.getBase(), one.seconds(),
                        path, one.arguments());
                // the later a project is built, the longer its tests take: they begin first
                jvms.add(0, jvm);
            }
        }
        return true;
    }

    private static boolean inParallel(List<Callable<Boolean>> jvms) throws Exception {
        var pool = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        try {
            boolean ok = true;
            for (var jvm : pool.invokeAll(jvms)) {
                ok &= jvm.get();
            }
            return ok;
        } finally {
            pool.shutdown();
        }
    }

    /** The driver's own tests, with the libraries of the driver and those of any other test. */
    private boolean driver() throws Exception {
        File work = IO.getFile(build.root, "cnf/cache/driver-test");
        File classes = new File(work, "bin_test");
        String path = classes + File.pathSeparator + System.getProperty("java.class.path")
                + File.pathSeparator + ProjectBuild.testPath(build.workspace.getBuildOrder()
                        .iterator().next());
        return ProjectBuild.compile(build, List.of(IO.getFile(build.root, "cnf/driver/test")), path,
                classes) && junit("cnf.driver", work, seconds("test.timeout.seconds"), path,
                        List.of("--scan-class-path=" + classes));
    }

    private boolean junit(String name, File base, long seconds, String classPath,
            List<String> selected) throws Exception {
        var jvm = new TestJvm(name, reports(base, name), seconds);
        var arguments = new ArrayList<>(List.of("org.junit.platform.console.ConsoleLauncher",
                "execute", "--disable-ansi-colors", "--disable-banner", "--details=testfeed",
                "--reports-dir=" + jvm.reports));
        arguments.addAll(selected);
        ProcessBuilder start = start(base, classPath, arguments.toArray(String[]::new));
        start.command().add(1, COMPILER);
        // for each ./lab that a test runs
        start.environment().put("LAB_JAVA_OPTS", COMPILER);
        return count(jvm.run(start));
    }

    /** The main classes that projects name; they print what they find. */
    boolean main(String property) throws Exception {
        boolean ok = true;
        for (var project : build.workspace.getBuildOrder()) {
            String main = project.getProperty(property);
            if (main != null) {
                ok &= start(project.getBase(), ProjectBuild.testPath(project), main).inheritIO()
                        .start().waitFor() == 0;
            }
        }
        return ok;
    }

    private ProcessBuilder start(File base, String classPath, String... arguments) {
        var command = new ArrayList<>(List.of(java, "-Dlab.root=" + build.root, "-cp", classPath));
        if (seed != null) {
            command.add(1, "-Dseed=" + seed);
        }
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).directory(base);
        // a test that runs ./lab must not wait for the build that runs the test
        builder.environment().put("LAB_FRESH", "1");
        return builder;
    }

    /** Every it*.bndrun, inside its framework; of one class only that, if it is in the bundle. */
    private boolean inFramework() throws Exception {
        boolean ok = true;
        for (File file : IO.tree(build.root, "it*.bndrun")) {
            try (Run run = Run.createRun(build.workspace, file)) {
                var jvm = new TestJvm(file.getName(), reports(run.getBase(), file.getName()),
                        seconds("test.framework.seconds"));
                run.setProperty("java", java);
                run.setProperty("-runenv", "LAB_FRESH=1,LAB_JAVA_OPTS='" + COMPILER + "'");
                run.setProperty("-runvm.tests", COMPILER);
                var tester = run.getProjectTester();
                tester.setReportDir(jvm.reports);
                List<String> classes = selection.inFramework(IO.getFile(run.getBase(), "bin"));
                (classes.isEmpty() ? Strings.split(run.getProperty("test.classes", "")) : classes)
                        .forEach(tester::addTest);
                tester.getProjectLauncher().setTimeout(seconds("test.framework.seconds"),
                        TimeUnit.SECONDS);
                jvm.status = 1;
                try (var out = IO.writer(new File(jvm.reports, "output.txt"))) {
                    tester.getProjectLauncher().setStreams(out, out);
                    tester.prepare();
                    jvm.status = build.check(run) ? tester.test() : 1;
                }
                ok &= count(jvm);
            }
        }
        return ok;
    }

    /** False if a test failed, if none ran, or if the JVM said so by its exit status. */
    private synchronized boolean count(TestJvm jvm) throws Exception {
        int failedBefore = failed;
        int ran = 0;
        var xml = DocumentBuilderFactory.newInstance().newDocumentBuilder();
        for (File file : IO.tree(jvm.reports, "*.xml")) {
            var cases = xml.parse(file).getElementsByTagName("testcase");
            for (int i = 0; i < cases.getLength(); i++, ran++) {
                count(jvm.name, (Element) cases.item(i));
            }
        }
        var progress = ran == 0 ? jvm.progress() : TestJvm.Progress.NONE;
        ran += count(jvm.name, progress);
        build.err.println(jvm.name + ": " + ran + " tests");
        if (jvm.status != 0 && failed == failedBefore || ran == 0
                || !progress.running().isEmpty()) {
            failed++;
            build.err.println("FAILED " + jvm.name + ": " + jvm.reason(ran, progress)
                    + "; the end of its log:");
            List<String> log = jvm.log();
            log.stream().skip(Math.max(0, log.size() - 30)).forEach(build.err::println);
        }
        return failed == failedBefore;
    }

    /** Counts what a JVM has done that left no reports; returns how many tests that is. */
    private int count(String what, TestJvm.Progress progress) {
        passed += progress.passed();
        failed += progress.failed().size();
        skipped.addAll(progress.skipped());
        progress.failed().forEach(name -> build.err.println("FAILED " + what + ": " + name));
        return progress.passed() + progress.failed().size() + progress.skipped().size();
    }

    private void count(String what, Element test) {
        String type = test.getAttribute("classname");
        String name = type + "." + test.getAttribute("name");
        var problem = test.getElementsByTagName("failure").item(0);
        problem = problem == null ? test.getElementsByTagName("error").item(0) : problem;
        if (problem instanceof Element bad) {
            failed++;
            build.err.println("FAILED " + what + ": " + name);
            String text = bad.getAttribute("message") + "\n" + bad.getTextContent();
            text.lines().filter(line -> !line.strip().startsWith("at ") || line.contains(type))
                    .map(String::strip).filter(line -> !line.isEmpty()).distinct().limit(15)
                    .forEach(line -> build.err.println("    " + line));
            text.lines().skip(15).filter(line -> line.contains("repeat with: ")).findFirst()
                    .ifPresent(line -> build.err.println("    " + line.strip()));
        } else if (test.getElementsByTagName("skipped").getLength() > 0) {
            skipped.add(name);
        } else {
            passed++;
        }
    }

    /** With {@code CI=true} every skipped test must match a pattern that a line begins with. */
    boolean skipsAllowed(File file) throws Exception {
        boolean strict = "true".equals(System.getProperty("ci", System.getenv("CI")));
        List<Glob> allowed = file.exists() ? IO.collect(file).lines()
                .map(line -> new Glob(line.split("\\s", 2)[0])).toList() : List.of();
        List<String> refused = skipped.stream().filter(name -> allowed.stream()
                .noneMatch(glob -> glob.matcher(name).matches())).toList();
        refused.forEach(name -> build.err.println(
                (strict ? "error: skipped, not allowed: " : "skipped ") + name));
        return !strict || refused.isEmpty();
    }

    private long seconds(String property) {
        return Long.parseLong(build.workspace.getProperty(property, "600"));
    }

    private static File reports(File base, String name) throws Exception {
        File reports = IO.getFile(base, "generated/test-reports/" + name);
        IO.delete(reports);
        return IO.mkdirs(reports);
    }
}
