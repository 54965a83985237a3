// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.machine.UnitDescription.FirmwareFlags;
import iommu.testkit.FakeHandover;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What a view that checks lets through, what it refuses, and that it dies. */
class BoundedViewTest {

    private static final HandoverEvent EVENT = new HandoverEvent.PhaseStart(Phase.DUMP);
    private static final Step OWN = new Step.Print("own");

    private final FakeHandover machine = new FakeHandover().nanosSinceCrash(77)
            .unit("a", true, null).serving(0x200).unit("b", null)
            .function(0x100, 0x010802, 0, 0x10, 0x44, 0x13, 0xfe)
            .firmware(new FirmwareFlags(false, true, "no")).direct(0x300)
            .ownSteps(event -> List.of(OWN));
    private final BoundedView view =
            new BoundedView(machine, Phase.DRIVERS, 0x8000_0001_f000_0002L);

    @Test
    void whatTheMachineSaysComesThrough() {
        assertThat(view.phase()).isEqualTo(Phase.DRIVERS);
        assertThat(view.nanosSinceCrash()).isEqualTo(77);
        assertThat(view.units()).isEqualTo(machine.units()).hasSize(2);
        assertThat(view.functions()).isEqualTo(machine.functions()).hasSize(1);
        assertThat(view.servesAllOthers(0)).isFalse();
        assertThat(view.servesAllOthers(1)).isTrue();
        assertThat(view.unitOf(0x200)).isZero();
        assertThat(view.unitOf(0x100)).isEqualTo(1);
        assertThat(view.firmware(1)).isEqualTo(new FirmwareFlags(false, true, "no"));
        assertThat(view.mapsDma(0x100)).isTrue();
        assertThat(view.mapsDma(0x300)).isFalse();
        assertThat(view.ownSteps(EVENT)).containsExactly(OWN);
        assertThat(view.knowsOwnSteps("a")).isTrue();
        assertThat(view.memoryMap().regions()).isEmpty();
        assertThat(view.crashReservation()).isEqualTo(FakeHandover.RESERVATION);
    }

    @ParameterizedTest(name = "{1} bytes at {0}")
    @CsvSource({"0, 4, 0xf0000002", "4, 4, 0xf0000002", "0, 8, 0x80000001f0000002",
        "0xff8, 8, 0x80000001f0000002", "0x7ffffffc, 4, 0xf0000002"})
    void everyRegisterReadsTheSame(String offset, int bytes, String value) {
        assertThat(view.readRegister(1, Integer.decode(offset), bytes))
                .isEqualTo(Long.parseUnsignedLong(value.substring(2), 16));
    }

    @ParameterizedTest(name = "{1} bytes at {0}")
    @CsvSource({"2, 4", "1, 4", "4, 8", "0, 1", "0, 2", "0, 16", "0, 0", "-4, 4", "-8, 8"})
    void noRegisterIsReadInAnotherWay(int offset, int bytes) {
        assertThatIllegalArgumentException().isThrownBy(() -> view.readRegister(0, offset, bytes))
                .withMessage("a register of " + bytes + " bytes at offset " + offset);
    }

    @ParameterizedTest(name = "unit {0}")
    @CsvSource({"-1", "2", "2147483647", "-2147483648"})
    void unitsThatAreNotThereAreNamed(int unit) {
        for (Consumer<HandoverView> asked : List.<Consumer<HandoverView>>of(
                v -> v.readRegister(unit, 0, 4), v -> v.servesAllOthers(unit),
                v -> v.firmware(unit))) {
            assertThatExceptionOfType(IndexOutOfBoundsException.class)
                    .isThrownBy(() -> asked.accept(view)).withMessage("no unit " + unit);
        }
    }

    @ParameterizedTest(name = "{1} bytes at {0}")
    @CsvSource({"0x10, 1, 0x44", "0x12, 2, 0xfe00", "0x10, 4, 0xfe000044", "0x11, 4, 0x00fe0000",
        "4095, 1, 0", "4094, 2, 0", "4092, 4, 0"})
    void configSpaceIsTheFunctions(String offset, int bytes, String value) {
        assertThat(view.readConfig(0x100, Integer.decode(offset), bytes))
                .isEqualTo(Long.decode(value).intValue());
    }

    @ParameterizedTest(name = "{1} bytes at {0}")
    @CsvSource({"4096, 1", "4095, 2", "4093, 4", "-1, 1", "0, 0", "0, 3", "0, 8", "0, -1"})
    void configSpaceHasAnEnd(int offset, int bytes) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> view.readConfig(0x100, offset, bytes))
                .withMessage(bytes + " bytes of config space at offset " + offset);
    }

    @ParameterizedTest(name = "{0} bytes")
    @CsvSource({"1, 0xff", "2, 0xffff", "4, 0xffffffff"})
    void whereNoFunctionIsAllIsOnes(int bytes, String ones) {
        assertThat(view.readConfig(0x7777, 0, bytes)).isEqualTo(Long.decode(ones).intValue());
    }

    @Test
    void memoryIsNoiseButAlwaysTheSame() {
        long first = view.readMemory(0x1000);
        assertThat(view.readMemory(0x1000)).isEqualTo(first);
        assertThat(new BoundedView(machine, Phase.DUMP, 0).readMemory(0x1000)).isEqualTo(first);
        assertThat(view.readMemory(0x1008)).isNotEqualTo(first);
        assertThatCode(() -> view.readMemory(-8)).doesNotThrowAnyException();
        for (long address : new long[] {1, 4, 0x1007, -1}) {
            assertThatIllegalArgumentException().isThrownBy(() -> view.readMemory(address))
                    .withMessage("memory at 0x" + Long.toHexString(address));
        }
    }

    @Test
    void readsOfAllKindsComeOutOfOneBudget() {
        for (int i = 0; i < BoundedView.BUDGET; i++) {
            switch (i % 3) {
                case 0 -> view.readConfig(0x100, 0, 4);
                case 1 -> view.readRegister(0, 0, 4);
                default -> view.readMemory(0);
            }
        }
        for (Consumer<HandoverView> read : List.<Consumer<HandoverView>>of(
                v -> v.readConfig(0x100, 0, 4), v -> v.readRegister(0, 0, 4),
                v -> v.readMemory(0))) {
            assertThatIllegalStateException().isThrownBy(() -> read.accept(view))
                    .withMessage("more than 100000 reads in one call");
        }
        assertThat(view.units()).as("what costs nothing").hasSize(2);
    }

    static Stream<Consumer<HandoverView>> everything() {
        return Stream.of(HandoverView::phase, HandoverView::nanosSinceCrash, HandoverView::units,
                HandoverView::functions, HandoverView::memoryMap, HandoverView::crashReservation,
                v -> v.servesAllOthers(0), v -> v.unitOf(8), v -> v.firmware(0),
                v -> v.mapsDma(8), v -> v.ownSteps(EVENT), v -> v.knowsOwnSteps("a"),
                v -> v.readRegister(0, 0, 4), v -> v.readConfig(0x100, 0, 4),
                v -> v.readMemory(0));
    }

    @ParameterizedTest
    @MethodSource("everything")
    void aDeadViewAnswersNothing(Consumer<HandoverView> asked) {
        assertThatCode(() -> asked.accept(view)).doesNotThrowAnyException();
        view.die();
        assertThatIllegalStateException().isThrownBy(() -> asked.accept(view))
                .withMessage("the view is dead: its call has returned");
    }
}
