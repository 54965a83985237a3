// SPDX-License-Identifier: Apache-2.0
package kdump.policies;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent.FirstMap;
import iommu.api.kdump.HandoverEvent.ProbeEnd;
import iommu.api.kdump.HandoverEvent.ProbeStart;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.memory.AddressRange;
import iommu.api.sim.RandomStream;
import iommu.api.unit.AdoptDepth;
import iommu.testkit.FakeHandover;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What each policy asks for at each phase, of machines with units of both kinds. */
class PhasesTest {

    static final List<String> NAMES = Policies.NAMES;

    private static String at(Phase phase, String units, HandoverPolicy policy) {
        return Policies.brief(Policies.machine(units).at(phase, policy));
    }

    /** Units: v sets interrupts up apart from tables, a only together with them. */
    @ParameterizedTest(name = "{0}, units {1}")
    @CsvSource(delimiter = '|', textBlock = """
        copy-tables | - | - | -
        copy-tables | v | irq 0 | adopt 0 CONTEXTS
        copy-tables | a | irq 0 | adopt 0 CONTEXTS
        copy-tables | va | irq 0, irq 1 | adopt 0 CONTEXTS, adopt 1 CONTEXTS
        copy-page-tables | - | - | -
        copy-page-tables | v | irq 0 | adopt 0 PAGE_TABLES
        copy-page-tables | va | irq 0 | adopt 0 PAGE_TABLES, adopt 1 PAGE_TABLES
        copy-page-tables | vv | irq 0, irq 1 | adopt 0 PAGE_TABLES, adopt 1 PAGE_TABLES
        reuse-root | - | - | -
        reuse-root | v | irq 0 | adopt 0 REUSE_ROOT
        reuse-root | vv | irq 0, irq 1 | adopt 0 REUSE_ROOT, adopt 1 REUSE_ROOT
        reuse-in-place | - | - | -
        reuse-in-place | a | irq 0 | adopt 0 IN_PLACE
        reuse-in-place | av | irq 0, irq 1 | adopt 0 IN_PLACE, adopt 1 IN_PLACE
        disable-reinit | - | - | -
        disable-reinit | v | irq 0 | off 0, clean 0
        disable-reinit | a | - | off 0, clean 0
        disable-reinit | va | irq 0 | off 0, off 1, clean 0, clean 1
        disable-reinit | ava | irq 1 | off 0, off 1, off 2, clean 0, clean 1, clean 2
        leave-disabled | - | - | -
        leave-disabled | v | irq 0 | off 0
        leave-disabled | av | irq 1 | off 0, off 1
        block | - | - | -
        block | va | irq 0 | blocked 0, blocked 1
        scratch-page | va | irq 0 | scratch 0, scratch 1
        keep-and-separate | vv | irq 0, irq 1 | adopt 0 KEEP_COPIED, adopt 1 KEEP_COPIED
        keep-and-separate | va | irq 0 | adopt 0 KEEP_COPIED, adopt 1 KEEP_COPIED
        keep-nonzero | va | irq 0 | adopt 0 KEEP_IN_PLACE, adopt 1 KEEP_IN_PLACE
        reset-at-probe | va | irq 0 | adopt 0 KEEP_COPIED, adopt 1 KEEP_COPIED
        crash-path-disable | va | irq 0 | off 0, off 1, clean 0, clean 1
        block-at-crash | va | irq 0 | blocked 0, blocked 1
        clear-bus-master | va | irq 0 | off 0, off 1, clean 0, clean 1
        indoh-1 | v | irq 0 | off 0, clean 0
        indoh-2 | v | irq 0 | off 0, clean 0
        indoh-3 | v | irq 0 | off 0, clean 0
        indoh-4 | v | irq 0 | off 0, clean 0
        leave-disabled | vv | irq 0, irq 1 | off 0, off 1
        reset-devices | - | - | -
        reset-devices | v | irq 0 | off 0, clean 0
        reset-devices | a | - | off 0, clean 0
        reset-devices | vav | irq 0, irq 2 | off 0, off 1, off 2, clean 0, clean 1, clean 2
        identity-map-crash-range | v | irq 0 | -
        identity-map-crash-range | av | irq 1 | -
        """)
    void interruptsAtT4AndTablesAtT6(String name, String units, String t4, String t6) {
        HandoverPolicy policy = Policies.of(name);
        assertThat(at(Phase.INTERRUPT_REMAPPING, units, policy)).as("T4").isEqualTo(t4);
        assertThat(at(Phase.DMA_REMAPPING, units, policy)).as("T6").isEqualTo(t6);
    }

