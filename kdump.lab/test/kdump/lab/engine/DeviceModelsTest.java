// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverPolicy;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.copytables.CopyTables;
import kdump.policies.disablereinit.DisableReinit;
import kdump.policies.leavedisabled.LeaveDisabled;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Captured machines with a model of its own behind each function that has one. */
class DeviceModelsTest {

    private static Verdict run(String machine, HandoverPolicy policy, long seed) {
        try {
            return new Runner(Fixture.machine(machine), Fixture.ALL_MODELS,
                    RunOptions.ofSeed(seed)).run(Fixture.session(policy), false,
                            FaultInjection.NONE).verdict();
        } catch (LabException e) {
            throw new AssertionError(e);
        }
    }

    /** What the capture kernel's own devices do is never taken for the crashed kernel's work. */
    @ParameterizedTest
    @CsvSource({"vtd1, 1", "vtd1, 7", "vtd_ats, 1", "vtd_ats, 2", "amd1, 1", "amd1, 3",
        "kdamd1, 2", "vtd39_612_lazy, 1", "vtdsm1, 1", "vtd_pt, 1"})
    void copiedTablesHandThemOverCleanly(String machine, long seed) {
        Verdict verdict = run(machine, new CopyTables(), seed);
        assertThat(verdict.clean()).as(verdict.toString()).isTrue();
        assertThat(verdict.driversFailed()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"vtd1, 7", "vtd_ats, 2", "vtd39_612_lazy, 7"})
    void driversComeUpAfterTheirDevicesWereCutOff(String machine, long seed) {
        for (HandoverPolicy policy : new HandoverPolicy[] {new DisableReinit(),
                new LeaveDisabled()}) {
            Verdict verdict = run(machine, policy, seed);
            assertThat(verdict.driversFailed()).as(verdict.toString()).isEmpty();
            assertThat(verdict.dump()).isNotEqualTo("missing");
        }
    }

    /** Storage is silent long before T4; whoever still sends is no disk. */
    @ParameterizedTest
    @CsvSource({"vtd1, 1", "vtd1, 2", "vtd1, 7"})
    void disksAreSilentWhenTranslationGoesOff(String machine, long seed) {
        assertThat(run(machine, new LeaveDisabled(), seed).untranslatedDma().byRequester())
                .doesNotContainKeys("0000:00:1f.2", "0000:02:00.0", "0000:04:00.0");
    }
}
