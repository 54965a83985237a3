// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.client;

import static org.assertj.core.api.Assertions.assertThat;
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
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What QEMU's own qtests of remapping units and bridges ask, in our own words, of the QEMUs that
 * are here and of our machine under the profile of each. Source: the questions are those of QEMU's
 * tests/qtest: intel-iommu-test, ioh3420-test, i82801b11-test.
 */
@Timeout(120)
class IommuClientTest {

    private static final long UNIT = 0xfed9_0000L;
    private static final int UNIT_BYTES = 0x230;

    /** A machine and who it is of. */
    private record Maker(Oracle oracle, boolean ours) {

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

    static Stream<Maker> makers() {
        return Arrays.stream(Oracle.values())
                .flatMap(o -> Stream.of(new Maker(o, true), new Maker(o, false)));
    }

    static Stream<Maker> newer() {
        return makers().filter(m -> m.oracle() != Oracle.QEMU_7_2);
    }

    /** Capabilities of the first stage alone, and that a reset brings all registers back. */
    @ParameterizedTest
    @MethodSource("newer")
    void firstStageUnitIsWhatItSaysAfterAResetToo(Maker maker) throws Exception {
        boolean newest = maker.oracle() == Oracle.QEMU_11;
        try (Client client = maker.start("-machine", "q35", "-device", newest
                ? "intel-iommu,scalable-mode=on,fsts=on"
                : "intel-iommu,x-scalable-mode=on,x-flts=on")) {
            long cap = client.number("readq 0x" + Long.toHexString(UNIT + 8));
            assertThat(cap >>> 8 & 0x1f).as("SAGAW: 39 and 48 bits").isEqualTo(6);
            assertThat(cap >>> 16 & 0x3f).as("MGAW").isEqualTo(47);
            assertThat(cap >>> 56 & 1).as("FS1GP").isEqualTo(1);
            long ecap = client.number("readq 0x" + Long.toHexString(UNIT + 16));
            assertThat(ecap >>> 43 & 1).as("SMTS").isEqualTo(1);
            assertThat(ecap >>> 47 & 1).as("FSTS").isEqualTo(1);
            assertThat(ecap >>> 46 & 1).as("SSTS").isZero();
            String before = client.ask(String.format("read 0x%x 0x%x", UNIT, UNIT_BYTES));
            client.ask(String.format("writeq 0x%x 0x12345000", UNIT + 0x20));
            client.ask(String.format("writel 0x%x 0x40000000", UNIT + 0x18));
            assertThat(client.ask(String.format("read 0x%x 0x%x", UNIT, UNIT_BYTES)))
                    .isNotEqualTo(before);
            client.reset();
            assertThat(client.ask(String.format("read 0x%x 0x%x", UNIT, UNIT_BYTES)))
                    .isEqualTo(before);
        }
    }

    @ParameterizedTest
    @MethodSource("makers")
    void memoryOutlivesAReset(Maker maker) throws Exception {
        try (Client client = maker.start("-machine", "q35", "-device", "intel-iommu")) {
            assertThat(client.greeting()).startsWith("{\"QMP\":");
            client.ask("writeq 0x200000 0x1122334455667788");
            client.reset();
            assertThat(client.number("readq 0x200000")).isEqualTo(0x1122334455667788L);
        }
    }

    @ParameterizedTest
    @MethodSource("makers")
    void bridgesCanBePlugged(Maker maker) throws Exception {
        for (String device : List.of("ioh3420,bus=pcie.0,addr=1c.0,port=1,chassis=1,"
                + "multifunction=on", "i82801b11-bridge,bus=pcie.0,addr=1c.0")) {
            try (Client client = maker.start("-machine", "q35", "-device", device)) {
                client.ask("outl 0xcf8 0x8000e000");
                assertThat(client.number("inl 0xcfc") & 0xffff).as(device).isEqualTo(0x8086);
                client.ask("outl 0xcf8 0x8000e008");
                assertThat(client.number("inl 0xcfc") >>> 16).as("a bridge").isEqualTo(0x604);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("makers")
    void boardWithoutAnythingIsThereForQuestions(Maker maker) throws Exception {
        try (Client client = maker.start("-machine", "none")) {
            assertThat(client.monitor("query-machines")).contains("\"alias\": \"q35\"");
            assertThat(client.monitor("nonsense")).contains("\"CommandNotFound\"",
                    "The command nonsense has not been found");
            assertThat(client.send("{\"execute\": \"query-version\", \"id\": [1, {\"a\": 2}]}"))
                    .contains("\"qemu\"", "[1, {\"a\": 2}]".replace(": ",
                            maker.ours() ? ":" : ": ").replace(", ", maker.ours() ? "," : ", "));
            assertThat(client.monitor("quit")).isEqualTo("{\"return\": {}}");
            assertThat(client.event()).isEqualTo("SHUTDOWN");
            assertThat(client.ended()).isTrue();
        }
    }
}
