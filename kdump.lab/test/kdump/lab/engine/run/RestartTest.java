// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.run;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.Workload;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.unit.KernelPanicException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.Stage;
import kdump.lab.engine.kernel.Kernel;
import kdump.lab.engine.kernel.PageAllocator;
import kdump.lab.engine.kernel.UnitSlot;
import kdump.lab.engine.machine.Machine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** In which order a machine is restarted, and what keeps it from that. */
class RestartTest {

    private final Stage stage = new Stage("vtd1", RunOptions.ofSeed(1));
    private final Machine machine = stage.machine(Trace.Level.KEEP);
    private final Kernel kernel = new Kernel(machine, stage.scenario().captureProfile(),
            new PageAllocator(List.of(stage.scenario().reservation()), new BitSet()),
            stage.scenario().mappedIova(), Set.of());
    private final Map<Integer, DeviceDriver> drivers = new LinkedHashMap<>();
    private final List<Integer> shutDown = new ArrayList<>();

    RestartTest() {
        machine.queue().advance(1);
        kernel.units().forEach(UnitSlot::resume);
        kernel.startClock();
    }

    private final class Driver implements DeviceDriver {

        private final int requester;
        private final Supplier<String> ends;

        Driver(int requester, Supplier<String> ends) {
            this.requester = requester;
            this.ends = ends;
        }

        @Override
        public void start(Workload workload, long seed) { }

        @Override
        public long service() {
            return 0;
        }

        @Override
        public String probe() {
            return null;
        }

        @Override
        public String write(long physicalAddress, int bytes, long position) {
            return null;
        }

        @Override
        public String shutdown() {
            shutDown.add(requester);
            return ends.get();
        }
    }

    private void driver(int requester, Supplier<String> ends) {
        drivers.put(requester, new Driver(requester, ends));
    }

    private Restart restarted(boolean afterPanic) {
        var restart = new Restart(kernel, machine.trace(), drivers, afterPanic);
        restart.run();
        return restart;
    }

    private List<EventKind> kinds() {
        return Stage.events(machine.trace()).stream().map(Event::kind)
                .filter(k -> k != EventKind.REGISTER_WRITE).toList();
    }

    @Test
    void driversComeFirstTheLastProbedBeforeTheOthersAndUnitsAfterThem() {
        driver(0x300, () -> null);
        driver(0x100, () -> null);
        driver(0x200, () -> null);
        Restart restart = restarted(false);

        assertThat(restart.outcome()).isEqualTo(Restart.Outcome.OK);
        assertThat(restart.reason()).isNull();
        assertThat(shutDown).containsExactly(0x200, 0x100, 0x300);
        assertThat(kinds()).containsExactly(EventKind.RESTART, EventKind.SHUTDOWN,
                EventKind.SHUT_DOWN, EventKind.SHUTDOWN, EventKind.SHUT_DOWN, EventKind.SHUTDOWN,
                EventKind.SHUT_DOWN, EventKind.TRANSLATION, EventKind.RESTARTED);
        assertThat(machine.queue().nanos()).isBetween(531_000_000L, 532_000_000L);
    }

    @Test
    void aShutdownThatNeverEndsKeepsTheRestFromTheirTurn() {
        driver(0x100, () -> null);
        driver(0x200, () -> "a bus waits");
        driver(0x300, () -> null);
        Restart restart = restarted(true);

        assertThat(restart.outcome()).isEqualTo(Restart.Outcome.HUNG);
        assertThat(restart.reason()).isEqualTo(
                "reboot: the shutdown of 0000:02:00.0 never ends: a bus waits");
        assertThat(shutDown).containsExactly(0x300, 0x200);
        assertThat(kinds()).doesNotContain(EventKind.TRANSLATION, EventKind.RESTARTED);
    }

    @ParameterizedTest
    @CsvSource({"false, HUNG", "true, OK"})
    void aPanicIsTheEndUnlessTheCommandLineSaysOtherwise(boolean word, Restart.Outcome outcome) {
        driver(0x100, () -> {
            throw new KernelPanicException("DMAR hardware is malfunctioning");
        });
        Restart restart = restarted(word);

        assertThat(restart.outcome()).isEqualTo(outcome);
        assertThat(restart.reason()).isEqualTo("reboot: DMAR hardware is malfunctioning");
        assertThat(kinds()).contains(EventKind.PANIC).doesNotContain(EventKind.TRANSLATION);
    }

    @Test
    void nothingIsToldBeforeItIsTried() {
        var restart = new Restart(kernel, machine.trace(), drivers, false);
        assertThat(restart.outcome().word()).isEqualTo("not reached");
        assertThat(restart.reason()).isNull();
        assertThat(Restart.Outcome.OK.word()).isEqualTo("ok");
        assertThat(Restart.Outcome.HUNG.word()).isEqualTo("hung");
    }
}
