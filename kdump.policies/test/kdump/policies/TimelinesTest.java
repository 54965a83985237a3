// SPDX-License-Identifier: Apache-2.0
package kdump.policies;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.kdump.Step.WriteConfig;
import iommu.api.memory.AddressRange;
import iommu.testkit.FakeHandover;
import iommu.testkit.Settings;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole hand-over of one machine under each policy, and under each setting. */
class TimelinesTest {

    private static final int PORT = 0x08;
    private static final int DISK = 0x10;
    private static final int NIC = 0x100;
    private static final String STARTS_CLEAN = "T4: irq 0; T6: off 0, clean 0";
    private static final String RESET =
            "WriteConfig, Sleep, WriteConfig, Sleep, 10 x WriteConfig";
    private static final List<String> PHASES = List.of("none", "T1", "T3", "T5b", "T6");

    /** A disk on the root bus that no unit serves, and an adapter behind a root port. */
    private static FakeHandover machine() {
        return Policies.machine("v")
                .function(PORT, 0x060400, 1, 0x04, 0x6, 0x06, 0x10, 0x34, 0x40, 0x40, 0x10,
                        0x42, 0x42, 0x19, 1, 0x1a, 1)
                .function(DISK, 0x010601, 0, 0x04, 0x6).direct(DISK)
                .function(NIC, 0x020000, 0, 0x04, 0x6);
    }

    /** Returns what is done in all phases, as "T1: off 0; T6: clean 0". */
    private static String timeline(HandoverPolicy policy) {
        FakeHandover machine = machine();
        return Stream.of(Phase.values()).filter(p -> !machine.at(p, policy).isEmpty())
                .map(p -> p.label() + ": " + folded(Policies.brief(machine.at(p, policy))))
                .collect(Collectors.joining("; "));
    }

    /** Says of what comes several times in a row how often it does. */
    private static String folded(String steps) {
        var parts = new ArrayList<String>();
        String[] all = steps.split(", ");
        for (int i = 0, end; i < all.length; i = end) {
            end = i + 1;
            while (end < all.length && all[end].equals(all[i])) {
                end++;
            }
            parts.add((end - i > 1 ? end - i + " x " : "") + all[i]);
        }
        return String.join(", ", parts);
    }

