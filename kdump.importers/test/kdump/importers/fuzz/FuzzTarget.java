// SPDX-License-Identifier: Apache-2.0
package kdump.importers.fuzz;

import iommu.api.machine.FormatException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/**
 * What Jazzer calls with each input: a parser takes it, or refuses it with one line, within a
 * second of processor time. Anything else is a finding.
 */
public final class FuzzTarget {

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private static final long LIMIT_NANOS = 1_000_000_000L;
    /** A line that nobody reads to its end: found values are shortened before. */
    private static final int MAX_LINE = 1000;

    private static Parser parser;

    private FuzzTarget() { }

    /**
     * Chooses the parser.
     *
     * @param arguments its name
     */
    public static void fuzzerInitialize(String[] arguments) {
        parser = Parser.valueOf(arguments[0]);
    }

    /** Tries one input. */
    public static void fuzzerTestOneInput(byte[] file) throws IOException {
        long start = THREADS.getCurrentThreadCpuTime();
        try {
            parser.parse(file);
        } catch (FormatException e) {
            String line = e.getMessage();
            if (!line.contains("expected") || line.contains("\n") || line.length() > MAX_LINE) {
                throw new IllegalStateException("a complaint that is no line: " + line, e);
            }
        }
        if (THREADS.getCurrentThreadCpuTime() - start > LIMIT_NANOS) {
            throw new IllegalStateException("more than a second of processor time");
        }
    }
}
