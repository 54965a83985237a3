// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.pcie.Access;
import iommu.api.trace.ConsoleLine;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.trace.Trace.Level;
import iommu.api.unit.FaultRecord;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import kdump.lab.api.TimelineEntry;
import kdump.lab.engine.Stage;
import kdump.lab.engine.run.Run.Ending;
import kdump.policies.copytables.CopyTables;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What people read of a run: a line an event, as far as it is meant for them. */
class TimelineTest {

    private static final int NOBODY = Trace.NOBODY;
    private static final int NIC = 0x208;
    private static final int MOST = 20_000;

    private final Judged j = new Judged(Stage.idle(), Judged.NOTHING, Level.KEEP)
            .to(Phase.SETUP_ARCH);
    private final int before = j.timeline().size();

    /** Returns what is told beyond what was told before, without the last line of all. */
    private List<TimelineEntry> told() {
        List<TimelineEntry> all = j.timeline();
        return all.subList(before - 1, all.size() - 1);
    }

    private static FaultRecord fault(int requester, int access, String key) {
        return new FaultRecord(requester, 0x1_2345_6000L, access, 5, key, "not present");
    }

    static Stream<Arguments> lines() {
        return Stream.of(
                Arguments.of(EventKind.STEP, NOBODY, 0L, 0L, new Step.StartClean(2),
                        "step", "StartClean[unit=2]"),
                Arguments.of(EventKind.STEP_REFUSED, NOBODY, 0L, 0L, "no unit", "refused",
                        "no unit"),
                Arguments.of(EventKind.CONSOLE, NOBODY, 0L, -1L, "DMAR: hello", "console",
                        "DMAR: hello"),
                Arguments.of(EventKind.REGISTER_WRITE, 1, 4L << 32 | 0x18, 0x8000_0000L, null,
                        "register", "unit 1 write32 0x018 = 0x80000000"),
                Arguments.of(EventKind.REGISTER_WRITE, 0, 8L << 32 | 0x20, -1L, null, "register",
                        "unit 0 write64 0x020 = 0xffffffffffffffff"),
                Arguments.of(EventKind.CONFIG_WRITE, NIC, 2L << 32 | 4, 6L, null, "config",
                        "0000:02:01.0 write16 0x004 = 0x6"),
                Arguments.of(EventKind.PROBED, NIC, 0L, 0L, null, "driver",
                        "0000:02:01.0 probed"),
                Arguments.of(EventKind.PROBED, NIC, 0L, 0L, "no answer", "driver",
                        "0000:02:01.0 failed: no answer"),
                Arguments.of(EventKind.DUMP, NIC, 0L, 0L, null, "dump",
                        "written to 0000:02:01.0"),
                Arguments.of(EventKind.TRANSLATION, 3, 1L, 0L, null, "translation",
                        "unit 3: translation on"),
                Arguments.of(EventKind.TRANSLATION, 3, 0L, 0L, null, "translation",
                        "unit 3: translation off"),
                Arguments.of(EventKind.INVALIDATION, 0, 0L, 0L, "global IOTLB", "invalidation",
                        "unit 0: global IOTLB"),
                Arguments.of(EventKind.INTERRUPT, NIC, 0x31L, 0L, null, "interrupt",
                        "0000:02:01.0 interrupts at vector 0x31, which the capture kernel has not"
                                + " set up"),
                Arguments.of(EventKind.FAULT, 1, 0L, (long) NIC,
                        fault(NIC, Access.WRITE, "vtd:0x05"), "fault",
                        "unit 1: first write of 0000:02:01.0 at 0x123456000 blocked, vtd:0x05"
                                + " not present"),
                Arguments.of(EventKind.FAULT, 0, 0L, (long) NIC,
                        fault(0x200, Access.READ, "vtd:0x06"), "fault",
                        "unit 0: first read of 0000:02:00.0 at 0x123456000 blocked, vtd:0x06"
                                + " not present"));
    }

    @ParameterizedTest
    @MethodSource("lines")
    void anEventIsALine(EventKind kind, int actor, long a, long b, Object detail, String what,
            String text) {
        j.trace.append(kind, actor, a, b, detail);
        assertThat(told()).containsExactly(new TimelineEntry(
                j.run.machine().queue().nanos() - j.run.crashNanos(), "T3", what, text));
    }