    /** Only preparing, printing and resetting come before T4; nothing comes after T6. */
    @ParameterizedTest
    @FieldSource("NAMES")
    void inAllOtherPhasesNothingIsDone(String name) {
        HandoverPolicy policy = Policies.of(name);
        for (Phase phase : Phase.values()) {
            String expected = switch (phase) {
                case INTERRUPT_REMAPPING, DMA_REMAPPING -> null;
                case RUNNING -> name.startsWith("identity") ? "ReserveIova" : "-";
                case CRASH -> name.equals("crash-path-disable") ? "off 0, off 1" : "-";
                default -> "-";
            };
            if (expected != null) {
                assertThat(at(phase, "va", policy)).as("%s", phase).isEqualTo(expected);
            }
        }
    }

    @ParameterizedTest
    @FieldSource("NAMES")
    void driversAreLeftToThemselves(String name) {
        FakeHandover machine = Policies.machine("va").function(0x100, 0x020000, 0, 0x04, 0x7);
        for (var event : List.of(new ProbeStart(0x100), new ProbeEnd(0x100, null),
                new ProbeEnd(0x100, "I/O timeout"), new FirstMap(0x100))) {
            assertThat(machine.tell(event, Policies.of(name))).as("%s", event).isEmpty();
        }
    }

    static Stream<Step> steps() {
        var range = new AddressRange(0x1000, 0x2000);
        return Stream.of(new Step.DisableTranslation(0), new Step.StartClean(0),
                new Step.InitialiseInterrupts(0), new Step.Sleep(1), new Step.Print("x"),
                new Step.WriteConfig(0x100, 4, 2, 6), new Step.ReserveIova(range),
                new Step.IdentityMap(0x100, range), new Step.WriteMemory(0x1000, 1),
                new Step.WriteRegister(0, 0x18, 4, 0),
                new Step.WaitRegister(0, 0x1c, 4, 1, 1, 1000));
    }

    /** Nobody tries again: what starts clean in vain would be asked for without end. */
    @ParameterizedTest
    @MethodSource("steps")
    void aRefusalOfAnythingButTablesIsTheLastWord(Step refused) {
        for (String name : NAMES) {
            assertThat(Policies.machine("va").refused(refused, Policies.of(name)))
                    .as(name).isEmpty();
        }
    }

    @ParameterizedTest(name = "{0}, {1}, unit {2} refuses")
    @CsvSource(delimiter = '|', textBlock = """
        copy-tables | vv | 0 | off 0, clean 0, adopt 1 CONTEXTS
        copy-tables | va | 1 | clean 1
        copy-tables | vvv | 1 | off 1, clean 1, adopt 2 CONTEXTS
        copy-page-tables | vvv | 0 | off 0, clean 0, adopt 1 PAGE_TABLES, adopt 2 PAGE_TABLES
        reuse-root | vv | 1 | off 1, clean 1
        reuse-root | vv | 0 | off 0, clean 0, adopt 1 REUSE_ROOT
        reuse-in-place | aa | 0 | clean 0, adopt 1 IN_PLACE
        disable-reinit | vv | 0 | -
        leave-disabled | vv | 0 | -
        reset-devices | vv | 0 | -
        identity-map-crash-range | vv | 0 | -
        block | vv | 0 | -
        keep-and-separate | vv | 0 | off 0, clean 0, adopt 1 KEEP_COPIED
        keep-nonzero | av | 0 | clean 0, adopt 1 KEEP_IN_PLACE
        """)
    void aUnitWhoseTablesAreRefusedStartsCleanWhereTablesAreAdopted(String name, String units,
            int unit, String answer) {
        for (AdoptDepth depth : AdoptDepth.values()) {
            assertThat(Policies.brief(Policies.machine(units).refused(
                    new Step.AdoptTables(unit, depth), Policies.of(name)))).isEqualTo(answer);
        }
    }

    /** One object serves all machines of a campaign: what it was asked before must not matter. */
    @Seeds(count = 5)
    void anAnswerDependsOnNothingThatWasAskedBefore(long seed) {
        var random = new RandomStream(seed, "stateless");
        List<String> machines = List.of("-", "v", "a", "vav", "aa");
        List<HandoverPolicy> asked = new ArrayList<>();
        NAMES.forEach(name -> asked.add(Policies.of(name)));
        for (int step = 0; step < 1000; step++) {
            int index = random.nextInt(NAMES.size());
            Phase phase = Phase.values()[random.nextInt(Phase.values().length)];
            String units = machines.get(random.nextInt(machines.size()));
            assertThat(at(phase, units, asked.get(index))).as("%s at %s", NAMES.get(index), phase)
                    .isEqualTo(at(phase, units, Policies.of(NAMES.get(index))));
        }
    }

    /** No step names a unit that the machine does not have. */
    @ParameterizedTest
    @FieldSource("NAMES")
    void aMachineWithoutUnitsIsAskedForNoUnit(String name) {
        FakeHandover none = Policies.machine("-").function(0x100, 0x020000, 0, 0x04, 0x7);
        for (Phase phase : Phase.values()) {
            assertThat(none.at(phase, Policies.of(name)))
                    .allMatch(step -> step instanceof Step.WriteConfig
                            || step instanceof Step.Remark);
        }
    }
}
