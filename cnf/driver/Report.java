// SPDX-License-Identifier: Apache-2.0
package cnf.driver;

import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** Counts what the test JVMs reported, prints what failed, and knows which skips are allowed. */
final class Report {
    private final PrintStream err;
    private final List<String> skipped = new ArrayList<>();
    private int passed;
    private int failed;

    Report(PrintStream err) {
        this.err = err;
    }

    /** The line that the callers of {@code cnf/make} parse. */
    String summary() {
        return passed + " passed, " + failed + " failed, " + skipped.size() + " skipped";
    }

    /**
     * Adds the JUnit XML files of one test JVM. False if a test failed, if none ran, or if the JVM
     * said so by its exit status; the end of its log is then printed unless a test explains it.
     */
    synchronized boolean add(String what, Path reports, int status, Path log) throws Exception {
        int failedBefore = failed;
        int ran = 0;
        var xml = DocumentBuilderFactory.newInstance().newDocumentBuilder();
        for (File file : Inputs.files(reports.toFile(), 9, f -> f.getName().endsWith(".xml"))) {
            NodeList cases = xml.parse(file).getElementsByTagName("testcase");
            for (int i = 0; i < cases.getLength(); i++) {
                add(what, (Element) cases.item(i));
            }
            ran += cases.getLength();
        }
        err.println(what + ": " + ran + " tests");
        boolean explained = failed > failedBefore;
        if (ran == 0 || status != 0 && !explained) {
            failed++;
            err.println("FAILED " + what + ": " + (ran == 0 ? "no test ran"
                    : "the test JVM ended with status " + status));
            tail(log).forEach(line -> err.println("    " + line));
        }
        return failed == failedBefore;
    }

    private void add(String what, Element test) {
        String name = test.getAttribute("classname") + "." + test.getAttribute("name");
        Element problem = child(test, "failure");
        problem = problem == null ? child(test, "error") : problem;
        if (problem != null) {
            failed++;
            err.println("FAILED " + what + ": " + name);
            String text = problem.getAttribute("message") + "\n" + problem.getTextContent();
            text.lines().filter(l -> !l.isBlank()).distinct().filter(l -> !l.startsWith("\tat ")
                    || l.contains(test.getAttribute("classname"))).limit(15)
                    .forEach(l -> err.println("    " + l.strip()));
        } else if (child(test, "skipped") != null) {
            skipped.add(name);
        } else {
            passed++;
        }
    }

    private static Element child(Element parent, String tag) {
        return (Element) parent.getElementsByTagName(tag).item(0);
    }

    private static List<String> tail(Path log) throws IOException {
        if (!Files.exists(log)) {
            return List.of();
        }
        List<String> lines = new String(Files.readAllBytes(log)).lines().toList();
        return lines.subList(Math.max(0, lines.size() - 30), lines.size());
    }

    /**
     * On a CI machine ({@code CI=true}) every skipped test must match a line of the file: a
     * pattern, where {@code *} stands for anything, then the reason.
     */
    boolean skipsAllowed(Path file) throws IOException {
        String ci = System.getProperty("ci", System.getenv("CI"));
        List<String> refused = new ArrayList<>(skipped);
        for (String line : Files.exists(file) ? Files.readAllLines(file) : List.<String>of()) {
            String glob = line.strip().split("\\s+")[0];
            if (!glob.isEmpty() && !glob.startsWith("#")) {
                String regex = "\\Q" + glob.replace("*", "\\E.*\\Q") + "\\E";
                refused.removeIf(name -> name.matches(regex));
            }
        }
        boolean ok = !"true".equals(ci) || refused.isEmpty();
        refused.forEach(n -> err.println((ok ? "skipped " : "error: skipped, not allowed: ") + n));
        return ok;
    }
}