    static Stream<Arguments> timelines() {
        return Stream.of(
                Arguments.of("copy-tables", "T4: irq 0; T6: adopt 0 CONTEXTS"),
                Arguments.of("copy-page-tables", "T4: irq 0; T6: adopt 0 PAGE_TABLES"),
                Arguments.of("reuse-root", "T4: irq 0; T6: adopt 0 REUSE_ROOT"),
                Arguments.of("reuse-in-place", "T4: irq 0; T6: adopt 0 IN_PLACE"),
                Arguments.of("keep-and-separate", "T4: irq 0; T6: adopt 0 KEEP_COPIED"),
                Arguments.of("keep-nonzero", "T4: irq 0; T6: adopt 0 KEEP_IN_PLACE"),
                Arguments.of("reset-at-probe", "T4: irq 0; T6: adopt 0 KEEP_COPIED"),
                Arguments.of("disable-reinit", STARTS_CLEAN),
                Arguments.of("leave-disabled", "T4: irq 0; T6: off 0"),
                Arguments.of("block", "T4: irq 0; T6: blocked 0"),
                Arguments.of("scratch-page", "T4: irq 0; T6: scratch 0"),
                Arguments.of("crash-path-disable", "T1: off 0; " + STARTS_CLEAN),
                Arguments.of("block-at-crash", "T1: block 100; T4: irq 0; T6: blocked 0"),
                Arguments.of("identity-map-crash-range", "T0: ReserveIova, map 100; T4: irq 0"),
                Arguments.of("clear-bus-master", "T3: 2 x WriteConfig; " + STARTS_CLEAN),
                Arguments.of("reset-devices", "T3: " + RESET + "; " + STARTS_CLEAN),
                Arguments.of("indoh-1", "T3: 2 x WriteConfig; " + STARTS_CLEAN),
                Arguments.of("indoh-2", "T4: irq 0; T5b: " + RESET + "; T6: off 0, clean 0"),
                Arguments.of("indoh-3", "T3: 2 x WriteConfig; T4: irq 0; T5b: " + RESET
                        + "; T6: off 0, clean 0"),
                Arguments.of("indoh-4", "T3: " + RESET + "; " + STARTS_CLEAN));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("timelines")
    void eachPolicyHasItsTimeline(String name, String expected) {
        assertThat(timeline(Policies.of(name))).isEqualTo(expected);
    }

    @Test
    void noPolicyIsForgotten() {
        Set<String> told = timelines().map(row -> (String) row.get()[0])
                .collect(Collectors.toCollection(HashSet::new));
        assertThat(told).containsExactlyInAnyOrderElementsOf(Policies.NAMES);
    }

    // ---- settings -------------------------------------------------------------------------------

    static Stream<Arguments> phases() {
        return PHASES.stream().flatMap(reset ->
                PHASES.stream().map(clear -> Arguments.of(reset, clear)));
    }

    private static boolean clears(Step step) {
        return step instanceof WriteConfig write && write.offset() == 0x04 && write.bytes() == 2;
    }

    /** Gates close before the reset, and both come before the units are touched. */
    @ParameterizedTest(name = "reset at {0}, clear at {1}")
    @MethodSource("phases")
    void resetAndGatesComeWhenTheSettingsSay(String reset, String clear) {
        HandoverPolicy policy =
                Policies.resetDevices("resetPhase", reset, "clearPhase", clear);
        for (Phase phase : Phase.values()) {
            String steps = folded(Policies.brief(machine().at(phase, policy)));
            var expected = new ArrayList<String>();
            if (phase.label().equals(clear)) {
                expected.add(phase.label().equals(reset)
                        ? "3 x " + RESET : "2 x WriteConfig");
            } else if (phase.label().equals(reset)) {
                expected.add(RESET);
            }
            if (phase == Phase.INTERRUPT_REMAPPING) {
                expected.add("irq 0");
            } else if (phase == Phase.DMA_REMAPPING) {
                expected.add("off 0, clean 0");
            }
            assertThat(steps).as("%s", phase)
                    .isEqualTo(expected.isEmpty() ? "-" : String.join(", ", expected));
            assertThat(machine().at(phase, policy).stream().filter(TimelinesTest::clears))
                    .as("%s", phase).hasSize(phase.label().equals(clear) ? 2 : 0);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"T1", "T3", "T5b", "T6"})
    void gatesCloseInTheOnePhaseOfTheSetting(String label) {
        HandoverPolicy policy = new kdump.policies.clearbusmaster.Variant(
                Settings.of(kdump.policies.clearbusmaster.Config.class, "phase", label));
        for (Phase phase : Phase.values()) {
            List<Step> writes = machine().at(phase, policy).stream()
                    .filter(TimelinesTest::clears).toList();
            assertThat(writes).as("%s", phase).isEqualTo(!phase.label().equals(label) ? List.of()
                    : List.of(new WriteConfig(DISK, 0x04, 2, 0x402),
                            new WriteConfig(NIC, 0x04, 2, 0x402)));
        }
    }

    @Test
    void afterBlockingUnitsStayOnOrStartClean() {
        var type = kdump.policies.blockatcrash.Config.class;
        assertThat(timeline(new kdump.policies.blockatcrash.Variant(
                Settings.of(type, "then", "block"))))
                .isEqualTo("T1: block 100; T4: irq 0; T6: blocked 0");
        assertThat(timeline(new kdump.policies.blockatcrash.Variant(
                Settings.of(type, "then", "reinit"))))
                .isEqualTo("T1: block 100; " + STARTS_CLEAN);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Block", "block ", "none", "T6", "reinit,block"})
    void anythingElseAfterBlockingIsRefused(String then) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new kdump.policies.blockatcrash.Variant(
                        Settings.of(kdump.policies.blockatcrash.Config.class, "then", then)))
                .withMessage("then '" + then + "', expected block or reinit");
    }

