// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.api.experiment.ScenarioResult;
import kdump.lab.api.experiment.ScenarioResult.Holds;
import kdump.lab.api.experiment.Scenarios;
import kdump.lab.shell.FakeLab.Result;
import org.junit.jupiter.api.Test;

/** {@code ./lab scenarios}: which claims it tries, and how it tells what came of them. */
class ScenariosCommandTest {

    private final List<String> tried = new ArrayList<>();
    private final List<String> told = new ArrayList<>();
    private final Scenarios claims = new Scenarios() {
        @Override
        public List<String> ids() {
            return List.of("S1-1", "S1-2", "S11-1", "S2-1");
        }

        @Override
        public ScenarioResult run(String id, long seed) {
            tried.add(id + " " + seed);
            return new ScenarioResult(id, "it rains", "garden", "drops", "none", Holds.NO, "summer",
                    2, id.equals("S1-2") ? new double[] {0.25, 0.75} : null);
        }
    };

    private String run(String... arguments) throws Exception {
        var command = new ScenariosCommand(() -> claims);
        var bytes = new java.io.ByteArrayOutputStream();
        var out = new java.io.PrintStream(bytes, true);
        var invocation = new Invocation(CommandTable.parse(command, List.of(arguments)), out, Path.of(""), (step, of, what) -> told.add(what), true);
        List<ScenarioResult> results = command.ask(invocation);
        if (results != null) {
            invocation.json(json -> command.json(results, json));
        }
        return bytes.toString();
    }

    @Test
    void withoutIdAllAreTriedInOrder() throws Exception {
        assertThat(run()).contains("S1-1  it rains", "    holds     no: summer");
        assertThat(tried).containsExactly("S1-1 1", "S1-2 1", "S11-1 1", "S2-1 1");
        assertThat(told).containsExactly("S1-1", "S1-2", "S11-1", "S2-1");
    }

    @Test
    void anIdOrAWholePostIsTriedWithTheSeedThatIsAskedFor() throws Exception {
        run("S2-1", "S1", "S1-2", "--seed", "5");
        assertThat(tried).containsExactly("S2-1 5", "S1-1 5", "S1-2 5");
    }

    @Test
    void jsonIsOneArrayWithTheMembersOfTheContract() throws Exception {
        assertThat(run("--json", "S1")).isEqualTo("""
                [{"id":"S1-1","claim":"it rains","setup":"garden","expected":"drops",\
                "observed":"none","holds":"no","reason":"summer","runs":2,"interval":null},\
                {"id":"S1-2","claim":"it rains","setup":"garden","expected":"drops",\
                "observed":"none","holds":"no","reason":"summer","runs":2,\
                "interval":[0.25,0.75]}]
                """);
    }

    @Test
    void whatNobodyClaimedIsBadInput() {
        Result none = new FakeLab().run("scenarios");
        assertThat(none.status()).isEqualTo(2);
        assertThat(none.err()).isEqualTo("lab: scenarios: no bundle brings claims\n");
        assertThat(org.assertj.core.api.Assertions.catchThrowable(() -> run("S3")))
                .hasMessage("no claim 'S3'; there are S1-1, S1-2, S11-1, S2-1");
        assertThat(tried).isEmpty();
    }
}
