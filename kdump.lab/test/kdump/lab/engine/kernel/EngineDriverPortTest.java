// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.Medium;
import iommu.api.pcie.PciFunction;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace.Level;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import kdump.lab.engine.Stage;
import kdump.lab.engine.machine.Machine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a driver is offered by a kernel that has not taken the units over. */
class EngineDriverPortTest {

    private final Stage stage = Stage.idle();
    private final Machine machine = stage.machine(Level.KEEP);
    private final PhysicalMemory memory = machine.memory();
    private final PciFunction disk = machine.functionsWithDevice().get(0);
    private final Kernel kernel = new Kernel(machine, stage.scenario().captureProfile(),
            new PageAllocator(List.of(machine.reservation()), new BitSet()), new IovaInUse(),
            Set.of());

    private EngineDriverPort port() {
        return new EngineDriverPort(kernel, machine, disk);
    }

    private long page() {
        return port().allocatePage();
    }

    @Test
    void whatIsThereIsNotWaitedFor() {
        long page = page();
        memory.write64(page, 0xff5);
        assertThat(port().waitForMemory(page, 0xf, 5, 1000)).isTrue();
        assertThat(port().waitForMemory(page, 0, 0, 0)).isTrue();
        assertThat(machine.queue().nanos()).isZero();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 999, 1000})
    void theClockStopsAtTheInstantThatMemoryChanges(long at) {
        long page = page();
        machine.queue().schedule(at, () -> memory.write64(page + 8, 2));
        machine.queue().schedule(at + 1, () -> memory.write64(page + 8, 0));
        assertThat(port().waitForMemory(page + 8, -1, 2, 1000)).isTrue();
        assertThat(machine.queue().nanos()).isEqualTo(at);
    }

    @Test
    void whatComesTooLateIsATimeOut() {
        long page = page();
        machine.queue().schedule(500, () -> memory.write64(page, 1));
        machine.queue().schedule(1001, () -> memory.write64(page, 2));
        assertThat(port().waitForMemory(page, -1, 2, 1000)).isFalse();
        assertThat(machine.queue().nanos()).isEqualTo(1000);
        assertThat(port().waitForMemory(page, -1, 2, 1)).isTrue();
    }

    @Test
    void withinAnEventNobodyWaits() {
        long page = page();
        List<Boolean> answers = new ArrayList<>();
        machine.queue().schedule(10, () -> {
            answers.add(port().waitForMemory(page, -1, 1, 1_000_000));
            memory.write64(page, 1);
            answers.add(port().waitForMemory(page, -1, 1, 1_000_000));
        });
        machine.queue().advance(10);
        assertThat(answers).containsExactly(false, true);
        assertThat(machine.queue().nanos()).isEqualTo(10);
    }

    @Test
    void pagesGoRoundAndAreEmptyEachTime() {
        long page = page();
        memory.write64(page + 8, 77);
        port().freePage(page);
        assertThat(page()).isEqualTo(page);
        assertThat(memory.read64(page + 8)).isZero();
        assertThat(page()).isNotEqualTo(page);
    }

    @Test
    void whereNoTableOfThisKernelMapsBusAddressesArePhysical() {
        long page = page();
        DmaBuffer buffer = port().map(page + 0x123, 64, Access.READ);
        assertThat(buffer.iova()).isEqualTo(page + 0x123);
        assertThat(buffer.physicalAddress()).isEqualTo(page + 0x123);
        assertThat(kernel.iommu().mapsDma(disk)).isFalse();
        port().unmap(buffer);
        assertThat(Stage.events(machine.trace()))
                .noneMatch(e -> e.kind() == EventKind.MAP || e.kind() == EventKind.UNMAP);
    }

    @Test
    void whatItPostsIsOnRecordInItsFunctionsName() {
        port().posted(12, Medium.FRAMES);
        Event posted = machine.trace().event(machine.trace().size() - 1);
        assertThat(posted.kind()).isEqualTo(EventKind.POSTED);
        assertThat(posted.actor()).isEqualTo(disk.requesterId());
        assertThat(posted.a()).isEqualTo(12);
        assertThat(posted.b()).isEqualTo(Medium.FRAMES.ordinal());
    }

    @Test
    void memoryCostsTimeOnceTheClockRuns() {
        long page = page();
        port().write64(page, 3);
        port().sleep(1000);
        assertThat(machine.queue().nanos()).as("before the crash").isZero();
        kernel.startClock();
        long access = kernel.costs().memoryAccess();
        port().write64(page, 4);
        assertThat(port().read64(page)).isEqualTo(4);
        assertThat(machine.queue().nanos()).isEqualTo(2 * access);
        port().write(page, new byte[130], 0, 130);
        assertThat(machine.queue().nanos()).isEqualTo(5 * access);
        port().sleep(1000);
        assertThat(machine.queue().nanos()).isEqualTo(5 * access + 1000);
    }
}