    @ParameterizedTest
    @EnumSource(value = EventKind.class, names = {"POLICY_EVENT", "PANIC", "MAP", "UNMAP",
        "POSTED", "PROBE", "DUMP_PAGE", "DUMPED", "UNIT_WRITES", "FAULT_INTERRUPT", "RESUMED",
        "DMA_READ", "DMA_WRITE", "MESSAGE"})
    void whatIsForTheJudgeIsNoLine(EventKind kind) {
        int actor = j.engine().function().requesterId();
        j.trace.append(kind, actor, 0x1000, 0, kind == EventKind.POLICY_EVENT
                ? new PhaseStart(Phase.DUMP) : null);
        assertThat(told()).isEmpty();
    }

    @Test
    void faultsAndInterruptsAreToldOnceAFunctionAndReason() {
        for (int i = 0; i < 3; i++) {
            for (String key : List.of("vtd:0x05", "vtd:0x06")) {
                j.trace.append(EventKind.FAULT, 0, 0, NIC, fault(NIC, Access.READ, key));
                j.trace.append(EventKind.FAULT, 0, 0, 8, fault(8, Access.READ, key));
            }
            j.trace.append(EventKind.INTERRUPT, NIC, 0x31 + i, 0);
            j.trace.append(EventKind.INTERRUPT, 8, 0x31, 0);
        }
        assertThat(told()).filteredOn(e -> e.what().equals("fault")).hasSize(4);
        assertThat(told()).filteredOn(e -> e.what().equals("interrupt")).hasSize(2);
    }

    @Test
    void phasesHaveTheirNames() {
        Judged whole = new Judged(Stage.idle(), new CopyTables(), Level.KEEP).finish();
        List<TimelineEntry> phases = whole.timeline().stream()
                .filter(e -> e.what().equals("phase")).toList();
        assertThat(phases).extracting(TimelineEntry::text).containsExactly("running", "crash",
                "purgatory", "setup arch", "interrupt remapping", "enumeration", "final fixups",
                "dma remapping", "drivers", "dump");
        assertThat(phases).extracting(TimelineEntry::phase).containsExactly("T0", "T1", "T2",
                "T3", "T4", "T5a", "T5b", "T6", "T7", "T8");
        assertThat(phases.get(0).nanosSinceCrash()).isEqualTo(-whole.run.crashNanos());
        assertThat(phases.get(1).nanosSinceCrash()).isZero();
        assertThat(whole.timeline()).extracting(TimelineEntry::nanosSinceCrash).isSorted();
    }

    @Test
    void theLastLineCountsRegisterAccesses() {
        List<TimelineEntry> all = j.timeline();
        assertThat(all.get(all.size() - 1).text()).isEqualTo("the capture kernel accessed"
                + " registers of IOMMUs " + j.run.captureKernel().registerAccesses() + " times");
        j.run.end(Ending.BROKEN, "broke");
        assertThat(j.timeline()).hasSize(all.size() - 1);
    }

    @Test
    void requestsThatDevicesTranslatedAreSummedUp() {
        FunctionRecord f = j.attribution.functions().get(0);
        f.translatedRequests = 7;
        f.translatedBlocked = 2;
        List<TimelineEntry> all = j.timeline();
        assertThat(all.get(all.size() - 1).what()).isEqualTo("ats");
        assertThat(all.get(all.size() - 1).text())
                .endsWith(" sent 7 translated requests, 2 of them blocked");
    }

    @Test
    void aStormIsCutAndSaysSo() {
        IntStream.range(0, MOST - before + 1).forEach(i -> line("n" + i));
        List<TimelineEntry> full = j.timeline();
        assertThat(full).hasSize(MOST + 1);
        assertThat(full.get(MOST).what()).isEqualTo("cut");
        assertThat(full.get(MOST - 1).text()).isEqualTo("n" + (MOST - before));
        line("one more");
        line("and another");
        List<TimelineEntry> cut = j.timeline();
        assertThat(cut).hasSize(MOST + 1);
        assertThat(cut.get(MOST).what()).isEqualTo("cut");
        assertThat(cut.get(MOST).text()).isEqualTo("more happened than is shown");
        assertThat(cut.subList(0, MOST)).isEqualTo(full.subList(0, MOST));
    }

    private void line(String line) {
        j.run.captureKernel().print(ConsoleLine.NOTICE, NOBODY, line);
    }

    @Test
    void whatWasNotKeptCannotBeTold() {
        Judged counted = new Judged(Stage.idle(), new CopyTables(), Level.COUNT).finish();
        assertThat(counted.timeline()).isEmpty();
    }
}
