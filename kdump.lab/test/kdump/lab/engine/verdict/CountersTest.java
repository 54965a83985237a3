// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.Phase;
import iommu.api.pcie.Access;
import iommu.api.pcie.Upstream.SystemError;
import iommu.api.trace.ConsoleLine;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.trace.Trace.Level;
import iommu.api.unit.FaultRecord;
import java.util.List;
import java.util.Map;
import kdump.lab.api.Verdict;
import kdump.lab.engine.Stage;
import kdump.lab.engine.machine.DeviceSlot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is counted of events that are no writes, on a machine whose engines are idle. */
class CountersTest {

    private static final String BLOCKED = "vtd:0x05";

    private final Stage stage = Stage.idle();

    private Judged at(Phase phase, Level level) {
        return new Judged(stage, Judged.NOTHING, level).to(phase);
    }

    private static void write(DeviceSlot engine, long address, byte[] bytes) {
        engine.dma().write(address, bytes, 0, bytes.length);
    }

    private static void read(DeviceSlot engine, long address, int bytes) {
        engine.dma().read(address, new byte[bytes], 0, bytes);
    }

    @ParameterizedTest
    @EnumSource(Level.class)
    void blockedRequestsOfTheCrashedKernelAreGroups(Level level) {
        Judged j = at(Phase.SETUP_ARCH, level);
        DeviceSlot engine = j.engine();
        engine.request(1);
        for (int i = 0; i < 3; i++) {
            write(engine, 0x7f_0000_0000L + i * 4096, new byte[4]);
        }
        read(engine, 0x7f_0000_0000L, 4);
        Verdict.Faults faults = j.verdict().faults();
        assertThat(faults.requests()).isEqualTo(4);
        assertThat(faults.groups()).extracting(Verdict.FaultGroup::requests)
                .containsExactly(3L, 1L);
        assertThat(faults.groups().get(0).access()).isEqualTo(Access.WRITE);
        assertThat(faults.groups().get(0).first()).isEqualTo(0x7f_0000_0000L);
        assertThat(faults.byReason().values().stream().mapToLong(n -> n).sum()).isEqualTo(4);
        assertThat(faults.byRequester()).hasSize(1);
    }

    @ParameterizedTest
    @EnumSource(Level.class)
    void faultsOfTheCaptureKernelsOwnWorkAreOnlyReasons(Level level) {
        Judged j = at(Phase.SETUP_ARCH, level);
        DeviceSlot engine = j.engine();
        engine.dropped();
        engine.request(1);
        read(engine, 0x7f_0000_0000L, 4);
        read(engine, 0x7f_0000_1000L, 4);
        write(engine, 0x7f_0000_2000L, new byte[4]);
        Verdict verdict = j.verdict();
        assertThat(verdict.faults().requests()).isZero();
        assertThat(verdict.faults().recorded()).isZero();
        assertThat(verdict.reasons()).anyMatch(r -> r.startsWith("2 reads of the capture kernel's"
                + " own device ") && r.endsWith("the first at 0x7f00000000"))
                .anyMatch(r -> r.startsWith("1 writes of the capture kernel's own device "));
    }

    @Test
    void beforeTheCrashNothingIsCounted() {
        Judged j = new Judged(stage, Judged.NOTHING, Level.KEEP).to(Phase.RUNNING);
        DeviceSlot engine = j.engine();
        read(engine, 0x7f_0000_0000L, 4);
        j.trace.append(EventKind.MESSAGE, engine.function().requesterId(), 0xfee0_0000L, -1);
        j.trace.append(EventKind.INTERRUPT, engine.function().requesterId(), 0x31, 0);
        Verdict verdict = j.to(Phase.SETUP_ARCH).verdict();
        assertThat(verdict.faults().requests()).isZero();
        assertThat(verdict.interrupts()).isEqualTo(new Verdict.Interrupts(0, 0, 0));
    }

