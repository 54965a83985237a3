// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.client;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import kdump.lab.qtest.Conversations;
import kdump.lab.qtest.differ.Oracle;
import kdump.lab.qtest.differ.QemuProcess;

/** A machine and who it is of. */
record Maker(Oracle oracle, boolean ours) {

    /** Returns our machine and the oracle of each version. */
    static Stream<Maker> all() {
        return Arrays.stream(Oracle.values())
                .flatMap(o -> Stream.of(new Maker(o, true), new Maker(o, false)));
    }

    /** Returns those of one version. */
    static Stream<Maker> of(Oracle oracle) {
        return all().filter(m -> m.oracle() == oracle);
    }

    /** Starts one whose time stands still. */
    Client start(String... more) throws Exception {
        return start(List.of("-S"), more, oracle == Oracle.QEMU_7_2 ? List.of("-accel", "tcg")
                : List.of("-audio", "none"));
    }

    /**
     * Starts one whose time passes: as the client says, or, before 11, by leaps to the next event
     * while its processor sleeps.
     *
     * @param firmware is written: the processor's program
     */
    Client startRunning(Path firmware, String... more) throws Exception {
        Files.write(firmware, QemuProcess.sleepingFirmware());
        return start(List.of(), more, oracle == Oracle.QEMU_11 ? List.of("-accel", "qtest")
                : List.of("-accel", "tcg", "-icount", "shift=0,sleep=off", "-bios",
                        firmware.toString()));
    }

    private Client start(List<String> theirs, String[] more, List<String> how) throws Exception {
        String[] options = Stream.concat(Arrays.stream(more), how.stream())
                .toArray(String[]::new);
        if (ours) {
            return new Client(all -> {
                var thread = new Thread(() -> Conversations.run(oracle.ours(all),
                        InputStream.nullInputStream(),
                        new PrintStream(OutputStream.nullOutputStream())));
                thread.start();
                return () -> await(thread::join);
            }, options);
        }
        assumeTrue(oracle.isPresent(), "no " + oracle.profile());
        return new Client(all -> {
            var command = new ArrayList<>(List.of("timeout", "100", oracle.program(),
                    "-nodefaults"));
            command.addAll(theirs);
            command.addAll(all);
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
            return () -> {
                process.destroy();
                await(process::waitFor);
            };
        }, options);
    }

    @Override
    public String toString() {
        return (ours ? "ours as " : "") + oracle;
    }

    /** Something that takes its time. */
    private interface Waiting {

        void run() throws InterruptedException;
    }

    private static void await(Waiting waiting) {
        try {
            waiting.run();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