    /** 256 MiB are 65536 pages; a page is mapped as a whole or not. */
    @ParameterizedTest(name = "{0} percent")
    @CsvSource({"0, 0", "1, 655", "2, 1310", "33, 21626", "50, 32768", "99, 64880", "100, 65536"})
    void aShareOfTheReservationIsWholePages(int percent, long pages) {
        HandoverPolicy policy = new kdump.policies.identitymap.Variant(Settings.of(
                kdump.policies.identitymap.Config.class, "percent", percent, "reserves", false));
        assertThat(machine().at(Phase.RUNNING, policy)).isEqualTo(pages == 0 ? List.of()
                : List.of(new Step.IdentityMap(NIC, AddressRange.of(
                        FakeHandover.RESERVATION.start(), pages * 4096))));
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 101, Integer.MIN_VALUE, Integer.MAX_VALUE})
    void moreOrLessThanThereIsIsRefused(int percent) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Policies.identityMap("percent", percent))
                .withMessage("percent " + percent + ", of 0 to 100");
    }

    @ParameterizedTest(name = "only {0}")
    @CsvSource(delimiter = '|', value = {"0000:01:00.0 | map 100", "0000:00:02.0 | -",
        "0000:05:00.0 | -", "0001:01:00.0 | -", "0000:05:00.0,0000:01:00.0 | map 100"})
    void theMapIsForThoseThatAreNamed(String only, String steps) {
        HandoverPolicy policy =
                Policies.identityMap("only", only.split(","), "reserves", false);
        assertThat(Policies.brief(machine().at(Phase.RUNNING, policy))).isEqualTo(steps);
    }

    /** A function whose map is refused does without; those behind it go on. */
    @Test
    void aRefusedMapIsNotAskedForAgain() {
        FakeHandover machine = machine().function(0x180, 0x020000, 0, 0x04, 0x6)
                .function(0x200, 0x020000, 0, 0x04, 0x2).function(0x280, 0x010802, 0, 0x04, 0x4);
        HandoverPolicy policy = Policies.identityMap();
        assertThat(Policies.brief(machine.at(Phase.RUNNING, policy)))
                .isEqualTo("ReserveIova, map 100, map 180, map 280");
        AddressRange range = FakeHandover.RESERVATION;
        assertThat(Policies.brief(machine.refused(new Step.IdentityMap(0x100, range), policy)))
                .isEqualTo("map 180, map 280");
        assertThat(Policies.brief(machine.refused(new Step.IdentityMap(0x180, range), policy)))
                .isEqualTo("map 280");
        assertThat(machine.refused(new Step.IdentityMap(0x280, range), policy)).isEmpty();
        assertThat(machine.refused(new Step.ReserveIova(range), policy)).isEmpty();
    }

    /** A factory configuration with nothing set is the policy itself. */
    @Test
    void variantsWithDefaultsAreThePolicies() {
        assertThat(timeline(new kdump.policies.resetdevices.Variant(
                Settings.of(kdump.policies.resetdevices.Config.class))))
                .isEqualTo(timeline(Policies.of("reset-devices")));
        assertThat(timeline(new kdump.policies.identitymap.Variant(
                Settings.of(kdump.policies.identitymap.Config.class))))
                .isEqualTo(timeline(Policies.of("identity-map-crash-range")));
        assertThat(timeline(new kdump.policies.clearbusmaster.Variant(
                Settings.of(kdump.policies.clearbusmaster.Config.class))))
                .isEqualTo(timeline(Policies.of("clear-bus-master")));
        assertThat(timeline(new kdump.policies.blockatcrash.Variant(
                Settings.of(kdump.policies.blockatcrash.Config.class))))
                .isEqualTo(timeline(Policies.of("block-at-crash")));
    }
}