    @Test
    void interruptsAreStrayBlockedOrLost() {
        Judged j = at(Phase.SETUP_ARCH, Level.COUNT);
        DeviceSlot engine = j.engine();
        int id = engine.function().requesterId();
        long blocked = Long.MIN_VALUE | 0x31;
        j.trace.append(EventKind.INTERRUPT, id, 0x31, 0);
        j.trace.append(EventKind.INTERRUPT, id, 0x31, 1);
        j.trace.append(EventKind.MESSAGE, id, 0xfee0_0000L, 0x31);
        j.trace.append(EventKind.MESSAGE, id, 0xfee0_0000L, blocked);
        j.trace.append(EventKind.MESSAGE, id, 0xfee0_0000L, blocked);
        assertThat(j.verdict().interrupts()).isEqualTo(new Verdict.Interrupts(1, 2, 0));
        engine.dropped();
        engine.request(1);
        j.trace.append(EventKind.MESSAGE, id, 0xfee0_0000L, blocked);
        assertThat(j.verdict().interrupts()).isEqualTo(new Verdict.Interrupts(1, 2, 1));
        j.trace.append(EventKind.MESSAGE, 0x7777, 0xfee0_0000L, blocked);
        assertThat(j.verdict().interrupts()).as("of a function without a device")
                .isEqualTo(new Verdict.Interrupts(1, 3, 1));
    }

    @Test
    void linesOnTheConsoleAreCountedByTheirKindAndWhomTheyAreAbout() {
        Judged j = at(Phase.SETUP_ARCH, Level.COUNT);
        DeviceSlot engine = j.engine();
        int alias = engine.function().alias();
        for (ConsoleLine kind : ConsoleLine.values()) {
            j.run.captureKernel().print(kind, alias, "DMAR: fault, or so it says");
        }
        assertThat(j.verdict().faults().printed()).isEqualTo(1);
        j.run.captureKernel().print(ConsoleLine.FAULT, -1, "of nobody");
        assertThat(j.verdict().faults().printed()).isEqualTo(2);
        engine.dropped();
        j.run.captureKernel().print(ConsoleLine.FAULT, alias, "of one that was taken over");
        assertThat(j.verdict().faults().printed()).isEqualTo(2);
    }

    @Test
    void recordedAreThoseThatTheUnitWroteDown() {
        Judged j = at(Phase.SETUP_ARCH, Level.COUNT);
        int id = j.engine().function().requesterId();
        var fault = new FaultRecord(id, 0x1000, Access.READ, 5, BLOCKED, "why");
        j.trace.append(EventKind.FAULT, 0, 0x1000, id | 1L << 32, fault);
        j.trace.append(EventKind.FAULT, 0, 0x1000, id, fault);
        j.trace.append(EventKind.FAULT, 0, 0x1000, Integer.toUnsignedLong(Trace.NOBODY), fault);
        assertThat(j.verdict().faults().recorded()).isEqualTo(1);
        assertThat(j.verdict().faults().byReason()).containsExactly(
                Map.entry(BLOCKED, 3L));
    }

    @Test
    void refusalsAreToldOnceAndEightAtMost() {
        Judged j = at(Phase.SETUP_ARCH, Level.COUNT);
        for (int i = 0; i < 12; i++) {
            j.trace.append(EventKind.STEP_REFUSED, Trace.NOBODY, 0, 0, "no " + i / 2 * 2);
            j.trace.append(EventKind.STEP_REFUSED, Trace.NOBODY, 0, 0, "no! " + i);
        }
        List<String> refused = j.verdict().reasons().stream()
                .filter(r -> r.startsWith("refused: ")).toList();
        assertThat(refused).hasSize(8).doesNotHaveDuplicates()
                .startsWith("refused: no 0", "refused: no! 0", "refused: no! 1");
    }

    private static SystemError error(String gates) {
        return new SystemError("unsupported request", "non-fatal", gates);
    }

    @Test
    void systemErrorsOfOnePortAreOneReport() {
        Judged j = at(Phase.SETUP_ARCH, Level.COUNT);
        for (String gates : List.of("A", "B", "A", "A")) {
            j.trace.append(EventKind.SYSTEM_ERROR, 0x8, 0, 0, error(gates));
        }
        j.trace.append(EventKind.SYSTEM_ERROR, 0x10, 0, 0, error("A"));
        Verdict verdict = j.verdict();
        assertThat(verdict.serr()).isTrue();
        assertThat(verdict.errors()).extracting(Verdict.ErrorReport::requests)
                .containsExactly(3L, 1L, 1L);
        assertThat(verdict.errors()).extracting(Verdict.ErrorReport::reporter)
                .containsExactly("0000:00:01.0", "0000:00:01.0", "0000:00:02.0");
    }
}
