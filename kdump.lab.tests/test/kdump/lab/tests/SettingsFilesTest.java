// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import kdump.lab.tests.LabProcess.Result;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files of settings that {@code --load} names, for one command. */
class SettingsFilesTest {

    private static final String PID = "kdump.policies.resetdevices";

    @TempDir
    Path folder;

    @BeforeEach
    void write() throws Exception {
        Files.writeString(folder.resolve(PID + "-late.cfg"), "resetPhase = T6\n");
        Files.writeString(folder.resolve(PID + ".ResetDevices.json"), "{\"resetMillis\": 5}");
        Files.writeString(folder.resolve("mine.json"), "{\"" + PID
                + "~never\": {\"resetPhase\": \"none\", \"sparesVga\": false}}");
    }

    private Result run(String... line) throws Exception {
        return LabProcess.start(folder, folder, line).finish();
    }

    @Test
    void theyAreInForceForOneCommand() throws Exception {
        Result result = run("config", "list", "--load", ".");
        assertThat(result.err()).isEmpty();
        assertThat(result.out().lines()).anyMatch(s -> s.matches("late +resetPhase=T6"))
                .anyMatch(s -> s.matches("never +resetPhase=none sparesVga=false"))
                .anyMatch(s -> s.matches("reset-devices +resetMillis=5"));
        Result compared = run("compare", "vtd1", "--policy", "never", "--crash-at", "1ms",
                "--json", "--load", "mine.json");
        assertThat(compared.err()).isEmpty();
        assertThat(Json.rows(Json.object(Json.read(compared.out())).get("verdicts")))
                .singleElement().satisfies(v -> assertThat(v).containsEntry("policy", "never"));
        Files.writeString(folder.resolve("f.gosh"), "config show late\n");
        assertThat(run("-f", "f.gosh", "--load", ".").out())
                .containsPattern("resetPhase +String +T6 +T3");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "x.json | {'nope': {}} | no policy has settings of PID 'nope'; there are kdump.policies.",
        "a~x.json | {'b': 1} | no policy has settings of PID 'a'; there are kdump.policies.",
        "x.json | {'PID~x': {'resetPhase': 'T9'}} | setting 'resetPhase' is 'T9', expected one of",
        "x.json | {'PID': {}} | 'PID', expected PID-NAME: each such configuration is a variant",
        "x.json | {'PID.ResetDevices~x': {}} | expected PID.ResetDevices: it is one policy",
        "x.json | {'PID~linux': {}} | a policy has the name 'linux' already"})
    void whatIsWrongIsOneLineAndStatusTwo(String file, String text, String message)
            throws Exception {
        Files.writeString(folder.resolve(file), text.replace('\'', '"').replace("PID", PID));
        Result result = run("policies", "--json", "--load", file);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).startsWith("lab: ").contains(file + ": ")
                .contains(message.replace("PID '", "\0").replace("PID", PID)
                        .replace("\0", "PID '")).hasLineCount(1);
        assertThat(result.status()).isEqualTo(2);
    }
}
