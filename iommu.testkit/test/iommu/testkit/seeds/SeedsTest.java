// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.seeds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;
import org.junit.platform.launcher.listeners.TestExecutionSummary.Failure;

/** Which seeds a test gets, and what it says when it fails. */
class SeedsTest {

    private static final List<Long> DRAWN = new ArrayList<>();
    private String before;

    /** Not found by a scan, for its name is none of a test class. */
    static class Sample {
        @Seeds(count = 4, first = 15)
        void failsFor17(long seed) {
            DRAWN.add(seed);
            assertThat(seed).isNotEqualTo(17);
        }
    }

    static class Prepared {
        @BeforeEach
        void prepare() {
            throw new IllegalStateException("not ready");
        }

        @Seeds(count = 1, first = -3)
        void neverRuns(long seed) {
            DRAWN.add(seed);
        }
    }

    static class Skipping {
        @Seeds
        void likesNoSeed(long seed) {
            DRAWN.add(seed);
            Assumptions.assumeTrue(false);
        }
    }

    static class Greedy {
        @Seeds(count = 1)
        void wantsText(String text) {
            throw new AssertionError(text);
        }
    }

    @BeforeEach
    void forgetTheSeedThatThisRunMayHave() {
        before = System.getProperty(Seeds.PROPERTY);
        System.clearProperty(Seeds.PROPERTY);
        DRAWN.clear();
    }

    @AfterEach
    void bringItBack() {
        if (before == null) {
            System.clearProperty(Seeds.PROPERTY);
        } else {
            System.setProperty(Seeds.PROPERTY, before);
        }
    }

    private static TestExecutionSummary run(Class<?> tests) {
        var summary = new SummaryGeneratingListener();
        LauncherFactory.create().execute(LauncherDiscoveryRequestBuilder.request()
                .selectors(DiscoverySelectors.selectClass(tests)).build(), summary);
        return summary.getSummary();
    }

    private static String trace(Failure failure) {
        var text = new StringWriter();
        failure.getException().printStackTrace(new PrintWriter(text));
        return text.toString();
    }

    @Test
    void eachSeedIsATestOfItsOwn() {
        TestExecutionSummary summary = run(Sample.class);
        assertThat(DRAWN).containsExactly(15L, 16L, 17L, 18L);
        assertThat(summary.getTestsSucceededCount()).isEqualTo(3);
        assertThat(summary.getFailures()).singleElement()
                .satisfies(f -> assertThat(f.getTestIdentifier().getDisplayName())
                        .isEqualTo("seed 17"));
    }

    @Test
    void aFailureSaysTheWholeCommandThatRepeatsIt() {
        assertThat(trace(run(Sample.class).getFailures().get(0))).containsOnlyOnce(
                "repeat with: SEED=17 TEST='" + Sample.class.getName()
                        + "#failsFor17' cnf/make build test");
    }

    @Test
    void thePropertyReplacesTheSeeds() {
        System.setProperty(Seeds.PROPERTY, " 17 ");
        TestExecutionSummary summary = run(Sample.class);
        assertThat(DRAWN).containsExactly(17L);
        assertThat(summary.getTestsFailedCount()).isEqualTo(1);
    }

    @Test
    void aSeedThatIsNoNumberFailsTheTest() {
        System.setProperty(Seeds.PROPERTY, "x");
        assertThat(run(Sample.class).getTotalFailureCount()).isEqualTo(1);
        assertThat(DRAWN).isEmpty();
    }

    @Test
    void aFailureBeforeTheTestIsToldToo() {
        Failure failure = run(Prepared.class).getFailures().get(0);
        assertThatIllegalStateException().isThrownBy(() -> {
            throw failure.getException();
        });
        assertThat(trace(failure)).contains("SEED=-3 ");
        assertThat(DRAWN).isEmpty();
    }

    @Test
    void aSkippedTestIsNoFailure() {
        TestExecutionSummary summary = run(Skipping.class);
        assertThat(summary.getTestsAbortedCount()).isEqualTo(10);
        assertThat(summary.getFailures()).isEmpty();
    }

    @Test
    void aParameterThatIsNoSeedIsRefused() {
        assertThat(run(Greedy.class).getFailures()).singleElement().satisfies(f ->
                assertThat(f.getException()).hasMessageContaining("No ParameterResolver"));
    }
}
