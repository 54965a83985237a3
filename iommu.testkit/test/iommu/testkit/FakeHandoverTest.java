// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView.FunctionView;
import iommu.api.kdump.HandoverView.UnitView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a policy is shown, and where it keeps its notes. */
class FakeHandoverTest {

    private static final HandoverPolicy ECHO = (event, view, notes) -> List.of(
            new Step.Print(view.phase() + " " + event.getClass().getSimpleName()));

    @Test
    void aPolicyIsToldTheEventInThePhaseThatBegan() {
        FakeHandover handover = FakeHandover.unitsOf();
        assertThat(handover.at(Phase.DRIVERS, ECHO))
                .containsExactly(new Step.Print("DRIVERS PhaseStart"));
        assertThat(handover.refused(new Step.Sleep(1), ECHO))
                .containsExactly(new Step.Print("DRIVERS StepRefused"));
        assertThat(handover.tell(new HandoverEvent.FirstMap(8), ECHO))
                .containsExactly(new Step.Print("DRIVERS FirstMap"));
    }

    @Test
    void unitsAndFunctionsAreThoseThatWereAdded() {
        var unit = new PlainUnit();
        unit.writeRegister(0x18, 4, 3);
        FakeHandover handover = FakeHandover.unitsOf("vtd").unit("amdvi", unit)
                .function(0x100, 0x020000, 0, 0x10, 0x0c, 0x11, 0x0d);
        assertThat(handover.units()).extracting(UnitView::vendor).containsExactly("vtd", "amdvi");
        assertThat(handover.units()).extracting(UnitView::index).containsExactly(0, 1);
        assertThat(handover.readRegister(1, 0x18, 4)).isEqualTo(3);
        assertThatThrownBy(() -> handover.readRegister(0, 0x18, 4))
                .isInstanceOf(UnsupportedOperationException.class);
        assertThat(handover.functions())
                .containsExactly(new FunctionView(0x100, 0x020000, 0));
        assertThat(handover.readConfig(0x100, 0x10, 2)).isEqualTo(0x0d0c);
        assertThat(handover.readConfig(0x108, 0x10, 2)).as("nobody").isEqualTo(0xffff);
    }

    @Test
    void dmaIsMappedWhereThereIsAUnitUnlessSaidOtherwise() {
        FakeHandover handover = FakeHandover.unitsOf("vtd").direct(0x100);
        assertThat(handover.mapsDma(0x100)).isFalse();
        assertThat(handover.mapsDma(0x108)).isTrue();
        assertThat(FakeHandover.unitsOf().mapsDma(0x108)).isFalse();
    }

    @Test
    void memoryAnswersIfThereIsSome() {
        FakeHandover handover = FakeHandover.unitsOf().nanosSinceCrash(5);
        assertThatThrownBy(() -> handover.readMemory(0))
                .isInstanceOf(UnsupportedOperationException.class);
        var memory = PhysicalMemory.zeroed(List.of(new AddressRange(0, 4096)));
        memory.write64(8, 9);
        assertThat(handover.memory(memory).readMemory(8)).isEqualTo(9);
        assertThat(handover.nanosSinceCrash()).isEqualTo(5);
        assertThat(handover.crashReservation()).isEqualTo(FakeHandover.RESERVATION);
        assertThat(handover.memoryMap().regions()).isEmpty();
    }

    @Test
    void notesAreKeptByKeyAndVersionAndAreCopies() {
        FakeHandover notes = FakeHandover.unitsOf();
        byte[] bytes = {1, 2};
        notes.put("ids", 1, bytes);
        bytes[0] = 9;
        assertThat(notes.get("ids", 1)).containsExactly(1, 2);
        assertThat(notes.get("ids", 2)).as("another version").isNull();
        assertThat(notes.get("other", 1)).isNull();
        notes.put("ids", 2, new byte[0]);
        assertThat(notes.get("ids", 1)).as("replaced").isNull();
    }

    @Test
    void notesHaveTheirLimit() {
        FakeHandover notes = FakeHandover.unitsOf();
        notes.put("a", 1, new byte[HandoverNotes.MAX_BYTES - 1]);
        assertThatIllegalArgumentException().isThrownBy(() -> notes.put("b", 1, new byte[0]));
        assertThat(notes.get("b", 1)).isNull();
        notes.put("a", 1, new byte[1]);
        notes.put("b", 1, new byte[1]);
    }
}
