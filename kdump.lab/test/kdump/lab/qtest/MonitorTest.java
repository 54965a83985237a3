// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.qtest.options.QemuVersion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What the monitor answers, line by line. */
class MonitorTest {

    private static final String CAPABILITIES = "{\"execute\": \"qmp_capabilities\"}";
    private static final String NO_EXECUTE =
            "{\"error\": {\"class\": \"GenericError\", \"desc\": \""
                + "QMP input lacks member 'execute'\"}";

    private final List<String> done = new ArrayList<>();

    /** Returns what is answered, without the greeting; instants of events are cut out. */
    private List<String> answers(QemuVersion version, String commands) throws IOException {
        var out = new ByteArrayOutputStream();
        new Monitor(version, new Monitor.Controls() {
            @Override
            public void reset() {
                done.add("reset");
            }

            @Override
            public void quit() {
                done.add("quit");
            }
        }, out).run(new ByteArrayInputStream(commands.getBytes(StandardCharsets.UTF_8)));
        String all = out.toString(StandardCharsets.UTF_8);
        assertThat(all).endsWith("\r\n");
        List<String> lines = List.of(all.split("\r\n"));
        assertThat(lines.get(0)).startsWith("{\"QMP\": {\"version\": {\"qemu\": {");
        return lines.subList(1, lines.size()).stream().map(line ->
                line.replaceAll("\"seconds\": \\d+, \"microseconds\": \\d+", "NOW")).toList();
    }

    private List<String> negotiated(String commands) throws IOException {
        List<String> all = answers(QemuVersion.V7_2, CAPABILITIES + commands);
        assertThat(all.get(0)).isEqualTo("{\"return\": {}}");
        return all.subList(1, all.size());
    }

