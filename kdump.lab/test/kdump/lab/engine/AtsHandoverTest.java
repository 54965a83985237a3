// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.machine.MachineDescription;
import iommu.api.pcie.Capabilities;
import iommu.api.pcie.RequesterId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.lab.api.Crash;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.TimelineEntry;
import kdump.lab.api.Verdict;
import kdump.lab.engine.run.PolicySession;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.copytables.CopyTables;
import kdump.policies.disablereinit.DisableReinit;
import kdump.policies.leavedisabled.LeaveDisabled;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A device with a TLB of its own through a hand-over: what it still translates by itself, who stops
 * it, and what it does to a kernel that waits for its answers.
 */
class AtsHandoverTest {

    private static final long SECOND = 1_000_000_000L;
    /** The root port above the function. */
    private static final int PORT = RequesterId.parse("00:04.0");
    private static final int BRIDGE_CONTROL = 0x3e;
    private static final int BUS_RESET = 0x40;
    private static final Pattern SENT =
            Pattern.compile("0000:05:00.0 sent (\\d+) translated requests, (\\d+) of them blocked");

    /** How many translated requests were sent since the crash, and how many blocked. */
    private static long[] sent(Crash crash) {
        return crash.timeline().stream().filter(e -> e.what().equals("ats"))
                .map(e -> SENT.matcher(e.text())).filter(Matcher::matches)
                .map(m -> new long[] {Long.parseLong(m.group(1)), Long.parseLong(m.group(2))})
                .findFirst().orElse(new long[2]);
    }

    private static long passed(Crash crash) {
        return sent(crash)[0] - sent(crash)[1];
    }

    private static Crash captured(HandoverPolicy policy, RunOptions options) {
        return AtsMachine.streaming(AtsMachine.captured(), policy, options);
    }

    private static Crash network(HandoverPolicy policy, RunOptions options) {
        return AtsMachine.streaming(AtsMachine.network(), policy, options);
    }

    private static RunOptions with(String kernel, String option, long value) {
        return AtsMachine.options(kernel).withDeviceOption(AtsMachine.FUNCTION, option, value);
    }

    private static long probed(Crash crash) {
        return crash.timeline().stream().filter(e -> e.what().equals("driver"))
                .filter(e -> e.text().equals(AtsMachine.NAME + " probed"))
                .mapToLong(TimelineEntry::nanosSinceCrash).findFirst().orElse(-1);
    }

    // ---- as captured ----------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(strings = {"5.2", "6.1", "6.12", "7.3"})
    void theCapturedFunctionTranslatesByItselfAndCopiedTablesLetIt(String kernel) {
        Crash crash = captured(new CopyTables(), AtsMachine.options(kernel));
        assertThat(crash.verdict().clean()).as(crash.verdict().toString()).isTrue();
        assertThat(crash.verdict().lateLegitimateBytes()).isPositive();
        assertThat(crash.verdict().untranslatedDma().requests()).isZero();
        assertThat(sent(crash)[0]).isGreaterThan(10_000);
        assertThat(sent(crash)[1]).isZero();
    }

    @Test
    void translatedWritesAreJudgedAsTheUntranslatedOnesOfADeviceWithoutTlb() {
        Verdict own = captured(new CopyTables(), AtsMachine.options("6.1")).verdict();
        Crash crash = AtsMachine.streaming(AtsMachine.switchedOff(), new CopyTables(),
                AtsMachine.options("6.1", Map.of("vtd.enablesAts", 0L)));
        assertThat(sent(crash)[0]).as("switched off in config space").isZero();
        assertThat(crash.verdict().lateLegitimateBytes()).isEqualTo(own.lateLegitimateBytes());
        assertThat(crash.verdict().dumpBytesStray()).isEqualTo(own.dumpBytesStray());
        assertThat(crash.verdict().faults()).isEqualTo(own.faults());
    }

    @ParameterizedTest
    @ValueSource(strings = {"vtd1", "vtdsm1", "amd1"})
    void whereTheUnitAnswersNoTranslationRequestsTheyChangeNothing(String name)
            throws Exception {
        RunOptions options = RunOptions.ofSeed(7);
        PolicySession policy = Fixture.session(new DisableReinit());
        MachineDescription everywhere = AtsMachine.everywhere(name);
        assertThat(everywhere.functions()).anyMatch(f -> f.config().length == 4096
                && Capabilities.findExtended(f::read, 0x0f) != 0);
        Crash with = Fixture.crash(Fixture.runner(everywhere, options), policy, true,
                FaultInjection.NONE);
        Crash without = Fixture.crash(Fixture.runner(Fixture.machine(name), options), policy,
                true, FaultInjection.NONE);
        assertThat(sent(with)[0]).isZero();
        assertThat(with.verdict()).isEqualTo(without.verdict());
    }

