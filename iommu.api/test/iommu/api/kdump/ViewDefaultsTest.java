// SPDX-License-Identifier: Apache-2.0
package iommu.api.kdump;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.machine.UnitDescription.FirmwareFlags;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryMap;
import iommu.api.unit.AdoptDepth;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What a view says that was written before there was more to ask; phases by name; whose steps. */
class ViewDefaultsTest {

    /** Answers what every view must, and nothing else. */
    private record Least(List<UnitView> units) implements HandoverView {

        @Override
        public Phase phase() {
            return Phase.DRIVERS;
        }

        @Override
        public long nanosSinceCrash() {
            return 0;
        }

        @Override
        public List<FunctionView> functions() {
            return List.of();
        }

        @Override
        public boolean mapsDma(int requester) {
            return false;
        }

        @Override
        public List<Step> ownSteps(HandoverEvent event) {
            return List.of();
        }

        @Override
        public MemoryMap memoryMap() {
            return new MemoryMap(List.of());
        }

        @Override
        public AddressRange crashReservation() {
            return new AddressRange(0, 4096);
        }

        @Override
        public long readRegister(int unit, int offset, int bytes) {
            return 0;
        }

        @Override
        public int readConfig(int requester, int offset, int bytes) {
            return -1;
        }

        @Override
        public long readMemory(long physicalAddress) {
            return 0;
        }
    }

    private static HandoverView.UnitView unit(int index) {
        return new HandoverView.UnitView(index, "a", false, 0);
    }

    @Test
    void oneUnitServesAllUnlessSomebodyKnowsBetter() {
        var view = new Least(List.of(unit(0), unit(1)));
        for (int requester : new int[] {0, 8, 0xffff, 0x10000, -1}) {
            assertThat(view.unitOf(requester)).isZero();
            assertThat(new Least(List.of()).unitOf(requester)).isEqualTo(-1);
        }
        assertThat(view.servesAllOthers(0)).isTrue();
        assertThat(view.servesAllOthers(1)).isTrue();
    }

    @Test
    void firmwareSaysWhatIsUsualAndNobodyKnowsAKernel() {
        var view = new Least(List.of(unit(0)));
        assertThat(view.firmware(0)).isEqualTo(new FirmwareFlags(true, false, ""));
        assertThat(view.knowsOwnSteps("a")).isFalse();
    }

    // ---- phases ---------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"T4, INTERRUPT_REMAPPING", "T5a, ENUMERATION", "T5b, FINAL_FIXUPS",
        "T6, DMA_REMAPPING", "T7, DRIVERS", "T8, DUMP"})
    void aPhaseIsFoundByItsLabel(String label, Phase phase) {
        assertThat(Phase.labelled(label, Phase.values())).isSameAs(phase);
        assertThat(Phase.labelled(label, phase)).isSameAs(phase);
        assertThat(phase.label()).isEqualTo(label);
    }

    @ParameterizedTest
    @CsvSource({"T7", "t6", "T5", "T5A", "''", "' T6'", "T66", "DMA_REMAPPING"})
    void anyOtherIsRefusedWithThoseThatCouldBe(String label) {
        assertThatIllegalArgumentException().isThrownBy(() -> Phase.labelled(label,
                Phase.DMA_REMAPPING, Phase.ENUMERATION))
                .withMessage("phase '" + label + "', expected one of T6, T5a");
    }

    @Test
    void whereNoneIsAllowedAllAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> Phase.labelled("T6"))
                .withMessage("phase 'T6', expected one of ");
    }

    // ---- whose a step is ------------------------------------------------------------------------

    static Stream<Step> ofUnit7() {
        return Stream.of(new Step.WriteRegister(7, 0, 4, 1),
                new Step.WaitRegister(7, 0, 4, 1, 1, 1), new Step.InitialiseInterrupts(7),
                new Step.SetInterruptTable(7, true), new Step.EnableInterrupts(7),
                new Step.DisableTranslation(7), new Step.StartClean(7),
                new Step.AllocateTables(7), new Step.CopyTables(7, AdoptDepth.CONTEXTS),
                new Step.SetTables(7), new Step.ProbeFunctions(7), new Step.EnableTranslation(7),
                new Step.AdoptTables(7, AdoptDepth.IN_PLACE), new Step.StartBlocked(7),
                new Step.MapScratch(7));
    }

    @ParameterizedTest
    @MethodSource("ofUnit7")
    void aStepOfAUnitNamesIt(Step step) {
        assertThat(step.unit()).isEqualTo(7);
        assertThat(StepCheck.wrong(step)).isNull();
    }

    static Stream<Step> ofNone() {
        return Stream.of(new Step.WriteConfig(7, 4, 2, 0), new Step.WriteMemory(8, 7),
                new Step.Sleep(7), new Step.AwaitReady(7, "FLR"), new Step.Print("7"),
                new Step.ReserveIova(new AddressRange(0, 4096)),
                new Step.IdentityMap(7, new AddressRange(0, 4096)), new Step.BlockFunction(7),
                new Step.Remark("7"));
    }

    @ParameterizedTest
    @MethodSource("ofNone")
    void aStepOfFunctionsOrMemoryNamesNoUnit(Step step) {
        assertThat(step.unit()).isEqualTo(-1);
        assertThat(StepCheck.wrong(step)).isNull();
    }

    @Test
    void everyKindOfStepIsOneOfThese() {
        assertThat(Stream.concat(ofUnit7(), ofNone()).map(Object::getClass))
                .containsExactlyInAnyOrder(Step.class.getPermittedSubclasses());
    }

    // ---- what is wrong, word by word ------------------------------------------------------------

    static Stream<Arguments> wrong() {
        var half = new AddressRange(0x1000, 0x1800);
        return Stream.of(Arguments.of(null, "null among its steps"),
                Arguments.of(new Step.WriteRegister(0, 2, 4, 0),
                        "an access of 4 bytes at offset 2"),
                Arguments.of(new Step.WriteRegister(0, 0, 2, 0),
                        "an access of 2 bytes at offset 0"),
                Arguments.of(new Step.WaitRegister(0, 0, 4, 0, 0, -1),
                        "-1 ns, not of 0 to 3600000000000"),
                Arguments.of(new Step.WaitRegister(0, -4, 4, 0, 0, -1),
                        "an access of 4 bytes at offset -4"),
                Arguments.of(new Step.WriteConfig(0, 4096, 1, 0),
                        "an access of 1 bytes at offset 4096"),
                Arguments.of(new Step.WriteMemory(4, 0), "an address that is no multiple of 8"),
                Arguments.of(new Step.Print(null), "no line, or one of more than 4096 characters"),
                Arguments.of(new Step.Remark(""), "no reason, or one of more than 200 characters"),
                Arguments.of(new Step.ReserveIova(null), "no range"),
                Arguments.of(new Step.ReserveIova(half), "a range that is no whole pages"),
                Arguments.of(new Step.IdentityMap(0, half), "a range that is no whole pages"),
                Arguments.of(new Step.AdoptTables(0, null), "no depth"));
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void whatIsWrongIsToldInAClause(Step step, String words) {
        assertThat(StepCheck.wrong(step)).isEqualTo(words);
    }
}
