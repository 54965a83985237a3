// SPDX-License-Identifier: Apache-2.0
package kdump.lab.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/**
 * What a warm short command costs, in starts of a bare JVM: wall times taken in turns in the same
 * run, so that a busy machine slows both. The goal is a ratio of at most 12.
 */
public final class StartupBench {
    private static final int REPETITIONS = 15;

    private StartupBench() {}

    /** The bare JVM that the lab is compared with. */
    public static final class Bare {
        private Bare() {}

        /** Prints one word. */
        public static void main(String[] arguments) {
            System.out.println("bare");
        }
    }

    /** Prints the medians in milliseconds and their ratio. */
    public static void main(String[] arguments) throws Exception {
        Path root = Path.of(System.getProperty("lab.root"));
        List<String> lab = List.of(root.resolve("lab").toString(), "policies", "--json");
        Path classes = Path.of("generated", "bare").toAbsolutePath();
        String file = Bare.class.getName().replace('.', '/') + ".class";
        Files.createDirectories(classes.resolve(file).getParent());
        try (var in = Bare.class.getClassLoader().getResourceAsStream(file)) {
            Files.copy(in, classes.resolve(file), StandardCopyOption.REPLACE_EXISTING);
        }
        List<String> bare = List.of(Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-Xshare:auto", "-cp", classes.toString(), Bare.class.getName());
        millis(lab); // makes the class-data archive if there is none
        List<Double> labMillis = new ArrayList<>();
        List<Double> bareMillis = new ArrayList<>();
        for (int i = 0; i < REPETITIONS; i++) {
            labMillis.add(millis(lab));
            bareMillis.add(millis(bare));
        }
        System.err.printf("policies --json %.0f ms, bare JVM %.0f ms, ratio %.1f (goal: 12)%n",
                median(labMillis), median(bareMillis), median(labMillis) / median(bareMillis));
    }

    private static double millis(List<String> command) throws IOException, InterruptedException {
        long start = System.nanoTime();
        int status = new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.INHERIT).start().waitFor();
        double millis = (System.nanoTime() - start) / 1e6;
        if (status != 0) {
            throw new IllegalStateException(command + " ended with status " + status);
        }
        return millis;
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().skip(values.size() / 2).findFirst().orElseThrow();
    }
}
