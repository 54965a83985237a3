// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import kdump.lab.qtest.options.Numbers;

/**
 * A QEMU of the same command line as our machine, over its qtest protocol. Its processor sleeps in
 * a firmware of one instruction, so that virtual time jumps to the next event. One thread.
 */
public final class QemuProcess implements AutoCloseable {

    /** What a pipe takes without a reader bounds how much may be sent before answers are read. */
    private static final int MAX_BATCH_LINES = 400;
    private static final int MAX_BATCH_CHARACTERS = 30_000;
    private static final int MAX_POLLS = 200_000;

    private final Process process;
    private final OutputStream out;
    private final BufferedReader in;
    private final Path bios;
    private final Path errors;
    private final List<String> interrupts = new ArrayList<>();

    /** Starts the machine's own QEMU. */
    public QemuProcess(List<String> options) {
        this(Oracle.QEMU_7_2, options);
    }

    /** Starts any of them. */
    public QemuProcess(Oracle oracle, List<String> options) {
        this(oracle, List.of("-accel", "tcg", "-icount", "shift=0,sleep=off"), options);
    }

    /**
     * Starts one without a processor, whose time the client moves: messages may be anything.
     *
     * @param oracle of version 11 or later
     */
    public static QemuProcess withoutProcessor(Oracle oracle, List<String> options) {
        return new QemuProcess(oracle, List.of("-accel", "qtest"), options);
    }

    private QemuProcess(Oracle oracle, List<String> accelerator, List<String> options) {
        try {
            errors = Files.createTempFile("qemu", ".err");
            bios = Files.createTempFile("hlt", ".bin");
            Files.write(bios, sleepingFirmware());
            // QEMU outlives its standard input; nothing else would end one whose test was killed
            var command = new ArrayList<>(List.of("timeout", "3600", oracle.program(), "-bios",
                    bios.toString(), "-display", "none", "-nodefaults", "-qtest", "stdio",
                    "-qtest-log", "/dev/null"));
            command.addAll(accelerator);
            command.addAll(options);
            process = new ProcessBuilder(command)
                    .redirectError(errors.toFile()).start();
            out = process.getOutputStream();
            in = new BufferedReader(new InputStreamReader(process.getInputStream(),
                    StandardCharsets.US_ASCII), 1 << 16);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns whether this machine has a QEMU of its own. */
    public static boolean isPresent() {
        return Oracle.QEMU_7_2.isPresent();
    }

    /**
     * Returns the line with which QEMU refuses a command line, without its own name.
     *
     * @throws IllegalStateException if it does not
     */
    public static String refusal(List<String> options) {
        return refusal(Oracle.QEMU_7_2, options);
    }

    /** Returns the line with which one of them refuses a command line. */
    static String refusal(Oracle oracle, List<String> options) {
        var command = new ArrayList<>(List.of("timeout", "-s", "KILL", "5", oracle.program(),
                "-M", "q35", "-display", "none", "-nodefaults", "-S"));
        command.addAll(options);
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            try (var lines = process.inputReader(StandardCharsets.US_ASCII)) {
                String first = lines.readLine();
                if (process.waitFor() != 1 || first == null) {
                    throw new IllegalStateException("QEMU takes " + options + ": " + first);
                }
                return first.substring(first.indexOf(": ") + 2);
            }
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns 64 KiB whose reset vector is: cli; hlt; jump to the hlt. */
    public static byte[] sleepingFirmware() {
        byte[] rom = new byte[0x10000];
        Arrays.fill(rom, (byte) 0xf4);
        rom[0xfff0] = (byte) 0xfa;
        rom[0xfff2] = (byte) 0xeb;
        rom[0xfff3] = (byte) 0xfd;
        return rom;
    }

    /** Sends lines and returns their answers. */
    public List<String> answers(List<String> lines) {
        var answers = new ArrayList<String>(lines.size());
        var batch = new StringBuilder();
        int sent = 0;
        for (String line : lines) {
            if (batch.length() + line.length() > MAX_BATCH_CHARACTERS
                    || sent - answers.size() == MAX_BATCH_LINES) {
                exchange(batch, sent, answers);
            }
            batch.append(line).append('\n');
            sent++;
        }
        exchange(batch, sent, answers);
        return answers;
    }

    private void exchange(StringBuilder batch, int sent, List<String> answers) {
        try {
            out.write(batch.toString().getBytes(StandardCharsets.US_ASCII));
            out.flush();
            batch.setLength(0);
            while (answers.size() < sent) {
                String line = in.readLine();
                if (line == null) {
                    throw new IllegalStateException("QEMU has ended: "
                            + Files.readString(errors));
                }
                if (line.startsWith("OK") || line.startsWith("FAIL")
                        || line.startsWith("ERR")) {
                    answers.add(line);
                } else {
                    interrupts.add(line);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns what inputs that are intercepted have done since the last call, a line each. */
    public List<String> interrupts() {
        var lines = List.copyOf(interrupts);
        interrupts.clear();
        return lines;
    }

    /** Returns the file of its firmware, there until it is closed. */
    public Path firmware() {
        return bios;
    }

    /** Waits until a transfer of the edu device at {@code bar} is done. */
    public void await(long bar) {
        List<String> poll = List.of("readq 0x" + Long.toHexString(bar + 0x98));
        for (int i = 0; i < MAX_POLLS; i++) {
            if ((Numbers.unsigned(answers(poll).get(0).substring(3)) & 1) == 0) {
                return;
            }
        }
        throw new IllegalStateException("the transfer does not end");
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        try {
            Files.delete(bios);
            Files.delete(errors);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
