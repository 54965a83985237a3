// SPDX-License-Identifier: Apache-2.0
package cnf.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the driver makes of tests that fail, hang, are skipped or are not there. */
class TestsTest {
    @TempDir
    Path directory;
    private TinyWorkspace workspace;

    @BeforeEach
    void makeWorkspace() throws Exception {
        workspace = new TinyWorkspace(directory).withBundles().source("one", "A", "");
    }

    @AfterEach
    void forgetCi() {
        System.clearProperty("ci");
    }

    @Test
    void everyKindOfResultIsCountedAndFailuresAreNamed() throws Exception {
        workspace.test("one", "MixedTest", "@T.Test void good() { } @T.Test void bad() {"
                + " throw new AssertionError(\"two is not three\"); }"
                + " @T.Test @T.Disabled(\"later\") void off() { }");
        assertThat(workspace.run("build", "test")).isEqualTo(1);
        assertThat(workspace.out).isEqualTo("1 passed, 1 failed, 1 skipped\n");
        assertThat(workspace.err).contains("FAILED one: one.MixedTest.bad()", "two is not three");
    }

    @Test
    void testFolderWithoutTestsIsFailure() throws Exception {
        workspace.test("one", "NoTest", "");
        assertThat(workspace.run("build", "test")).isEqualTo(1);
        assertThat(workspace.out).isEqualTo("0 passed, 1 failed, 0 skipped\n");
        assertThat(workspace.err).contains("FAILED one: no test ran");
    }

    @Test
    void hangingTestIsKilled() throws Exception {
        workspace.property("test.timeout.seconds", "2").test("one", "LongTest",
                "@T.Test void sleeps() throws Exception { Thread.sleep(600_000); }");
        assertThat(workspace.run("build", "test")).isEqualTo(1);
        assertThat(workspace.err).contains("timed out after 2 s");
        assertThat(workspace.out).isEqualTo("0 passed, 1 failed, 0 skipped\n");
    }

    @Test
    void jvmThatDiesIsFailure() throws Exception {
        workspace.test("one", "DeadTest", "@T.Test void dies() { Runtime.getRuntime().halt(0); }");
        assertThat(workspace.run("build", "test")).isEqualTo(1);
    }

    @Test
    void skipFailsOnCiUnlessTheListAllowsIt() throws Exception {
        workspace.test("one", "OffTest",
                "@T.Test void on() { } @T.Test @T.Disabled void off() { }");
        System.setProperty("ci", "false");
        assertThat(workspace.run("build", "test")).as("at home").isZero();
        System.setProperty("ci", "true");
        assertThat(workspace.run("test")).as("on CI").isEqualTo(1);
        assertThat(workspace.err).contains("skipped, not allowed: one.OffTest.off()");
        workspace.write("cnf/allowed-skips.txt", "# why\none.Off*.off* needs a newer machine\n");
        assertThat(workspace.run("test")).as("allowed").isZero();
        assertThat(workspace.out).isEqualTo("1 passed, 0 failed, 1 skipped\n");
    }

    @Test
    void testsRunInTheirProjectAndKnowTheRoot() throws Exception {
        workspace.test("one", "WhereTest", "@T.Test void where() {"
                + " var here = java.nio.file.Path.of(\"\").toAbsolutePath();"
                + " var root = java.nio.file.Path.of(System.getProperty(\"lab.root\"));"
                + " if (!here.equals(root.resolve(\"one\"))) throw new AssertionError(here); }");
        assertThat(workspace.run("build", "test")).isZero();
    }
}
