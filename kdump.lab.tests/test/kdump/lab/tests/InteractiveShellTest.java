// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import kdump.lab.tests.LabProcess.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./lab} without arguments, its input a pipe. */
class InteractiveShellTest {
    @TempDir
    Path directory;

    @Test
    void resultsReachStandardOutputAndTheEndOfInputEndsTheShell() throws Exception {
        Result result = LabProcess.start(directory, directory).type("lab:policies\n").finish();
        assertThat(result.out()).contains("copy-tables", "disable-reinit");
        assertThat(result.err()).isEmpty();
        assertThat(result.status()).isZero();
    }

    @Test
    void wrongCommandsAreOneLineAndTheShellGoesOn() throws Exception {
        Result result = LabProcess.start(directory, directory)
                .type("nonsense\ncompare\npolicies --jsno\nmachines\n").finish();
        assertThat(result.out()).contains("Command not found: nonsense", "lab: compare: ",
                "lab: policies: ", "vtd1").doesNotContain("\tat ");
        assertThat(result.status()).isZero();
    }

    @Test
    void pathsStartFromTheDirectoryOfTheCaller() throws Exception {
        Path captures = LabProcess.ROOT.resolve("docs/captures");
        Result result = LabProcess.start(captures, directory)
                .type("walk vtd1 0000:00:02.0 0x1000\n").finish();
        assertThat(result.out()).contains("root entry");
    }

    @Test
    void exitEndsTheShellWithItsStatus() throws Exception {
        Result result = LabProcess.start(directory, directory).type("exit 3\n").finish();
        assertThat(result.status()).isEqualTo(3);
    }

    @Test
    void aBundleThatIsStoppedIsMissedByNameAndTheShellGoesOn() throws Exception {
        String engine = LabProcess.start(directory, directory).type("lb -s\n").finish().out()
                .lines().filter(l -> l.contains("kdump.lab.engine")).findFirst().orElseThrow()
                .split("\\|")[0].strip();
        Result result = LabProcess.start(directory, directory).type("""
                stop %1$s
                lab:policies
                start %1$s
                lab:policies
                """.formatted(engine)).finish();
        assertThat(result.out()).containsOnlyOnce("lab: policies: not now: ")
                .contains("waits for kdump.lab.api.Lab").contains("copy-tables");
        assertThat(result.status()).isZero();
    }
}
