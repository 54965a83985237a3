// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the programs of regressions.txt. */
final class Regressions {

    private static final Pattern STEP = Pattern.compile("(.*)  \\{(.*)\\}");
    private static final Pattern START = Pattern.compile("writeq 0x(e0[0123]00)098 .*");

    /** A program, its name and the unit it is for. */
    record Regression(String name, Oracle oracle, String unit, Program program) {

        @Override
        public String toString() {
            return name;
        }
    }

    private Regressions() { }

    static List<Regression> all() throws IOException {
        var all = new ArrayList<Regression>();
        try (InputStream in = Regressions.class.getResourceAsStream("regressions.txt");
                var lines = new BufferedReader(
                        new InputStreamReader(in, StandardCharsets.US_ASCII))) {
            String[] head = null;
            var steps = new ArrayList<Step>();
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("== ")) {
                    add(all, head, steps);
                    head = line.substring(3).split(" \\| ");
                } else if (!line.startsWith("#")) {
                    steps.add(step(line));
                }
            }
            add(all, head, steps);
        }
        return all;
    }

    private static void add(List<Regression> all, String[] head, List<Step> steps) {
        if (head != null) {
            Oracle oracle = head.length > 2 ? Oracle.of(head[2]) : Oracle.QEMU_7_2;
            all.add(new Regression(head[0], oracle, head[1],
                    head[1].startsWith("amd-iommu") ? AmdWorld.program(oracle, steps)
                            : VtdWorld.program(steps)));
        }
        steps.clear();
    }

    /** Returns the step that {@link Step#toString} has printed. */
    static Step step(String line) {
        Matcher step = STEP.matcher(line);
        if (!step.matches()) {
            throw new IllegalArgumentException(line);
        }
        List<String> lines = List.of(step.group(2).split("; "));
        Matcher start = START.matcher(lines.get(lines.size() - 1));
        return new Step(step.group(1), lines,
                start.matches() ? Long.parseLong(start.group(1) + "000", 16) : 0);
    }
}