    @Test
    void theSameSeedGivesTheSameVerdict() {
        RunOptions options = with("6.1", "ats.answerNanos", 5_000_000);
        assertThat(network(new DisableReinit(), options).verdict())
                .isEqualTo(network(new DisableReinit(), options).verdict());
    }

    // ---- stale translations ---------------------------------------------------------------------

    /**
     * The same empty tables, three kernels: one gives the function no entry before its driver maps,
     * one an entry that allows translated requests, one the same but has emptied the TLB first.
     */
    @Test
    void oldTranslationsOutliveEmptyTablesWhoseEntriesAllowThem() {
        Crash absent = network(new DisableReinit(), AtsMachine.options("5.2"));
        Crash allowed = network(new DisableReinit(), AtsMachine.options("6.1"));
        Crash emptied = network(new DisableReinit(), AtsMachine.options("6.12"));

        assertThat(absent.verdict().faults().byReason()).containsKey("vtd:0x01");
        assertThat(sent(absent)[1]).isGreaterThan(1000);
        assertThat(allowed.verdict().faults().byReason()).as("the moment without translation")
                .containsOnlyKeys("vtd:translated");
        assertThat(passed(allowed)).isGreaterThan(passed(absent) + 10_000);
        assertThat(passed(emptied)).isLessThan(passed(allowed) - 10_000);
        assertThat(sent(emptied)[1]).isLessThan(100);
    }

