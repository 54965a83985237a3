// SPDX-License-Identifier: Apache-2.0
package cnf.driver;

import static aQute.bnd.exceptions.FunctionWithException.asFunction;

import aQute.bnd.build.Run;
import aQute.lib.io.IO;
import aQute.libg.glob.Glob;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;

/** Runs tests, each set in a JVM of its own, and counts and prints what those JVMs report. */
final class Tests {
    private final Build build;
    private final String java = System.getenv().getOrDefault("TEST_JAVA_HOME",
            System.getProperty("java.home")) + "/bin/java";
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

    /** The classes of each project's test folder, outside a framework; projects in parallel. */
    boolean plain() throws Exception {
        return build.workspace.getBuildOrder().parallelStream()
                .filter(project -> !IO.tree(project.getFile("test")).isEmpty())
                .map(asFunction(project -> junit(project.getName(), project.getBase(),
                        project.getTestOutput(), ProjectBuild.testPath(project))))
                .reduce(true, Boolean::logicalAnd);
    }

    /** The driver's own tests, with the libraries of the driver and those of any other test. */
    boolean driver() throws Exception {
        File work = IO.getFile(build.root, "cnf/cache/driver-test");
        File classes = new File(work, "bin_test");
        String path = classes + File.pathSeparator + System.getProperty("java.class.path")
                + File.pathSeparator + ProjectBuild.testPath(build.workspace.getBuildOrder()
                        .iterator().next());
        return ProjectBuild.compile(build, IO.getFile(build.root, "cnf/driver/test"), path, classes)
                && junit("cnf.driver", work, classes, path);
    }

    private boolean junit(String name, File base, File classes, String classPath)
            throws Exception {
        File reports = reports(base, "test");
        return count(name, reports, exec(base, reports, classPath,
                "org.junit.platform.console.ConsoleLauncher", "execute", "--disable-ansi-colors",
                "--reports-dir=" + reports, "--scan-class-path=" + classes));
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

    private int exec(File base, File reports, String classPath, String... arguments)
            throws Exception {
        Process process = start(base, classPath, arguments).redirectErrorStream(true)
                .redirectOutput(new File(reports, "output.txt")).start();
        if (!process.waitFor(timeoutSeconds(), TimeUnit.SECONDS)) {
            build.err.println(base.getName() + ": timed out after " + timeoutSeconds() + " s");
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().waitFor();
        }
        return process.exitValue();
    }

    private ProcessBuilder start(File base, String classPath, String... arguments) {
        var command = new ArrayList<>(List.of(java, "-Dlab.root=" + build.root, "-cp", classPath));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).directory(base);
        // a test that runs ./lab must not wait for the build that runs the test
        builder.environment().put("LAB_FRESH", "1");
        return builder;
    }

    /** Every it*.bndrun, inside its framework. */
    boolean inFramework() throws Exception {
        boolean ok = true;
        for (File file : IO.tree(build.root, "it*.bndrun")) {
            try (Run run = Run.createRun(build.workspace, file)) {
                File reports = reports(run.getBase(), file.getName());
                run.setProperty("java", java);
                run.setProperty("-runenv", "LAB_FRESH=1");
                var tester = run.getProjectTester();
                tester.setReportDir(reports);
                tester.getProjectLauncher().setTimeout(timeoutSeconds(), TimeUnit.SECONDS);
                int status = 1;
                try (var out = IO.writer(new File(reports, "output.txt"))) {
                    tester.getProjectLauncher().setStreams(out, out);
                    tester.prepare();
                    status = build.check(run) ? tester.test() : 1;
                }
                ok &= count(file.getName(), reports, status);
            }
        }
        return ok;
    }

    /** False if a test failed, if none ran, or if the JVM said so by its exit status. */
    private synchronized boolean count(String what, File reports, int status) throws Exception {
        int failedBefore = failed;
        int ran = 0;
        var xml = DocumentBuilderFactory.newInstance().newDocumentBuilder();
        for (File file : IO.tree(reports, "*.xml")) {
            var cases = xml.parse(file).getElementsByTagName("testcase");
            for (int i = 0; i < cases.getLength(); i++, ran++) {
                count(what, (Element) cases.item(i));
            }
        }
        build.err.println(what + ": " + ran + " tests");
        if (ran == 0 || status != 0 && failed == failedBefore) {
            failed++;
            build.err.println("FAILED " + what + ": " + (ran == 0 ? "no test ran"
                    : "the test JVM ended with status " + status) + "; the end of its log:");
            List<String> log = IO.collect(new File(reports, "output.txt")).lines().toList();
            log.stream().skip(Math.max(0, log.size() - 30)).forEach(build.err::println);
        }
        return failed == failedBefore;
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
            text.lines().filter(line -> !line.startsWith("\tat ") || line.contains(type))
                    .map(String::strip).filter(line -> !line.isEmpty()).distinct().limit(15)
                    .forEach(line -> build.err.println("    " + line));
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

    private long timeoutSeconds() {
        return Long.parseLong(build.workspace.getProperty("test.timeout.seconds", "600"));
    }

    private static File reports(File base, String name) throws Exception {
        File reports = IO.getFile(base, "generated/test-reports/" + name);
        IO.delete(reports);
        return IO.mkdirs(reports);
    }
}
