// SPDX-License-Identifier: Apache-2.0
package cnf.driver;

import aQute.lib.io.IO;
import java.io.File;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One JVM that runs tests outside a framework, and what is known of it once it has ended. What it
 * prints goes to a file; JUnit's feed in it tells how far it came if it ends before its reports.
 */
final class TestJvm {
    /** A line of the feed, perhaps after what a test printed: engine, test, outcome. */
    private static final Pattern FEED = Pattern.compile(
            "JUnit Jupiter > (.*) :: (STARTED|SUCCESSFUL|FAILED|ABORTED|SKIPPED)$");

    final String name;
    final File reports;
    private final long timeoutSeconds;
    int status;
    private boolean timedOut;

    TestJvm(String name, File reports, long timeoutSeconds) {
        this.name = name;
        this.reports = reports;
        this.timeoutSeconds = timeoutSeconds;
    }

    /** Runs it to its end, or to that of its time. */
    TestJvm run(ProcessBuilder builder) throws Exception {
        Process process = builder.redirectErrorStream(true)
                .redirectOutput(new File(reports, "output.txt")).start();
        timedOut = !process.waitFor(timeoutSeconds, TimeUnit.SECONDS);
        if (timedOut) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().waitFor();
        }
        status = process.exitValue();
        return this;
    }

    /** How far a JVM came that left no reports. */
    record Progress(int passed, List<String> failed, List<String> skipped, Set<String> running) {
        static final Progress NONE = new Progress(0, List.of(), List.of(), Set.of());
    }

    /** Reads the feed. */
    Progress progress() throws Exception {
        int passed = 0;
        List<String> failed = new ArrayList<>();
        List<String> skipped = new ArrayList<>();
        Set<String> running = new LinkedHashSet<>();
        for (String line : log()) {
            Matcher m = FEED.matcher(line);
            if (!m.find()) {
                continue;
            }
            if (m.group(2).equals("STARTED")) {
                running.add(m.group(1));
                continue;
            }
            running.remove(m.group(1));
            switch (m.group(2)) {
                case "SUCCESSFUL" -> passed++;
                case "FAILED" -> failed.add(m.group(1));
                default -> skipped.add(m.group(1));
            }
        }
        return new Progress(passed, failed, skipped, running);
    }

    /** What it printed, a line each. */
    List<String> log() throws Exception {
        return IO.collect(new File(reports, "output.txt")).lines().toList();
    }

    /** Says why a JVM counts as failed that told of no failed test. */
    String reason(int ran, Progress progress) {
        String running = progress.running().isEmpty() ? ""
                : " while running " + String.join(", ", progress.running());
        if (timedOut) {
            return "timed out after " + timeoutSeconds + " s" + running;
        }
        return ran == 0 && running.isEmpty() ? "no test ran"
                : "the test JVM ended with status " + status + running;
    }
}
