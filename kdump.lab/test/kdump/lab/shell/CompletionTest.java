// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import kdump.lab.api.LabException;
import kdump.lab.api.MachineSummary;
import kdump.lab.api.PolicySummary;
import kdump.lab.api.command.CommandLineInterface.Candidate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a line may go on with. */
class CompletionTest {

    @TempDir
    Path directory;

    private final FakeLab lab = new FakeLab();

    @BeforeEach
    void fill() {
        lab.machines.add(new MachineSummary("vtd1", 1, 2, "capture"));
        lab.policies.add(new PolicySummary("linux", "p", "1.0.0", List.of(), false, true));
        lab.policies.add(new PolicySummary("linux", "q", "0.9.0", List.of(), true, true));
    }

    /** Splits at blanks; the last word is the one that is typed. */
    private List<String> after(String line) {
        return new Commands(lab).complete(List.of(line.split(" ", -1)), directory).stream()
                .map(Candidate::word).toList();
    }

    @Test
    void theFirstWordIsACommand() {
        assertThat(after("")).contains("compare", "help", "walk").isSorted();
        assertThat(after("help ")).contains("compare", "walk");
        assertThat(after("nonsense ")).isEmpty();
    }

    @Test
    void machinesAndFilesComeWhereAMachineIsWanted() throws IOException {
        Files.createFile(directory.resolve("mine.yaml"));
        Files.createFile(directory.resolve(".hidden"));
        Files.createDirectory(directory.resolve("captures"));
        Files.createFile(directory.resolve("captures/vmcore"));
        assertThat(after("compare ")).containsExactly("captures/", "mine.yaml", "vtd1");
        assertThat(after("mappings captures/")).contains("captures/vmcore");
        assertThat(after("mappings no/such/")).containsExactly("vtd1");
    }

    @Test
    void optionsFollowAndEachComesOnceUnlessItRepeats() {
        assertThat(after("compare vtd1 ")).contains("--policy", "--seed", "--json");
        assertThat(after("compare vtd1 --seed 1 --policy linux --"))
                .contains("--policy", "--rate").doesNotContain("--seed");
        assertThat(after("crash vtd1 --policy linux --")).doesNotContain("--policy");
        assertThat(after("compare -")).contains("--policy");
    }

    @Test
    void valuesOfOptionsAreOfTheirKind() {
        assertThat(after("compare vtd1 --policy ")).containsExactly("linux");
        assertThat(after("walk vtd1 00:02.0 0 --after l")).containsExactly("linux");
        assertThat(after("compare vtd1 --times ")).containsExactly("recorded", "server");
        assertThat(after("mappings vtd1 --requester ")).containsExactly("0000:00:02.0",
                "0000:00:1f.2");
        assertThat(after("compare vtd1 --seed ")).isEmpty();
    }

    @Test
    void argumentsAreOfTheirKind() {
        assertThat(after("walk vtd1 ")).containsExactly("0000:00:02.0", "0000:00:1f.2");
        assertThat(lab.target.text()).isEqualTo("vtd1");
        assertThat(after("why vtd1 ")).contains("fault", "dump", "reboot");
        assertThat(after("why vtd1 --policy linux ")).contains("fault", "dump", "reboot");
    }

    @Test
    void whatCannotBeReadCompletesToNothing() {
        lab.refusal = new LabException("no such machine");
        assertThat(after("walk nowhere ")).doesNotContain("0000:00:02.0");
        assertThat(after("compare ")).as("options at least").contains("--seed").doesNotContain("vtd1");
    }
}
