// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.PolicySummary;
import kdump.lab.api.PolicyVariants;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Target;
import kdump.lab.api.Verdict;
import kdump.lab.api.command.CommandLineInterface;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.test.common.annotation.InjectService;

/** Two settings of one policy beside each other, by Configuration Admin. */
class VariantsTest {

    private static final Path ROOT = Path.of(System.getProperty("lab.root"));
    private static final Target VTD1 = new Target(ROOT.resolve("docs/captures/vtd1").toString(),
            ROOT, null);

    @InjectService
    PolicyVariants variants;

    @InjectService
    Lab lab;

    @InjectService
    CommandLineInterface commands;

    private List<String> names() {
        return lab.policies().stream().map(PolicySummary::name).toList();
    }

    @Test
    void variantsStandBesideTheirPolicyAndGo() throws LabException {
        List<String> before = names();
        PolicyVariants.Made made = variants.make(List.of(
                "late=reset-devices,resetPhase=T6", "never=reset-devices,resetPhase=none"));
        List<Verdict> verdicts;
        try {
            assertThat(names()).contains("late", "never", "reset-devices")
                    .hasSize(before.size() + 2);
            verdicts = lab.compare(VTD1, List.of("reset-devices", "late", "never", "indoh-2"),
                    RunOptions.ofSeed(7)).verdicts();
        } finally {
            made.close();
        }
        assertThat(names()).isEqualTo(before);
        assertThat(verdicts).extracting(Verdict::policy)
                .containsExactly("reset-devices", "late", "never", "indoh-2");
        assertThat(verdicts).extracting(Verdict::lateLegitimateBytes)
                .as("a reset at T3 stops earlier than one at T6 or none").doesNotHaveDuplicates()
                .isNotEmpty();
    }

    @Test
    void aVariantMayBeMadeAgainWhenItIsGone() throws LabException {
        for (int i = 0; i < 20; i++) {
            PolicyVariants.Made made = variants.make(List.of("again=clear-bus-master,phase=T1"));
            assertThat(names()).contains("again");
            made.close();
            assertThat(names()).doesNotContain("again");
        }
    }

    @Test
    void whereOneIsWrongNoneIsMade() {
        List<String> before = names();
        assertThatExceptionOfType(LabException.class).isThrownBy(() -> variants.make(
                List.of("good=reset-devices,resetPhase=T6", "bad=reset-devices,resetPhase=T9")))
                .withMessage("setting 'resetPhase' is 'T9', expected one of none, T1, T3, T5b, T6");
        assertThat(names()).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "late=nope", "late=copy-tables", "late=reset-devices,foo=1",
        "late=reset-devices,resetMillis=99999999", "late=reset-devices,resetMillis=0",
        "linux=reset-devices", "indoh-1=reset-devices,resetPhase=T6",
        "late=reset-devices,sparesVga=maybe", "late=block-at-crash,then=pray"})
    void aWrongVariantIsOneLineAndStatus2(String variant) {
        CommandRun run = CommandRun.of(commands, "compare", "vtd1", "--policy", "linux",
                "--variant", variant);
        assertThat(run.status()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).startsWith("lab: compare: ").hasLineCount(1);
    }

    @Test
    void commandsMakeThemAndTakeThemAway() throws IOException {
        CommandRun run = CommandRun.of(commands, "crash", "vtd1", "--policy", "raw", "--json",
                "--variant", "raw=block-at-crash,then=reinit");
        assertThat(run.status()).as(run.err()).isZero();
        Map<?, ?> verdict = Json.object(Json.read(run.out()));
        assertThat(verdict.get("policy")).isEqualTo("raw");
        assertThat(names()).doesNotContain("raw");
    }
}
