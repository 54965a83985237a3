// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.PolicySummary;
import kdump.lab.api.PolicyVariants;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Target;
import kdump.lab.api.Verdict;
import kdump.lab.api.command.CommandLineInterface;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.test.common.annotation.InjectService;

/** Settings of policies, by Configuration Admin and metatype. */
class ConfigCommandTest {

    private static final Path ROOT = Path.of(System.getProperty("lab.root"));
    private static final Target VTD1 = new Target(ROOT.resolve("docs/captures/vtd1").toString(),
            ROOT, null);

    @InjectService
    CommandLineInterface commands;

    @InjectService
    Lab lab;

    @InjectService
    PolicyVariants variants;

    @AfterEach
    void reset() {
        config("reset", "reset-devices");
    }

    private CommandRun config(String... arguments) {
        String[] all = new String[arguments.length + 1];
        all[0] = "config";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        return CommandRun.of(commands, all);
    }

    private String done(String... arguments) {
        CommandRun run = config(arguments);
        assertThat(run.status()).as(run.err()).isZero();
        return run.out();
    }

    private Verdict run() throws LabException {
        return lab.crash(VTD1, "reset-devices", RunOptions.ofSeed(7)).verdict();
    }

    @Test
    void policiesWithSettingsAreListed() {
        assertThat(done("list").lines()).anyMatch(line -> line.startsWith("reset-devices "))
                .anyMatch(line -> line.startsWith("identity-map-crash-range "))
                .as("whose settings are what it is").noneMatch(line -> line.startsWith("indoh-1 "))
                .noneMatch(line -> line.startsWith("copy-tables "));
    }

    @Test
    void eachSettingIsShownWithTypeDefaultAndWhatIsAllowed() {
        assertThat(done("show", "reset-devices").lines())
                .anyMatch(line -> line.matches("resetPhase +String +T3 +T3 +none, T1, T3, .*"))
                .anyMatch(line -> line.matches("resetMillis +Integer +2 +2 +1 to 60000"))
                .anyMatch(line -> line.matches("sparesVga +Boolean +true +true +true, false"))
                .last().isEqualTo("configuration kdump.policies.resetdevices.ResetDevices");
    }

    @Test
    void aSettingIsInForceFromTheNextRunOnUntilItIsReset() throws Exception {
        Verdict before = run();
        assertThat(done("set", "reset-devices", "resetPhase=T6", "resetMillis=5"))
                .isEqualTo("reset-devices: resetPhase=T6 resetMillis=5, from the next run on\n");
        assertThat(run().lateLegitimateBytes()).as("a reset at T6 stops later than one at T3")
                .isGreaterThan(before.lateLegitimateBytes());
        assertThat(done("list").lines())
                .anyMatch(line -> line.matches("reset-devices +resetPhase=T6 resetMillis=5"));
        assertThat(done("set", "reset-devices", "resetMillis=7")).contains("resetMillis=7");
        assertThat(done("show", "reset-devices").lines())
                .anyMatch(line -> line.matches("resetPhase +String +T6 +T3 .*"))
                .anyMatch(line -> line.matches("resetMillis +Integer +7 +2 .*"));
        assertThat(done("reset", "reset-devices")).contains("as it comes");
        assertThat(run()).isEqualTo(before);
    }

    @Test
    void aVariantHasSettingsOfItsOwn() throws Exception {
        PolicyVariants.Made made = variants.make(List.of("late=reset-devices,resetPhase=T6"));
        try {
            assertThat(done("show", "late").lines())
                    .anyMatch(line -> line.matches("resetPhase +String +T6 +T3 .*"))
                    .last().asString().endsWith(", of a variant");
            assertThat(done("set", "late", "resetPhase=none")).startsWith("late: ");
            assertThat(done("list").lines())
                    .anyMatch(line -> line.matches("late +resetPhase=none.*"))
                    .anyMatch(line -> line.matches("reset-devices +"));
        } finally {
            made.close();
        }
        assertThat(lab.policies()).extracting(PolicySummary::name).doesNotContain("late");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "set reset-devices resetPhase=T9 | setting 'resetPhase' is 'T9', expected one of none, T1",
        "set reset-devices resetMillis=0 | setting 'resetMillis' is '0', expected",
        "set reset-devices foo=1 | policy 'reset-devices' has no setting 'foo'; it has resetPhase",
        "set reset-devices resetPhase | 'resetPhase', expected SETTING=VALUE",
        "show copy-tables | policy 'copy-tables' has no settings; these have some: ",
        "show nope | no policy 'nope'; these have some: "})
    void aWrongSettingIsOneLineAndChangesNothing(String line, String message) throws Exception {
        Verdict before = run();
        CommandRun run = config(line.split(" "));
        assertThat(run.status()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).startsWith("lab: config: " + message).hasLineCount(1);
        assertThat(run()).isEqualTo(before);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"config ~ | list,reset,set,show",
        "config set reset-devices resetPhase= | resetPhase=T1,resetPhase=T3,resetPhase=T6",
        "config set reset-devices resetPhase=T6 ~ | resetMillis=,sparesVga=",
        "config set reset-devices sparesVga=t | sparesVga=true,sparesVga=false",
        "config set reset-devices resetMillis= | resetMillis=2",
        "config show ~ | reset-devices,clear-bus-master", "config reset x | reset-devices"})
    void argumentsAreCompleted(String line, String expected) {
        List<String> words = List.of(line.replace("~", "").split(" ", -1));
        assertThat(commands.complete(words, ROOT)).extracting(c -> c.word())
                .contains(expected.split(",")).isSorted();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "list x", "show", "set reset-devices", "reset", "pray", "set"})
    void whatIsNoQuestionIsRefused(String line) {
        CommandRun run = config(line.split(" "));
        assertThat(run.status()).isEqualTo(2);
        assertThat(run.err()).contains("expected list, show POLICY, set POLICY SETTING=VALUE")
                .hasLineCount(1);
    }
}
