// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import kdump.lab.qtest.differ.Oracle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What QEMU's own qtests of remapping units and bridges ask, in our own words, of the QEMUs that
 * are here and of our machine under the profile of each. Source: the questions are those of QEMU's
 * tests/qtest: intel-iommu-test, amd-iommu-test, ioh3420-test, i82801b11-test.
 */
@Timeout(120)
class IommuClientTest {

    private static final long UNIT = 0xfed9_0000L;
    private static final int UNIT_BYTES = 0x230;
    private static final long AMD = 0xfed8_0000L;
    private static final int COMMANDS = 0x20_0000;

    static Stream<Maker> makers() {
        return Maker.all();
    }

    static Stream<Maker> newer() {
        return Maker.all().filter(m -> m.oracle() != Oracle.QEMU_7_2);
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

    /**
     * A whole ring of waits that store nothing, the last of them when the tail has come round; 7.2
     * leaves its head behind the ring then.
     */
    @ParameterizedTest
    @MethodSource("makers")
    void headOfTheCommandBufferComesRound(Maker maker) throws Exception {
        int commands = 256;
        try (Client client = maker.start("-machine", "q35", "-device", "amd-iommu")) {
            for (int i = 0; i < commands; i++) {
                client.ask(String.format("writeq 0x%x 0x1000000000000000", COMMANDS + 16 * i));
            }
            client.ask(String.format("writeq 0x%x 0x%x", AMD + 8, 8L << 56 | COMMANDS));
            client.ask(String.format("writeq 0x%x 0x1001", AMD + 0x18));
            client.ask(String.format("writeq 0x%x 0x%x", AMD + 0x2008, 16 * (commands - 1)));
            assertThat(client.number(String.format("readq 0x%x", AMD + 0x2000)))
                    .isEqualTo(16 * (commands - 1));
            client.ask(String.format("writeq 0x%x 0", AMD + 0x2008));
            assertThat(client.number(String.format("readq 0x%x", AMD + 0x2000)))
                    .isEqualTo(maker.oracle() == Oracle.QEMU_7_2 ? 16 * commands : 0);
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
