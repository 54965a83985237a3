// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.Platform;
import iommu.api.sim.EventQueue;
import iommu.api.unit.IovaOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import kdump.lab.api.HardwareChoice;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.verdict.Runner;
import kdump.policies.copytables.CopyTables;
import org.junit.jupiter.api.Test;

class FlushQueueTest {

    private final EventQueue queue = new EventQueue();
    private final IovaAllocator space = new IovaAllocator(Platform.X86.messages(), IovaOrder.LOW);
    private final long a = space.allocate(false);
    private final long b = space.allocate(false);
    private final List<Long> nextAtFlush = new ArrayList<>();
    private final FlushQueue lazy = new FlushQueue(queue, 10, () -> nextAtFlush.add(next()));

    /** Returns the address that would be given out next. */
    private long next() {
        long next = space.allocate(false);
        space.free(next);
        return next;
    }

    @Test
    void addressesComeBackAfterTheFlushThatFollowsThem() {
        queue.schedule(3, () -> lazy.add(space, a, 1));
        queue.schedule(9, () -> lazy.add(space, b, 1));
        queue.advanceTo(12);
        assertThat(next()).isLessThan(b);
        queue.advanceTo(13);
        assertThat(nextAtFlush).as("the flush comes first").singleElement()
                .satisfies(n -> assertThat(n).isLessThan(b));
        assertThat(next()).isEqualTo(a);
        assertThat(space.allocate(false)).isEqualTo(a);
        queue.schedule(1, () -> lazy.add(space, a, 1));
        queue.advanceTo(23);
        assertThat(next()).isEqualTo(b);
        queue.advanceTo(24);
        assertThat(nextAtFlush).hasSize(2);
        assertThat(next()).isEqualTo(a);
    }

    /** A unit that answers a hit without asking the tables shows an address given out too soon. */
    @Test
    void aCaptureKernelInLazyModeWritesItsDump() throws Exception {
        var verdict = new Runner(Fixture.machine("vtd39_612_lazy"), Fixture.SERVICES,
                RunOptions.ofSeed(1).withHardware(new HardwareChoice("qemu-7.2", Map.of())))
                .run(Fixture.session(new CopyTables()), false, FaultInjection.NONE).verdict();
        assertThat(verdict.clean()).as(verdict.toString()).isTrue();
    }
}
