// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.Phase;
import iommu.api.pcie.Access;
import iommu.api.pcie.Upstream.SystemError;
import iommu.api.trace.DmaOutcome;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.unit.FaultRecord;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What is said of events, and which facts stand beside it. */
class EventWordsTest {

    private static final int NIC = 0x0208;
    private static final String NAME = "0000:02:01.0";

    private final Map<String, String> facts = new LinkedHashMap<>();

    private String of(EventKind kind, long a, long b, Object detail) {
        return EventWords.of(new Event(7, 5, kind, NIC, 0, a, b, detail), facts);
    }

    @ParameterizedTest
    @EnumSource(Phase.class)
    void everyPhaseBegins(Phase phase) {
        assertThat(of(EventKind.PHASE, phase.ordinal(), 0, null)).isEqualTo(
                phase == Phase.CRASH ? "the first kernel crashes"
                        : "phase " + phase.label() + " begins");
        assertThat(facts).isEmpty();
    }

    @Test
    void aPolicyIsAskedAboutWhatItIsAskedAbout() {
        assertThat(of(EventKind.POLICY_EVENT, 0, 0, new HandoverEvent.PhaseStart(Phase.DUMP)))
                .isEqualTo("is asked about the start of " + Phase.DUMP.label());
        assertThat(of(EventKind.POLICY_EVENT, 0, 0, new HandoverEvent.ProbeStart(NIC)))
                .isEqualTo("is asked about the probe of " + NAME);
        assertThat(of(EventKind.POLICY_EVENT, 0, 0, new HandoverEvent.ProbeEnd(NIC, "no")))
                .isEqualTo("is asked about the end of the probe of " + NAME);
    }

    @ParameterizedTest
    @CsvSource({"0, there", "-1, nowhere", "20480, 0x5000"})
    void aPageOfTheDumpIsFoundSomewhere(long where, String found) {
        assertThat(of(EventKind.DUMP_PAGE, 0x3000, where, null))
                .isEqualTo("reads a page for the dump");
        assertThat(facts).containsExactly(Map.entry("page", "0x3000"),
                Map.entry("found", found));
    }

    /** With the fact of each, one of a row. */
    @ParameterizedTest
    @CsvSource({
        "REGISTER_WRITE, writes a register of the unit, register, 0x018, value, 0xabcd",
        "CONFIG_WRITE, writes config space, offset, 0x018, value, 0xabcd",
        "MAP, maps a page, function, 0000:02:01.0, iova, 0x400000018",
        "UNMAP, unmaps a page, function, 0000:02:01.0, iova, 0x400000018"})
    void whatKernelsWrite(EventKind kind, String words, String fact, String value, String second,
            String other) {
        assertThat(of(kind, 0x4_0000_0018L, 0xabcd, null)).isEqualTo(words);
        assertThat(facts).containsEntry(fact, value).containsEntry(second, other);
    }

    @ParameterizedTest
    @CsvSource(nullValues = "-", value = {
        "PROBE, -, its driver probes the function",
        "PROBED, -, the driver is ready",
        "PROBED, no link, the driver fails: no link",
        "SHUTDOWN, -, its driver shuts the device down",
        "SHUT_DOWN, -, the device is shut down",
        "SHUT_DOWN, a reset, the shutdown never ends: a reset",
        "RESTART, -, begins to restart the machine",
        "RESTARTED, -, the machine restarts",
        "DUMP, -, begins to write the dump to 0000:02:01.0",
        "DUMPED, -, the dump is written",
        "DUMPED, the disk is full, the disk is full",
        "STEP_REFUSED, no such unit, no such unit",
        "PANIC, out of pages, out of pages",
        "DEVICE_RESET, -, is reset and drops all work",
        "FAULT_INTERRUPT, -, fault interrupt"})
    void driversAndTheirEnds(EventKind kind, String detail, String words) {
        assertThat(of(kind, 3, 5, detail)).isEqualTo(words);
        if (kind == EventKind.DUMPED) {
            assertThat(facts).containsExactly(Map.entry("pages", "3 of 5"));
        }
    }

    @Test
    void aMaskedLineHasItsNumberAndWhoAssertsIt() {
        assertThat(of(EventKind.LINE_MASKED, 18, 0, null))
                .isEqualTo("masks an interrupt line that the function asserts for nobody");
        assertThat(facts).containsExactly(Map.entry("function", NAME), Map.entry("line", "18"));
    }

    @ParameterizedTest
    @CsvSource({"0x100000003, yes", "0x3, no"})
    void aFaultHasItsRecordAsFacts(String b, String recorded) {
        var fault = new FaultRecord(NIC, 0xffff_f000L, Access.WRITE, 5, "vtd:0x05", "no right");
        assertThat(of(EventKind.FAULT, 0, Long.decode(b), fault))
                .isEqualTo("blocks a request: no right");
        assertThat(facts).containsExactly(Map.entry("requester", NAME),
                Map.entry("address", "0xfffff000"), Map.entry("access", "w"),
                Map.entry("reason", "vtd:0x05"), Map.entry("recorded", recorded));
    }

    @Test
    void aRequestSaysWhereItWentUnlessItWasBlocked() {
        assertThat(of(EventKind.DMA_READ, 0x7_0123, DmaOutcome.blocked(64, false), null))
                .isEqualTo("reads memory, which is blocked");
        assertThat(facts).containsEntry("bytes", "64").doesNotContainKey("physicalAddress");
        assertThat(of(EventKind.DMA_WRITE, 0x7_0123,
                DmaOutcome.passed(0x9_9123, 8, true, false, false), null))
                .isEqualTo("writes memory");
        assertThat(facts).containsEntry("physicalAddress", "0x99123")
                .containsEntry("address", "0x70123");
        assertThat(of(EventKind.DMA_WRITE, 0x7_0123,
                DmaOutcome.passed(0x7_0123, 8, false, true, false), null))
                .isEqualTo("writes memory, which nobody translates, where nothing answers");
    }

    @Test
    void unitsAndPortsSayWhatTheyDid() {
        assertThat(of(EventKind.TRANSLATION, 1, 0, null)).isEqualTo("translation is switched on");
        assertThat(of(EventKind.TRANSLATION, 0, 0, null)).isEqualTo("translation is switched off");
        assertThat(of(EventKind.INVALIDATION, 0, 0, "domain 3"))
                .isEqualTo("drops cached translations: domain 3");
        var error = new SystemError("blocked read", "fatal", "SERR#");
        assertThat(of(EventKind.SYSTEM_ERROR, 0, 0, error))
                .isEqualTo("reports a fatal system error: blocked read");
        assertThat(facts).containsExactly(Map.entry("gates", "SERR#"));
    }
}
