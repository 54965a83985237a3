// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import kdump.lab.tests.LabProcess.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code ./lab COMMAND} as other programs call it. */
class LabCommandTest {
    private static final Path CAPTURES = LabProcess.ROOT.resolve("docs/captures");

    @TempDir
    Path directory;

    @Test
    void documentIsAllThatReachesTheStreams() throws Exception {
        Result result = run(directory, "policies", "--json");
        assertThat(Json.rows(Json.read(result.out()))).isNotEmpty();
        assertThat(result.err()).isEmpty();
        assertThat(result.status()).isZero();
    }

    @Test
    void badUsageIsOneLineAndStatusTwo() throws Exception {
        for (String[] line : new String[][] {{"nonsense"}, {"compare"}, {"machines", "--nonsense"},
            {"crash", "vtd1", "--policy", "none-such"}, {"compare", "no-such-machine"}}) {
            Result result = run(directory, line);
            assertThat(result.out()).isEmpty();
            assertThat(result.err()).startsWith("lab: ").hasLineCount(1);
            assertThat(result.status()).isEqualTo(2);
        }
    }

    @Test
    void settingsThatWouldEndWithTheCommandAreNotTaken() throws Exception {
        Result result = run(directory, "config", "set", "reset-devices", "resetPhase=T6");
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).startsWith("lab: config: config set is for the shell")
                .hasLineCount(1);
        assertThat(result.status()).isEqualTo(2);
        assertThat(run(directory, "config", "show", "reset-devices").out())
                .contains("resetPhase");
    }

    /** The first is too small for any machine, the others for a run on this one. */
    @ParameterizedTest
    @ValueSource(strings = {"-Xmx16m", "-Xmx20m", "-Xmx28m"})
    void tooSmallAHeapIsOneLineAndStatusOne(String heap) throws Exception {
        Result result = LabProcess.start(Map.of("LAB_JAVA_OPTS", heap), CAPTURES, directory,
                "compare", "vtd1", "--rate", "60").finish();
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).startsWith("lab: compare: not enough memory: ").hasLineCount(1);
        assertThat(result.status()).isEqualTo(1);
    }

    @Test
    void pathsAreRelativeToTheDirectoryOfTheCaller() throws Exception {
        Path folder = Files.createDirectory(directory.resolve("my captures"));
        Files.createSymbolicLink(folder.resolve("one of them"), CAPTURES.resolve("vtd1"));
        Result near = run(folder, "mappings", "one of them", "--json");
        assertThat(near.status()).isZero();
        assertThat(run(directory, "mappings", "my captures/one of them", "--json"))
                .isEqualTo(near);
        assertThat(run(directory, "mappings", "one of them").status()).isEqualTo(2);
    }

    @Test
    void registersAreRelativeToTheDirectoryOfTheCallerToo() throws Exception {
        Result result = run(CAPTURES, "mappings", "vtd1/tables.elf.gz", "--registers",
                "vtd1/iommu-regs.json", "--json");
        assertThat(result.err()).isEmpty();
        assertThat(Json.read(result.out()))
                .isEqualTo(Json.read(run(CAPTURES, "mappings", "vtd1", "--json").out()));
    }

    @Test
    void severalAtOnceSayWhatOneSays() throws Exception {
        String[] line = {"compare", "vtd1", "--json", "--seed", "3", "--crash-at", "1ms"};
        List<LabProcess> all = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            all.add(LabProcess.start(directory, directory, line));
        }
        List<Result> results = new ArrayList<>();
        for (LabProcess one : all) {
            results.add(one.finish());
        }
        assertThat(results).containsOnly(results.get(0));
        assertThat(results.get(0).status()).isZero();
    }

    private Result run(Path from, String... line) throws Exception {
        return LabProcess.start(from, directory, line).finish();
    }
}
