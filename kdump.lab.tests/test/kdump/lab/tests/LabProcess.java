// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A run of {@code ./lab} as a process of its own. */
final class LabProcess {
    static final Path ROOT = Path.of(System.getProperty("lab.root"));

    private final Process process;
    private final Path err;

    /** What came of it. */
    record Result(int status, String out, String err) { }

    private LabProcess(Process process, Path err) {
        this.process = process;
        this.err = err;
    }

    /** Starts it; what it writes to standard error goes to a new file in {@code scratch}. */
    static LabProcess start(Path directory, Path scratch, String... arguments) throws IOException {
        return start(Map.of(), directory, scratch, arguments);
    }

    /** Starts it with more in its environment. */
    static LabProcess start(Map<String, String> environment, Path directory, Path scratch,
            String... arguments) throws IOException {
        Path err = Files.createTempFile(scratch, "err", "");
        List<String> command = new ArrayList<>(List.of(ROOT.resolve("lab").toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile())
                .redirectError(err.toFile());
        builder.environment().put("HOME", scratch.toString());
        builder.environment().putAll(environment);
        return new LabProcess(builder.start(), err);
    }

    /** Writes to its standard input. */
    LabProcess type(String text) throws IOException {
        process.getOutputStream().write(text.getBytes());
        process.getOutputStream().flush();
        return this;
    }

    /** Ends its standard input and waits for its end. */
    Result finish() throws IOException, InterruptedException {
        process.getOutputStream().close();
        String out = new String(process.getInputStream().readAllBytes());
        return new Result(process.waitFor(), out, Files.readString(err));
    }
}
