// SPDX-License-Identifier: Apache-2.0
package cnf.driver;

import aQute.lib.io.IO;
import java.io.File;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * One JVM that runs tests outside a framework, and what is known of it once it has ended. What it
 * prints goes to a file; JUnit's feed in it tells how far it came if it ends before its reports.
 */
final class TestJvm {
    /** A line of the feed, perhaps after what a test printed: engine, test, outcome. */
    private static final Pattern FEED = Pattern.compile(
            "JUnit Jupiter > (.*) :: (STARTED|SUCCESSFUL|FAILED|ABORTED|SKIPPED)$");

    private static final long WINDOW_MILLIS = 1000;
    /** A JVM that waits gets less than that in a window, one that computes more, among fifty. */
    private static final long IDLE_MILLIS = 20;

    final String name;
    final File reports;
    private final long quietSeconds;
    int status;
    private boolean timedOut;

    /**
     * Makes one that may take as long as it wants while tests begin and end.
     *
     * @param quietSeconds how long it may print nothing, not even the feed; see {@link #charged}
     */
    TestJvm(String name, File reports, long quietSeconds) {
        this.name = name;
        this.reports = reports;
        this.quietSeconds = quietSeconds;
    }

    /** Runs it to its end, or until it has been quiet for too long. */
    TestJvm run(ProcessBuilder builder) throws Exception {
        File output = new File(reports, "output.txt");
        Process process = builder.redirectErrorStream(true).redirectOutput(output).start();
        long printed = 0;
        long computed = 0;
        long quiet = 0;
        while (!timedOut && !process.waitFor(WINDOW_MILLIS, TimeUnit.MILLISECONDS)) {
            long now = computedMillis(process.toHandle());
            quiet = output.length() == printed ? quiet + charged(now - computed) : 0;
            printed = output.length();
            computed = now;
            timedOut = quiet > TimeUnit.SECONDS.toMillis(quietSeconds);
        }
        if (timedOut) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().waitFor();
        }
        status = process.exitValue();
        return this;
    }

    /**
     * What a window counts: the processor time that the JVM got in it, little on a busy machine; or
     * all of it if the JVM did nothing but wait.
     */
    static long charged(long computedMillis) {
        return computedMillis < IDLE_MILLIS ? WINDOW_MILLIS
                : Math.min(computedMillis, WINDOW_MILLIS);
    }

    private static long computedMillis(ProcessHandle process) {
        return Stream.concat(Stream.of(process), process.descendants())
                .flatMap(one -> one.info().totalCpuDuration().stream())
                .mapToLong(Duration::toMillis).sum();
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
            return "timed out, quiet for " + quietSeconds + " s" + running;
        }
        return ran == 0 && running.isEmpty() ? "no test ran"
                : "the test JVM ended with status " + status + running;
    }
}
