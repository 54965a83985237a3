// SPDX-License-Identifier: Apache-2.0
package kdump.importers.dump.oracle;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.BufferedOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Readers of dumps that others wrote, each asked through {@code ask.py} in a process of its own.
 */
enum Oracle {

    LIBKDUMPFILE, DRGN;

    /** The second is there where a distribution's modules are not for the first in PATH. */
    private static final List<String> PYTHONS = List.of("python3", "/usr/bin/python3");

    private String python;

    /**
     * What came of one dump.
     *
     * @param refusal null, or what was said instead of opening it
     * @param answers one for each question; empty if it was refused
     * @param pages whether they tell which pages the machine and the file have
     */
    record Outcome(String refusal, List<Answer> answers, boolean pages) { }

    /** Skips the test if this machine does not have it. */
    void required(Path directory) throws IOException, InterruptedException {
        assumeTrue(isPresent(directory), "no " + this + " for python3");
    }

    /** Returns whether this machine has it. */
    boolean isPresent(Path directory) throws IOException, InterruptedException {
        Path program = program(directory);
        for (String candidate : PYTHONS) {
            if (python == null && isLoaded(candidate, program)) {
                python = candidate;
            }
        }
        return python != null;
    }

    private boolean isLoaded(String candidate, Path program) throws InterruptedException {
        try {
            return new ProcessBuilder(candidate, program.toString(), toString())
                    .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private static Path program(Path directory) throws IOException {
        Path program = directory.resolve("ask.py");
        if (!Files.exists(program)) {
            try (InputStream in = Oracle.class.getResourceAsStream("ask.py")) {
                Files.copy(in, program);
            }
        }
        return program;
    }

    /**
     * Asks of a dump.
     *
     * @param parts its one file, or those of a split dump
     * @param directory where the program may lie
     */
    Outcome ask(List<Path> parts, List<Probe> probes, Path directory) throws IOException {
        List<String> command = new ArrayList<>(
                List.of(python, program(directory).toString(), toString()));
        parts.forEach(p -> command.add(p.toString()));
        Process process = new ProcessBuilder(command)
                .redirectError(directory.resolve("errors").toFile()).start();
        try (var out = new DataOutputStream(new BufferedOutputStream(process.getOutputStream()))) {
            for (Probe probe : probes) {
                out.writeLong(probe.address());
                out.writeInt(probe.bytes());
            }
        }
        try (var in = new DataInputStream(new BufferedInputStream(process.getInputStream()))) {
            String first = line(in);
            return first.equals("open") ? answers(in, probes)
                    : new Outcome(first, List.of(), false);
        } catch (EOFException e) {
            return new Outcome("ended: " + Files.readString(directory.resolve("errors")).strip(),
                    List.of(), false);
        } finally {
            process.destroy();
        }
    }

    private static Outcome answers(DataInputStream in, List<Probe> probes)
            throws IOException {
        List<Answer> answers = new ArrayList<>();
        for (Probe probe : probes) {
            int kind = in.readUnsignedByte();
            byte[] bytes = kind == 'h' ? new byte[probe.bytes()] : null;
            if (bytes != null) {
                in.readFully(bytes);
            }
            answers.add(new Answer(bytes, kind == 'd' ? line(in) : null, false, false));
        }
        byte[] pages = in.readAllBytes();
        for (int i = 0; i < pages.length; i++) {
            Answer answer = answers.get(i);
            answers.set(i, new Answer(answer.bytes(), answer.damage(), (pages[i] & 1) != 0,
                    (pages[i] & 2) != 0));
        }
        return new Outcome(null, answers, pages.length > 0);
    }

    private static String line(DataInputStream in) throws IOException {
        var line = new StringBuilder();
        for (int c = in.readUnsignedByte(); c != '\n'; c = in.readUnsignedByte()) {
            line.append((char) c);
        }
        return line.toString();
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