    /** Writes config space of a function as a phase begins. */
    private record Poke(HandoverPolicy policy, Phase phase, int requester, int offset, int value)
            implements HandoverPolicy {
        @Override
        public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
            var steps = new ArrayList<Step>();
            if (event instanceof PhaseStart start && start.phase() == phase) {
                steps.add(new Step.WriteConfig(requester, offset, 2, value));
            }
            steps.addAll(policy.decide(event, view, notes));
            return steps;
        }
    }

    @Test
    void aResetOfTheLinkEndsThem() {
        HandoverPolicy reset = new Poke(new Poke(new CopyTables(), Phase.SETUP_ARCH, PORT,
                BRIDGE_CONTROL, BUS_RESET), Phase.INTERRUPT_REMAPPING, PORT, BRIDGE_CONTROL, 0);
        Crash crash = network(reset, AtsMachine.options("6.1"));
        assertThat(sent(crash)[0])
                .isLessThan(sent(network(new CopyTables(), AtsMachine.options("6.1")))[0] - 10_000);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"bus mastering off, 4, 0x0002", "ATS off, 0x106, 0"})
    void switchingOffInConfigSpaceEndsThem(String what, String offset, String value) {
        Crash with = network(new CopyTables(), AtsMachine.options("6.1"));
        Crash without = network(new Poke(new CopyTables(), Phase.SETUP_ARCH,
                AtsMachine.FUNCTION, Integer.decode(offset), Integer.decode(value)),
                AtsMachine.options("6.1"));
        assertThat(sent(without)[0]).isLessThan(sent(with)[0] - 10_000);
        assertThat(without.verdict().clean()).as(without.verdict().toString()).isTrue();
    }

    @Test
    void withoutTranslationTranslatedRequestsAreBlockedAndNotUntranslatedDma() {
        Crash crash = network(new LeaveDisabled(), AtsMachine.options("6.1"));
        assertThat(crash.verdict().faults().byReason()).containsOnlyKeys("vtd:translated");
        assertThat(crash.verdict().faults().requests()).isEqualTo(sent(crash)[1]);
        assertThat(crash.verdict().faults().recorded()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"6.1, true", "6.12, false"})
    void aDeviceThatKeepsThemOverItsDriversResetServesTheOldKernel(String kernel, boolean stale) {
        Verdict verdict =
                captured(new CopyTables(), with(kernel, "ats.keptOverReset", 1)).verdict();
        assertThat(verdict.driversFailed()).hasSize(stale ? 1 : 0);
        assertThat(verdict.dump()).isEqualTo(stale ? "corrupt" : "complete");
        if (stale) {
            assertThat(verdict.driversFailed().get(0).reason()).isEqualTo("I/O timeout");
            assertThat(verdict.reasons()).anyMatch(r -> r.contains(
                    "changed by translated write of 0000:05:00.0 to bus address 0xfffff018"));
        }
    }

    // ---- answers --------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(strings = {"4.2", "6.1", "6.9", "7.3"})
    void aDeadDeviceHangsTheCaptureKernelAtItsFirstUnmap(String kernel) {
        Crash crash = captured(new CopyTables(), with(kernel, "ats.answerNanos", -1));
        assertThat(crash.verdict().captureKernel()).isEqualTo("hung");
        assertThat(crash.verdict().dump()).isEqualTo("missing");
        assertThat(crash.verdict().reasons())
                .contains("endless invalidation retry: a device does not answer");
        assertThat(crash.timeline()).filteredOn(e -> e.text().contains("(ITE) cleared"))
                .hasSize(kernel.equals("4.2") ? 0 : 3);
    }

    @Test
    void itHangsNobodyWhoDoesNotAsk() {
        Verdict direct =
                captured(new LeaveDisabled(), with("6.1", "ats.answerNanos", -1)).verdict();
        assertThat(direct.captureKernel()).isEqualTo("ok");
        RunOptions noAts = AtsMachine.options("6.1", Map.of("vtd.enablesAts", 0L))
                .withDeviceOption(AtsMachine.FUNCTION, "ats.answerNanos", -1);
        assertThat(captured(new CopyTables(), noAts).verdict().captureKernel()).isEqualTo("ok");
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({"6.1, hung", "6.8, hung", "6.9, ok", "7.3, ok"})
    void aDevicePulledOutHangsKernelsUpTo68(String kernel, String outcome) {
        Crash crash = captured(new CopyTables(), with(kernel, "goneFromNanos", 19 * SECOND));
        assertThat(crash.verdict().captureKernel()).isEqualTo(outcome);
        if (outcome.equals("ok")) {
            assertThat(crash.verdict().dump()).isEqualTo("complete");
            assertThat(crash.verdict().driversFailed()).singleElement()
                    .satisfies(f -> assertThat(f.requester()).isEqualTo(AtsMachine.NAME));
            long last = crash.timeline().get(crash.timeline().size() - 1).nanosSinceCrash();
            assertThat(last).as("a minute later").isGreaterThan(79 * SECOND);
        }
    }

    @Test
    void oneThatIsGoneBeforeEnumerationIsNotMissed() {
        Crash crash = captured(new CopyTables(), with("6.1", "goneFromNanos", SECOND));
        assertThat(crash.verdict().clean()).as(crash.verdict().toString()).isTrue();
        assertThat(crash.timeline()).noneMatch(e -> e.what().equals("driver")
                && e.text().startsWith(AtsMachine.NAME));
    }

    @Test
    void aLateDeviceDelaysItsDriverByWhatItTakes() {
        Crash quick = captured(new CopyTables(), AtsMachine.options("6.1"));
        Crash late = captured(new CopyTables(), with("6.1", "ats.answerNanos", 20_000_000));
        assertThat(late.verdict().captureKernel()).isEqualTo("ok");
        assertThat(probed(late) - probed(quick)).isBetween(20_000_000L, 21_500_000L);
        assertThat(late.verdict()).usingRecursiveComparison().ignoringFields("assumptions")
                .isEqualTo(quick.verdict());
    }

    // ---- options --------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"05:00.0, ats.none, device option 'ats.none' of 0000:05:00.0",
        "00:00.0, ats.entries, device option 'ats.entries' of 0000:00:00.0",
        "7f:1f.7, ats.entries, no device to ask anything of at 0000:7f:1f.7",
        "05:00.0, ats.entries, translation cache of 0 entries"})
    void wrongOptionsAreRefusedBeforeAnythingRuns(String requester, String option,
            String message) {
        RunOptions options = AtsMachine.options("6.1").withDeviceOption(
                RequesterId.parse(requester), option, 0);
        assertThatThrownBy(
                () -> new Runner(AtsMachine.captured(), Fixture.SERVICES, options))
                .isInstanceOf(LabException.class).hasMessageStartingWith(message);
    }
}
