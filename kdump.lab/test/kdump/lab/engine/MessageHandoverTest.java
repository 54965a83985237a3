// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.profile.KernelVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import kdump.lab.api.Crash;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.RunOptions;
import kdump.lab.api.TimelineEntry;
import kdump.lab.engine.setup.FaultInjection;
import kdump.policies.copytables.CopyTables;
import kdump.policies.disablereinit.DisableReinit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What becomes of the messages of devices that go on after the crash. */
class MessageHandoverTest {

    private static final String NOT_PRESENT = "vtd:0x22";

    private static Crash run(String machine, HandoverPolicy policy, String kernel, double rate) {
        return Fixture.crash(machine, policy, RunOptions.ofSeed(7).withRateFactor(rate)
                .withKernels(new KernelChoice(null, KernelVersion.parse(kernel), Map.of())),
                FaultInjection.NONE);
    }

    private static List<TimelineEntry> told(Crash crash, String what) {
        return crash.timeline().stream().filter(e -> e.what().equals(what)).toList();
    }

    /** truth-irte.csv of the capture: vectors 41 for 00:1f.2, 42 and 43 for 03:00.0. */
    @Test
    void aCopiedInterruptTableDeliversThemToTheVectorsOfTheDeadKernel() {
        Crash crash = run("vtd1", new CopyTables(), "6.1", 1);

        assertThat(crash.verdict().faults().requests()).isZero();
        assertThat(told(crash, "interrupt")).allMatch(e -> e.phase().equals("T4"))
                .extracting(TimelineEntry::text).contains(
                        "0000:00:1f.2 interrupts at vector 0x29, which the capture kernel has not"
                                + " set up",
                        "0000:03:00.0 interrupts at vector 0x2a, which the capture kernel has not"
                                + " set up");
    }

    @ParameterizedTest
    @CsvSource({"kdamd1, 6.1", "amd1, 6.18"})
    void onAmdTheyFollowTheDeviceTable(String machine, String kernel) {
        Crash crash = run(machine, new CopyTables(), kernel, 1);
        assertThat(told(crash, "interrupt")).isNotEmpty();
    }

    /** Before 4.2 the table is empty from T4 on; enumeration at T5a switches messages off. */
    @Test
    void anEmptyInterruptTableBlocksThemFromT4UntilEnumeration() {
        Crash crash = run("vtd1", new DisableReinit(), "4.1", 1);

        assertThat(crash.verdict().faults().byReason()).containsKey(NOT_PRESENT);
        assertThat(told(crash, "interrupt")).isEmpty();
        List<TimelineEntry> lines = told(crash, "console").stream()
                .filter(e -> e.text().contains("fault index")).toList();
        assertThat(lines).isNotEmpty().allMatch(e -> e.phase().equals("T4"));
    }

    /** Indoh, October 2012: only a reset before interrupt remapping keeps such faults away. */
    @ParameterizedTest(name = "bus mastering off at {0}")
    @CsvSource({"SETUP_ARCH, false", "ENUMERATION, true", "DMA_REMAPPING, true"})
    void whoeverIsSilencedBeforeT4MeetsNoEmptyTable(Phase silent, boolean blocked) {
        var clean = new DisableReinit();
        Crash crash = run("vtd1", (event, view, notes) -> {
            var steps = new ArrayList<Step>(clean.decide(event, view, notes));
            if (event.equals(new PhaseStart(silent))) {
                view.functions().forEach(f -> steps.add(new Step.WriteConfig(f.requester(), 4, 2,
                        view.readConfig(f.requester(), 4, 2) & ~4)));
            }
            return steps;
        }, "4.1", 1);

        assertThat(crash.verdict().faults().byReason().containsKey(NOT_PRESENT))
                .isEqualTo(blocked);
    }

    @ParameterizedTest
    @CsvSource({"1, ok", "1000, hung"})
    void soManyThatNoTimeIsLeftAreAStorm(double rate, String kernel) {
        var verdict = run("vtd1", new CopyTables(), "6.1", rate).verdict();

        assertThat(verdict.captureKernel()).isEqualTo(kernel);
        assertThat(verdict.reasons().stream().anyMatch(r -> r.startsWith("interrupt storm: ")))
                .isEqualTo(kernel.equals("hung"));
    }

    @Test
    void idleDevicesSendNone() {
        assertThat(run("vtd1", new CopyTables(), "6.1", 0).timeline())
                .noneMatch(e -> e.what().equals("interrupt"));
    }
}
