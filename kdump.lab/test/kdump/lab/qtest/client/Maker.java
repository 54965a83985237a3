// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.client;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import kdump.lab.qtest.Conversations;
import kdump.lab.qtest.differ.Oracle;

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

    Client start(String... more) throws Exception {
        String[] options = Arrays.copyOf(more, more.length + 2);
        options[more.length] = oracle == Oracle.QEMU_7_2 ? "-accel" : "-audio";
        options[more.length + 1] = oracle == Oracle.QEMU_7_2 ? "tcg" : "none";
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
                    "-nodefaults", "-S"));
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
