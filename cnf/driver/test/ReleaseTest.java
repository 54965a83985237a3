// SPDX-License-Identifier: Apache-2.0
package cnf.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A change of what was released needs another version of its package, or the build fails. */
class ReleaseTest {

    @TempDir
    Path directory;
    private TinyWorkspace workspace;

    @BeforeEach
    void releases() throws Exception {
        workspace = new TinyWorkspace(directory).property("release.bundles", "one");
        api("0.1.0", "public int size() { return 1; }");
        assertThat(workspace.run("build", "release", "build")).as(workspace.err).isZero();
        assertThat(workspace.file("cnf/release/one.jar")).exists();
    }

    private void api(String version, String body) throws Exception {
        workspace.source("one", "A", body).write("one/bnd.bnd",
                "-exportcontents: one;version=" + version + "\n-includepackage: one\n");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "public long size() { return 1; } | MAJOR",
        "int size() { return 1; } | MAJOR",
        "public int size() { return 1; } public int more() { return 2; } | MINOR"})
    void aChangeOfTheApiNeedsAnotherVersion(String body, String delta) throws Exception {
        api("0.1.0", body);
        assertThat(workspace.run("build")).isEqualTo(1);
        assertThat(workspace.err).contains("one: error: one 0.1.0 has a " + delta + " change since"
                + " it was released as 0.1.0; raise its version");
        assertThat(workspace.run("build")).as("again").isEqualTo(1);
        api("0.1.1", body);
        assertThat(workspace.run("build")).as("too little").isEqualTo(1);
        api("0.2.0", body);
        assertThat(workspace.run("build")).as(workspace.err).isZero();
    }

    @Test
    void whatNobodySeesMayChange() throws Exception {
        api("0.1.0", "public int size() { return 2; } private int more() { return 3; }");
        assertThat(workspace.run("build")).as(workspace.err).isZero();
    }

    @Test
    void oneRaiseIsEnoughUntilTheNextRelease() throws Exception {
        api("0.2.0", "public long size() { return 1; }");
        assertThat(workspace.run("build")).isZero();
        api("0.2.0", "public String name() { return null; }");
        assertThat(workspace.run("build", "release", "build")).isZero();
        api("0.2.0", "public int name() { return 1; }");
        assertThat(workspace.run("build")).isEqualTo(1);
    }

    @Test
    void from100OnWhatBreaksOthersNeedsTheFirstNumber() throws Exception {
        api("1.0.0", "public int size() { return 1; }");
        assertThat(workspace.run("build", "release", "build")).isZero();
        api("1.1.0", "public long size() { return 1; }");
        assertThat(workspace.run("build")).isEqualTo(1);
        api("1.1.0", "public int size() { return 1; } public int more() { return 2; }");
        assertThat(workspace.run("build")).as(workspace.err).isZero();
        api("2.0.0", "public long size() { return 1; }");
        assertThat(workspace.run("build")).as(workspace.err).isZero();
    }

    @Test
    void aReleaseHasNoSourcesAndNeedsEveryBundle() throws Exception {
        try (var jar = new java.util.jar.JarFile(
                workspace.file("cnf/release/one.jar").toFile())) {
            assertThat(jar.stream().map(e -> e.getName())).contains("one/A.class")
                    .noneMatch(name -> name.startsWith("OSGI-OPT"));
        }
        workspace.property("release.bundles", "one, two");
        assertThat(workspace.run("build", "release")).isEqualTo(1);
        assertThat(workspace.err).contains("error: of [one, two] 1 are built");
    }
}
