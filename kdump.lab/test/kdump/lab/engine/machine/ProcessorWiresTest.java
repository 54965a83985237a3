// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.unit.Interrupt;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import kdump.lab.engine.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which interrupts reach the only processor that runs, by their destinations. */
class ProcessorWiresTest {

    private static final Stage STAGE = Stage.idle();
    private static final int ALIAS = 0x100;
    private static final int VECTOR = 0x51;

    private final Machine machine = STAGE.machine(Trace.Level.KEEP);
    private final ProcessorWires wires = machine.wires();
    private final List<String> taken = new ArrayList<>();

    ProcessorWiresTest() {
        machine.processor((alias, vector) ->
                taken.add(Integer.toHexString(alias) + " " + Integer.toHexString(vector)));
    }

    private static long to(boolean logical, long destination) {
        return Interrupt.delivered(VECTOR, 0, logical, false, false, destination);
    }

    private boolean reaches(boolean logical, long destination) {
        int before = taken.size();
        wires.interrupt(ALIAS, to(logical, destination), 0);
        return taken.size() > before;
    }

    private List<Event> lost() {
        return Stage.events(machine.trace()).stream()
                .filter(e -> e.kind() == EventKind.INTERRUPT_ELSEWHERE).toList();
    }

    /** Rows: the processor's APIC id, logical or not, destination, whether that is it. */
    @ParameterizedTest
    @CsvSource({"0, false, 0, true", "3, false, 3, true", "3, false, 4, false",
        "3, false, ff, true", "300, false, 12c, true", "300, false, 2c, false",
        "300, false, ffffffff, true", "0, true, 1, true", "3, true, 8, true",
        "3, true, f7, false", "7, true, 80, true", "7, true, 7f, false", "9, true, ff, true",
        "8, true, 80, false", "8, true, 100, true", "15, true, 8000, true",
        "16, true, 10001, true", "16, true, 1, false", "0, true, 10001, false",
        "37, true, 20020, true", "37, true, 20010, false", "37, true, ffffffff, true"})
    void aDestinationIsAnIdOrASetOfThem(int runningOn, boolean logical, String destination,
            boolean reached) {
        wires.runsOn(runningOn);
        assertThat(wires.runningOn()).isEqualTo(runningOn);
        assertThat(reaches(logical, Long.parseLong(destination, 16))).isEqualTo(reached);
        assertThat(taken).isEqualTo(reached ? List.of("100 51") : List.of());
        assertThat(lost()).hasSize(reached ? 0 : 1);
    }

    /** Before it is known which one runs, nothing is lost. */
    @Test
    void whereNobodySaysWhichOneRunsAllReachIt() {
        assertThat(wires.runningOn()).isEqualTo(-1);
        assertThat(reaches(false, 7)).isTrue();
        assertThat(reaches(true, 0)).isTrue();
        wires.runsOn(2);
        assertThat(reaches(false, 7)).isFalse();
        wires.runsOn(-1);
        assertThat(reaches(false, 7)).isTrue();
    }

    /** What passes a unit as it is goes by its data; nobody looks at the destination. */
    @Test
    void aMessageThatNoTableRemapsReachesItByItsData() {
        wires.runsOn(5);
        wires.interrupt(ALIAS, Interrupt.unchanged(), 0x4131);
        assertThat(taken).containsExactly("100 31");
        assertThat(lost()).isEmpty();
    }

    @Test
    void whatIsLostIsToldWithItsVectorAndDestination() {
        wires.runsOn(1);
        wires.interrupt(ALIAS, to(false, 0x1234), 0);
        wires.interrupt(ALIAS + 1, to(true, 0x30004), 0);
        assertThat(lost()).hasSize(2).allMatch(e -> e.a() == VECTOR);
        assertThat(lost().get(0).actor()).isEqualTo(ALIAS);
        assertThat(lost().get(0).b()).isEqualTo(0x1234);
        assertThat(lost().get(1).actor()).isEqualTo(ALIAS + 1);
        assertThat(lost().get(1).b()).as("logical: bit 63").isEqualTo(Long.MIN_VALUE | 0x30004);
    }

    /** Logical x2APIC ids: cluster in the upper half, a bit for each of 16 in the lower one. */
    @Seeds(count = 4)
    void aLogicalDestinationReachesItsMembersAndNoOther(long seed) {
        var random = new Random(seed);
        for (int i = 0; i < 10; i++) {
            int cluster = random.nextInt(4);
            int members = random.nextInt(0x1_0000);
            long destination = (long) cluster << 16 | members;
            for (int id = 0; id < 64; id++) {
                wires.runsOn(id);
                boolean member = id / 16 == cluster && (members >>> id % 16 & 1) == 1;
                assertThat(reaches(true, destination)).as("id %d, to %x", id, destination)
                        .isEqualTo(member || destination == 0xff);
                assertThat(reaches(false, id)).isTrue();
                assertThat(reaches(false, id + 64)).isFalse();
            }
        }
    }
}
