// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Policies that harm the whole process, each in a lab of its own. */
class HarmfulPolicyTest {

    @TempDir
    Path directory;

    private LabProcess.Result compare(String body) throws Exception {
        Path jar = directory.resolve("harm.jar");
        Files.write(jar, new Stranger("harm", "1.0.0", "harm", 0, """
                if (event.equals(new HandoverEvent.PhaseStart(Phase.ENUMERATION))) {
                    %s
                }
                return Second.none();
                """.formatted(body)).bytes());
        return LabProcess.start(Map.of("LAB_JAVA_OPTS", "-Xmx256m"), directory, directory,
                "compare", "vtd1", "--load", jar.toString(), "--policy", "harm", "--policy",
                "linux", "--crash-at", "1ms").finish();
    }

    @Test
    void theLabThatAPolicyEndsNamesItAndIsNoSuccess() throws Exception {
        LabProcess.Result run = compare("System.exit(0);");
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).isEqualTo("lab: policy harm of bundle harm 1.0.0 ended the lab: it"
                + " called System.exit\n");
    }

    @Test
    void aPolicyThatEatsAllMemoryIsBrokenAndTheMatrixStands() throws Exception {
        LabProcess.Result run = compare("""
                var all = new java.util.ArrayList<byte[]>();
                while (true) {
                    all.add(new byte[1 << 20]);
                }
                """.replace("while (true)", "while (all.size() >= 0)"));
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.out()).containsPattern("harm +broken at T5a")
                .containsPattern("linux \\* +ok +complete")
                .contains("policy harm of bundle harm 1.0.0 broke: java.lang.OutOfMemoryError");
    }

    @Test
    void aPolicyThatWritesToStandardOutputReachesStandardError() throws Exception {
        LabProcess.Result run = compare("System.out.println(\"not a result\");");
        assertThat(run.status()).isZero();
        assertThat(run.out()).doesNotContain("not a result");
        assertThat(run.err()).contains("not a result");
    }
}
