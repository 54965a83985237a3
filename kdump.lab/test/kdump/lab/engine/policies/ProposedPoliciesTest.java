// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.policies;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverPolicy;
import java.util.Map;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.engine.Fixture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What comes of hand-overs that were proposed and never released, on captured machines. */
class ProposedPoliciesTest {

    private static final Map<String, HandoverPolicy> POLICIES = Fixture.policies();

    private static Verdict run(String machine, String policy, long seed) {
        return Fixture.run(machine, POLICIES.get(policy), RunOptions.ofSeed(seed));
    }

    /** The race is in the window: who leaves translation on has none. */
    @ParameterizedTest
    @CsvSource({"vtd1, block", "vtd1, scratch-page", "vtd1, keep-nonzero", "vtd1, block-at-crash",
        "vtd1, reset-at-probe", "vtd1, keep-and-separate", "kdamd1, block",
        "kdamd1, scratch-page", "kdamd1, keep-nonzero", "kdamd1, block-at-crash",
        "kdamd1, reset-at-probe", "kdamd1, keep-and-separate"})
    void whereTranslationStaysOnNothingGoesUntranslatedAndNoKernelIsWrittenTo(String machine,
            String policy) {
        Verdict verdict = run(machine, policy, 7);
        assertThat(verdict.untranslatedDma().requests()).isZero();
        assertThat(verdict.captureKernel()).as(verdict.reasons().toString()).isEqualTo("ok");
        assertThat(verdict.dumpBytesStray()).isZero();
        assertThat(verdict.driversFailed()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"vtd1", "kdamd1"})
    void blockingFaultsWhereKeepingDoesNot(String machine) {
        assertThat(run(machine, "block", 7).faults().requests()).isPositive();
        assertThat(run(machine, "keep-nonzero", 7).faults().requests()).isZero();
        assertThat(run(machine, "keep-and-separate", 7).faults().requests()).isZero();
    }

    /** The panicked kernel's switch leaves DMA raw from T1 on, purgatory included. */
    @ParameterizedTest
    @ValueSource(strings = {"vtd1", "kdamd1"})
    void theWindowOf2010IsTheLongest(String machine) {
        long long10 = run(machine, "crash-path-disable", 7).untranslatedDma().requests();
        long small = run(machine, "disable-reinit", 7).untranslatedDma().requests();
        assertThat(long10).isGreaterThan(10 * Math.max(1, small));
    }

    /** Only what changes entries of the crashed kernel's tables changes its memory. */
    @ParameterizedTest
    @CsvSource({"keep-and-separate, false", "keep-nonzero, true", "block, false",
        "block-at-crash, true", "reuse-in-place, true", "scratch-page, false"})
    void whoWorksInOldTablesChangesWhatIsDumped(String policy, boolean changes) {
        assertThat(run("vtd1", policy, 7).oldMemoryBytesChanged() > 0).isEqualTo(changes);
    }

    /**
     * The old event log is written until T6, where interrupts share tables: what is kept is not.
     */
    @Test
    void copiesOfTheOtherVendorsTablesLeaveTheOldOnesAlone() {
        long log = run("kdamd1", "copy-page-tables", 7).oldMemoryBytesChanged();
        assertThat(run("kdamd1", "keep-and-separate", 7).oldMemoryBytesChanged()).isEqualTo(log);
        assertThat(run("kdamd1", "keep-nonzero", 7).oldMemoryBytesChanged())
                .isGreaterThan(10 * log);
    }

    private static int lost(String policy, long perMille, int seeds) {
        int lost = 0;
        for (long seed = 1; seed <= seeds; seed++) {
            KernelChoice kernels = new KernelChoice(null, null,
                    Map.of("crash.failurePerMille", perMille));
            Verdict verdict = Fixture.run("vtd1", POLICIES.get(policy),
                    RunOptions.ofSeed(seed).withKernels(kernels));
            if (verdict.captureKernel().equals("hung")) {
                lost++;
                assertThat(verdict.dump()).isEqualTo("missing");
                assertThat(verdict.reasons()).anyMatch(r -> r.contains("hangs in its crash path"));
            }
        }
        return lost;
    }

    @Test
    void whoActsInTheCrashPathMayFailThereAndWhoDoesNotCannot() {
        assertThat(lost("block-at-crash", 1000, 2)).isEqualTo(2);
        assertThat(lost("copy-tables", 1000, 2)).isZero();
        int some = lost("block-at-crash", 100, 12);
        assertThat(some).as("six entries, each fails one time in ten").isBetween(2, 11);
        assertThat(lost("block-at-crash", 0, 2)).isZero();
    }
}