    @ParameterizedTest
    @EnumSource(QemuVersion.class)
    void theVersionIsThatOfTheMachine(QemuVersion version) throws IOException {
        int[] n = version.numbers();
        assertThat(answers(version, CAPABILITIES + "{\"execute\": \"query-version\"}")).last()
                .isEqualTo("{\"return\": {\"qemu\": {\"micro\": " + n[2] + ", \"minor\": " + n[1]
                        + ", \"major\": " + n[0] + "}, \"package\": \"kdump lab\"}}");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "query-version   | Expecting capabilities negotiation with 'qmp_capabilities'",
        "quit            | Expecting capabilities negotiation with 'qmp_capabilities'",
        "foo             | Expecting capabilities negotiation with 'qmp_capabilities'"})
    void nothingIsDoneBeforeCapabilitiesAreNegotiated(String command, String why)
            throws IOException {
        assertThat(answers(QemuVersion.V7_2, "{\"execute\": \"" + command + "\", \"id\": 5}"))
                .containsExactly("{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"" + why
                        + "\"}, \"id\": 5}");
        assertThat(done).isEmpty();
    }

    /** Commands that it does not know, or that are none. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "{\"execute\": \"foo\"}            | CommandNotFound | The command foo has not been found",
        "{\"execute\": \"cont\"}           | CommandNotFound | The command cont has not been found",
        "{\"execute\": \"qmp_capabilities\"} | CommandNotFound | "
            + "The command qmp_capabilities has not"
            + " been found",
        "{}                                  | GenericError | QMP input lacks member 'execute'",
        "{\"arguments\": {\"a\": [1, {}]}}   | GenericError | QMP input lacks member 'execute'",
        "[]                                  | GenericError | QMP input lacks member 'execute'",
        "[{\"execute\": \"quit\"}]           | GenericError | QMP input lacks member 'execute'",
        "5                                   | GenericError | QMP input lacks member 'execute'",
        "\"quit\"                            | GenericError | QMP input lacks member 'execute'",
        "null                                | GenericError | QMP input lacks member 'execute'"})
    void whatIsNoCommandIsAnError(String command, String kind, String why) throws IOException {
        assertThat(negotiated(command + "\n{\"execute\": \"query-version\"}")).hasSize(2)
                .first().isEqualTo("{\"error\": {\"class\": \"" + kind + "\", \"desc\": \"" + why
                        + "\"}}");
        assertThat(done).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "1 | 1", "\"a\" | \"a\"", "null | null", "true | true", "[1,2] | [1,2]",
        "{\"x\":{\"y\":[]}} | {\"x\":{\"y\":[]}}", "\"\\u0041\\n\" | \"A\\n\""})
    void anIdComesBackAsItIs(String id, String back) throws IOException {
        assertThat(negotiated("{\"id\": " + id + ", \"execute\": \"foo\"}"))
                .containsExactly("{\"error\": {\"class\": \"CommandNotFound\", \"desc\":"
                        + " \"The command foo has not been found\"}, \"id\": " + back + "}");
    }

    @Test
    void commandsNeedNoLinesOfTheirOwn() throws IOException {
        assertThat(negotiated("{\"execute\":\"query-version\"}{\"execute\":\"query-version\"}  "
                + "\n\n{\"execute\"\n:\"query-version\"}")).hasSize(3)
                .allMatch(line -> line.startsWith("{\"return\": {\"qemu\""));
    }

    @Test
    void outOfBandIsLikeOthers() throws IOException {
        assertThat(negotiated("{\"exec-oob\": \"query-version\", \"id\": 1}")).singleElement()
                .asString().endsWith("\"package\": \"kdump lab\"}, \"id\": 1}");
    }

    @Test
    void whatIsNoJsonEndsIt() throws IOException {
        assertThat(negotiated("{\"execute\" \"quit\"}{\"execute\": \"quit\"}")).singleElement()
                .asString().startsWith(
                        "{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse error, ");
        assertThat(done).isEmpty();
    }

    @Test
    void aResetIsDoneAndTold() throws IOException {
        assertThat(negotiated("{\"execute\": \"system_reset\", \"id\": 7}"))
                .containsExactly("{\"return\": {}, \"id\": 7}", "{\"timestamp\": {NOW}, \"event\":"
                        + " \"RESET\", \"data\": {\"guest\": false, \"reason\":"
                        + " \"host-qmp-system-reset\"}}");
        assertThat(done).containsExactly("reset");
    }

    @Test
    void quittingEndsItAtOnce() throws IOException {
        assertThat(negotiated("{\"execute\": \"quit\"}{\"execute\": \"system_reset\"}"))
                .containsExactly("{\"return\": {}}", "{\"timestamp\": {NOW}, \"event\":"
                        + " \"SHUTDOWN\", \"data\": {\"guest\": false, \"reason\":"
                        + " \"host-qmp-quit\"}}");
        assertThat(done).containsExactly("quit");
    }

    @Test
    void theEndOfTheInputIsNoQuit() throws IOException {
        assertThat(negotiated("")).isEmpty();
        assertThat(done).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"V7_2, pc-q35-7.2", "V10, pc-q35-10.0", "V11, pc-q35-11.1"})
    void machinesAreItsNewestAndNone(QemuVersion version, String machine) throws IOException {
        assertThat(answers(version, CAPABILITIES + "{\"execute\": \"query-machines\"}")).last()
                .asString().startsWith("{\"return\": [{\"name\": \"" + machine
                        + "\", \"alias\": \"q35\", ").contains("}, {\"name\": \"none\", ")
                .endsWith("\"acpi\": false}]}");
    }

    @Test
    void typesAreAllThatADeviceCanBe() throws IOException {
        String types = negotiated("{\"execute\": \"qom-list-types\"}").get(0);
        for (String type : List.of("edu", "nvme", "e1000e", "e1000", "ich9-ahci",
                "pcie-root-port", "pci-bridge")) {
            assertThat(types).contains("{\"name\": \"" + type + "\", \"parent\": \"pci-device\"}");
        }
        assertThat(types).contains("{\"name\": \"intel-iommu\", \"parent\": \"x86-iommu\"}",
                "{\"name\": \"amd-iommu\", \"parent\": \"x86-iommu\"}",
                "{\"name\": \"ide-hd\", \"parent\": \"ide-device\"}").doesNotContain("mch");
    }

    /** A member of another kind is no name of a command, and the rest is read all the same. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~',
            value = {"{\"execute\": {\"a\": 1}, \"id\": 3}", "{\"execute\": [1, 2], \"id\": 3}",
                "{\"execute\": 5, \"id\": 3}", "{\"execute\": null, \"id\": 3}"})
    void aNameIsAText(String command) throws IOException {
        assertThat(negotiated(command)).containsExactly(NO_EXECUTE + ", \"id\": 3}");
    }
}
