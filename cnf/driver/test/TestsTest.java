// SPDX-License-Identifier: Apache-2.0
package cnf.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
    void forgetProperties() {
        List.of("ci", "test.only", "test.seed").forEach(System::clearProperty);
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
    void hangingTestIsKilledAndWhatHadPassedCounts() throws Exception {
        workspace.property("test.timeout.seconds", "5").test("one", "LongTest",
                "@T.Test @T.Order(1) void passes() { System.out.print(\"without a newline\"); }"
                + " @T.Test @T.Order(2) void sleeps() throws Exception { Thread.sleep(600_000); }",
                "@T.TestMethodOrder(T.MethodOrderer.OrderAnnotation.class)");
        assertThat(workspace.run("build", "test")).isEqualTo(1);
        assertThat(workspace.err)
                .contains("FAILED one: timed out, quiet for 5 s while running LongTest > sleeps()");
        assertThat(workspace.out).isEqualTo("1 passed, 1 failed, 0 skipped\n");
    }

    @Test
    void classesThatWantItGetJvmsAndTimeOfTheirOwn() throws Exception {
        workspace.property("test.separately", "*LongTest;seconds=3,*DeadTest")
                .test("one", "LongTest",
                        "@T.Test void sleeps() throws Exception { Thread.sleep(600_000); }")
                .test("one", "DeadTest", "@T.Test void dies() { Runtime.getRuntime().halt(3); }")
                .test("one", "ShortTest", "@T.Test void passes() { }");
        assertThat(workspace.run("build", "test")).isEqualTo(1);
        assertThat(workspace.err).contains("one: 1 tests",
                "FAILED one.LongTest: timed out, quiet for 3 s while running LongTest > sleeps()",
                "FAILED one.DeadTest: the test JVM ended with status 3 while running"
                        + " DeadTest > dies()");
        assertThat(workspace.out).isEqualTo("1 passed, 2 failed, 0 skipped\n");
    }

    @Test
    void oneTestIsRepeatedWithItsSeed() throws Exception {
        String seeded = "@T.Test void draws() { if (!\"17\".equals(System.getProperty(\"seed\")))"
                + " throw new AssertionError(); } @T.Test void other() { }";
        workspace.test("one", "SeedTest", seeded).test("one", "BadTest",
                "@T.Test void fails() { throw new AssertionError(); }").source("two", "B", "")
                .test("two", "OtherTest", "@T.Test void fails() { throw new AssertionError(); }");
        System.setProperty("test.seed", "17");
        System.setProperty("test.only", "one.SeedTest#draws");
        assertThat(workspace.run("build", "test")).as(workspace.err).isZero();
        assertThat(workspace.out).isEqualTo("1 passed, 0 failed, 0 skipped\n");
        System.setProperty("test.only", "one.SeedTest");
        assertThat(workspace.run("test")).isZero();
        assertThat(workspace.out).isEqualTo("2 passed, 0 failed, 0 skipped\n");
        System.setProperty("test.only", "two");
        assertThat(workspace.run("test")).isEqualTo(1);
        assertThat(workspace.out).isEqualTo("0 passed, 1 failed, 0 skipped\n");
        System.setProperty("test.only", "one.NoTest");
        assertThat(workspace.run("test")).isEqualTo(1);
        assertThat(workspace.err).contains("no project has tests of the name one.NoTest");
    }

    @Test
    void theCommandThatRepeatsAFailureIsNeverCutOff() throws Exception {
        workspace.test("one", "DeepTest", "@T.Test void bad() {"
                + " var e = new AssertionError(\"a\\n\" + \"b\\n\".repeat(3)"
                + " + \"c\\nd\\ne\\nf\\ng\\nh\\ni\\nj\\nk\\nl\\nm\\nn\\no\\np\\nq\\nr\");"
                + " e.addSuppressed(new Exception(\"repeat with: SEED=5\")); throw e; }");
        assertThat(workspace.run("build", "test")).isEqualTo(1);
        assertThat(workspace.err).containsOnlyOnce("repeat with: SEED=5");
    }

    @Test
    void testsMayUseSourcesThatLieElsewhere() throws Exception {
        workspace.write("kit/Shared.java", "package kit; public class Shared { }")
                .write("kit/words.txt", "yes")
                .write("one/bnd.bnd", "test.sources: ../kit")
                .test("one", "SharedTest", "@T.Test void uses() { new kit.Shared();"
                        + " if (getClass().getResource(\"/words.txt\") == null)"
                        + " throw new AssertionError(); }");
        assertThat(workspace.run("build", "test")).as(workspace.err).isZero();
        workspace.write("kit/Shared.java", "package kit; public class Shared { broken }");
        assertThat(workspace.run("build")).as("a change of them is seen").isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"0, 1000", "19, 1000", "20, 20", "160, 160", "1000, 1000", "1900, 1000"})
    void timeThatABusyMachineDoesNotGiveDoesNotCount(long computed, long charged) {
        assertThat(TestJvm.charged(computed)).isEqualTo(charged);
    }

    @Test
    void endlessLoopIsKilled() throws Exception {
        workspace.property("test.timeout.seconds", "5") // a JVM may start as slowly as that
                .test("one", "LoopTest", "@T.Test void loops() { while (true) { } }");
        assertThat(workspace.run("build", "test")).isEqualTo(1);
        assertThat(workspace.err).contains("quiet for 5 s while running LoopTest > loops()");
    }

    @Test
    void whatIsNamedTwiceRunsOnce() throws Exception {
        workspace.test("one", "GoodTest", "@T.Test void good() { }");
        assertThat(workspace.run("build", "test", "test")).isZero();
        assertThat(workspace.out).contains("1 passed, 0 failed, 0 skipped");
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
