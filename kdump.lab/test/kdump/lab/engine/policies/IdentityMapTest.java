// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.policies;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Step;
import iommu.api.memory.AddressRange;
import iommu.api.pcie.RequesterId;
import java.util.List;
import java.util.function.Predicate;
import kdump.lab.api.Crash;
import kdump.lab.api.RunOptions;
import kdump.lab.api.TimelineEntry;
import kdump.lab.api.Verdict;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.kernel.IovaInUse;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.setup.Scenario;
import kdump.lab.engine.verdict.Runner;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Montgomery's rule on VT-d, whole and with each of its parts left out. */
class IdentityMapTest {

    private static final HandoverPolicy RULE = Fixture.identityMap();
    private static final int DUMP_TARGET = RequesterId.parse("00:1f.2");

    /** The rule without the steps that a test leaves out. */
    private record Without(Predicate<Step> leftOut) implements HandoverPolicy {
        @Override
        public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
            return RULE.decide(event, view, notes).stream().filter(leftOut.negate()).toList();
        }
    }

    @ParameterizedTest
    @CsvSource({"vtd1, 1", "vtd1, 7", "vtdsm1, 7", "vtd39_612_lazy, 7", "vtd_ats, 2"})
    void theWholeRuleHandsOverWithoutAFault(String machine, long seed) {
        Verdict verdict = Fixture.run(machine, RULE, RunOptions.ofSeed(seed));

        assertThat(verdict.clean()).as(verdict.toString()).isTrue();
        assertThat(verdict.lateLegitimateBytes()).as("left-over I/O goes on").isPositive();
    }

    @Test
    void theCaptureKernelTouchesNothingOfTheUnitButInterrupts() {
        Crash crash = Fixture.crash("vtd1", RULE, RunOptions.ofSeed(7), FaultInjection.NONE);

        assertThat(crash.timeline()).extracting(TimelineEntry::text)
                .contains("EnableInterrupts[unit=0]");
        List<TimelineEntry> after = crash.timeline().stream()
                .filter(e -> e.nanosSinceCrash() > 0).toList();
        assertThat(after).extracting(TimelineEntry::what).doesNotContain("translation");
        assertThat(after).filteredOn(e -> e.what().equals("register")).as("root table address")
                .isNotEmpty().noneMatch(e -> e.text().contains("0x020 ="));
        assertThat(after).filteredOn(e -> e.text().contains("0x018 =")).as("TE stays on")
                .isNotEmpty().allMatch(e -> e.text().contains("= 0x8"));
    }

    @Test
    void reservingWithoutMappingBlocksTheDumpAndLeavesTheCrashRangeIntact() {
        Verdict verdict = Fixture.run("vtd1",
                new Without(step -> step instanceof Step.IdentityMap), RunOptions.ofSeed(7));

        assertThat(verdict.captureKernel()).isEqualTo("ok");
        assertThat(verdict.dump()).isEqualTo("missing");
        assertThat(verdict.faults().requests()).as("of the crashed kernel's work").isZero();
        assertThat(verdict.reasons()).anyMatch(r -> r.contains(
                "capture kernel's own device 0000:00:1f.2 blocked, vtd:0x06"));
    }

    @Test
    void aRequesterThatWasLeftOutFaultsAndTheOthersWork() {
        Verdict verdict = Fixture.run("vtd1", new Without(step ->
                step instanceof Step.IdentityMap map && map.requester() == DUMP_TARGET),
                RunOptions.ofSeed(7));

        assertThat(verdict.dump()).isEqualTo("missing");
        assertThat(verdict.driversFailed()).extracting(Verdict.DriverFailure::requester)
                .containsExactly("0000:00:1f.2");
        assertThat(verdict.reasons()).filteredOn(r -> r.contains("own device")).isNotEmpty()
                .allMatch(r -> r.contains("0000:00:1f.2 blocked"));
    }

    @Test
    void mappingWithoutReservingLetsTheFirstKernelGiveTheAddressesOutAgain() {
        HandoverPolicy unreserved = new Without(step -> step instanceof Step.ReserveIova);

        Verdict verdict = crowded(unreserved);

        // the image is hit while the first kernel still runs: purgatory finds out
        assertThat(verdict.captureKernel()).isEqualTo("hung");
        assertThat(verdict.reasons()).anyMatch(r -> r.startsWith("purgatory: digest"));
        assertThat(crowded(RULE).captureKernel()).isEqualTo("ok");
    }

    /**
     * A first kernel that has used up all I/O virtual addresses above the crash range, so that its
     * drivers' next mappings come from the range itself unless it is reserved: the identity mapping
     * is there first, and what devices write goes into the capture kernel's image.
     */
    private static Verdict crowded(HandoverPolicy policy) {
        RunOptions options = RunOptions.ofSeed(7).withCrashAt(1_500_000_000L);
        Runner runner = Fixture.runner(Fixture.machine("vtd1"), options);
        Scenario b = runner.scenario();
        var inUse = new IovaInUse();
        for (int requester = 0; requester < 0x10000; requester++) {
            inUse.add(0, requester, requester, new AddressRange(
                    b.reservation().start() + (8 << 20) + 0x40000, 1L << 32));
        }
        var crowded = new Scenario(b.description(), b.reservation(), b.profile(),
                b.captureProfile(), b.loads(),
                b.usedFrames(), inUse, b.passThrough(), b.captureDrivers(),
                b.assumptions(), true);
        return Fixture.crash(runner, crowded, Fixture.session(policy), false).verdict();
    }
}
