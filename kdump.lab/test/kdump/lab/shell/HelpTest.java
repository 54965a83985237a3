// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import kdump.lab.api.command.CommandHelp;
import kdump.lab.shell.FakeLab.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What each command says of itself. */
class HelpTest {

    private static final FakeLab LAB = new FakeLab();

    static Stream<CommandHelp> commands() {
        return new Commands(LAB).commands().stream();
    }

    @ParameterizedTest
    @MethodSource("commands")
    void aCommandTellsItsOptionsAndAnExample(CommandHelp command) {
        Result result = LAB.run(command.name(), "--help");
        assertThat(result.status()).isZero();
        assertThat(result.err()).isEmpty();
        assertThat(result.out()).startsWith(command.name())
                .contains("  " + command.summary(), "  --json ", "examples:");
        assertThat(LAB.run("help", command.name())).isEqualTo(result);
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyOptionIsExplainedAndEveryExampleIsOfItsCommand(CommandHelp command) {
        assertThat(command.options()).allSatisfy(option -> {
            assertThat(option.name()).startsWith("--");
            assertThat(option.text()).isNotBlank().doesNotContain("\n");
        });
        assertThat(command.examples()).isNotEmpty()
                .allSatisfy(line -> assertThat(line).startsWith(command.name()));
    }

    @Test
    void optionsThatMayComeAgainSaySo() {
        assertThat(LAB.run("compare", "--help").out()).contains("  --policy POLICY ... ");
        assertThat(LAB.run("crash", "--help").out()).contains("  --policy POLICY    ");
    }

    @Test
    void oneThatMayNotIsRefusedTheSecondTime() {
        Result result = LAB.run("crash", "vtd1", "--policy", "a", "--policy", "b");
        assertThat(result).isEqualTo(new Result(2, "", "lab: crash: --policy is given twice\n"));
        assertThat(LAB.run("compare", "vtd1", "--seed", "1", "--seed", "2").err())
                .isEqualTo("lab: compare: --seed is given twice\n");
        assertThat(LAB.run("compare", "vtd1", "--policy", "a", "--policy", "b").status()).isZero();
    }

    @Test
    void anUnknownOptionIsToldWhereHelpIs() {
        assertThat(LAB.run("compare", "vtd1", "--nonsense").err()).isEqualTo(
                "lab: compare: Unrecognized option: --nonsense; usage: compare MACHINE [OPTION]...;"
                        + " compare --help tells more\n");
    }

    @Test
    void helpOfNothingAndOfTwoThingsIsBadUsage() {
        assertThat(LAB.run("help", "nonsense").status()).isEqualTo(2);
        assertThat(LAB.run("nonsense", "--help").err()).contains("no command 'nonsense'");
        assertThat(LAB.run("help", "compare", "crash").status()).isEqualTo(2);
    }

    @Test
    void helpMayBeAskedForWhereverOneIsOnTheLine() {
        assertThat(LAB.run("compare", "vtd1", "--policy", "a", "--help"))
                .isEqualTo(LAB.run("compare", "--help"));
        assertThat(LAB.run("nonsense", "vtd1", "--help").status()).isEqualTo(2);
    }

    @Test
    void theVersionIsOneLine() {
        Result result = LAB.run("--version");
        assertThat(result.out()).startsWith("kdump lab ").hasLineCount(1);
        assertThat(result.status()).isZero();
    }

    @Test
    void answersAreToldAsTheirCommandPrintsThem() {
        var commands = new Commands(LAB);
        LAB.policies.clear();
        LAB.policies.add(new kdump.lab.api.PolicySummary("mine", "a.b", "1.0.0", List.of(), false,
                false));
        assertThat(commands.text(LAB.policies)).isEqualTo(LAB.run("policies").out());
        assertThat(commands.text("something else")).isNull();
        assertThat(commands.text(List.of())).isNull();
    }
}
