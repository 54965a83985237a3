// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import static org.assertj.core.api.Assertions.assertThat;

import kdump.lab.api.LabException;
import kdump.lab.shell.FakeLab.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code why} asks for, and how a chain of causes is told. */
class WhyCommandTest {

    private final FakeLab lab = new FakeLab();

    @Test
    void aChainIsALineALinkWithItsFactsBelow() {
        Result result = lab.run("why", "vtd1", "--policy", "copy-tables", "fault:02:00.0:3");
        assertThat(result.err()).isEmpty();
        assertThat(result.status()).isZero();
        assertThat(result.out()).isEqualTo("""
                2 requests were blocked
                     +0.000002 s  T6   unit 0: blocks a request
                                        address 0xfff000
                """);
    }

    @Test
    void aChainIsOneDocument() {
        assertThat(lab.run("why", "vtd1", "--policy", "p", "dump", "--json").out()).isEqualTo(
                "{\"figure\":\"2 requests were blocked\",\"chain\":[{\"nanos\":1500,"
                        + "\"phase\":\"T6\",\"actor\":\"unit 0\",\"event\":\"blocks a request\","
                        + "\"facts\":{\"address\":\"0xfff000\"}}]}\n");
    }

    @ParameterizedTest
    @CsvSource({"fault, FAULT", "stray:0x1000, STRAY", "driver:02:00.0, DRIVER", "dump, DUMP",
        "reboot, REBOOT"})
    void theLabIsAskedWhatTheUserAsked(String what, String figure) {
        lab.run("why", "some/machine", what, "--policy", "reuse-root", "--seed", "17",
                "--crash-at", "3ms", "--rate", "0.5");
        assertThat(lab.asked).containsExactly("reuse-root " + figure);
        assertThat(lab.target.text()).isEqualTo("some/machine");
        assertThat(lab.target.directory()).isEqualTo(FakeLab.HERE);
        assertThat(lab.options.seed()).isEqualTo(17);
        assertThat(lab.options.crashAtNanos()).isEqualTo(3_000_000);
        assertThat(lab.options.rateFactor()).isEqualTo(0.5);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "why vtd1 --policy p | a machine and a figure", "why --policy p | a machine and a figure",
        "why vtd1 fault | policy", "why vtd1 fault dump --policy p | a machine and a figure",
        "why vtd1 nonsense --policy p | expected fault[:BDF][:N]",
        "why vtd1 driver --policy p | expected driver:BDF",
        "why vtd1 fault:zz --policy p | zz", "why vtd1 stray:here --policy p | 'here'",
        "why vtd1 dump:1 --policy p | nothing may follow dump",
        "why vtd1 fault --policy | policy", "why vtd1 fault --policy p --seed x | x",
        "why vtd1 fault --policy p --nonsense | nonsense"})
    void whatIsNoQuestionIsBadUsageAndTheLabIsNotAsked(String line, String words) {
        Result result = lab.run(line.trim().split(" "));
        assertThat(result.status()).isEqualTo(2);
        assertThat(result.err()).startsWith("lab: why: ").contains(words).hasLineCount(1);
        assertThat(result.out()).isEmpty();
        assertThat(lab.target).isNull();
    }

    @Test
    void whatDidNotHappenIsALine() {
        lab.refusal = new LabException("no fault in this run of p");
        Result result = lab.run("why", "vtd1", "fault", "--policy", "p", "--json");
        assertThat(result).isEqualTo(new Result(2, "", "lab: why: no fault in this run of p\n"));
    }
}
