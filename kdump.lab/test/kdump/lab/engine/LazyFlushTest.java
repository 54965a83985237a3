// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.EventQueue;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import kdump.lab.api.HardwareChoice;
import kdump.lab.api.RunOptions;
import kdump.policies.copytables.CopyTables;
import org.junit.jupiter.api.Test;

class LazyFlushTest {

    private final EventQueue queue = new EventQueue();
    private final List<String> done = new ArrayList<>();
    private final LazyFlush lazy = new LazyFlush(queue, 10, () -> done.add("flush"));

    @Test
    void addressesComeBackAfterTheFlushThatFollowsThem() {
        queue.schedule(3, () -> lazy.add(() -> done.add("a")));
        queue.schedule(9, () -> lazy.add(() -> done.add("b")));
        queue.advanceTo(12);
        assertThat(done).isEmpty();
        queue.advanceTo(13);
        assertThat(done).containsExactly("flush", "a", "b");
        queue.schedule(1, () -> lazy.add(() -> done.add("c")));
        queue.advanceTo(24);
        assertThat(done).endsWith("flush", "c").hasSize(5);
    }

    /** A unit that answers a hit without asking the tables shows an address given out too soon. */
    @Test
    void aCaptureKernelInLazyModeWritesItsDump() throws Exception {
        var verdict = new Bench(TestBench.machine("vtd39_612_lazy"), TestBench.SERVICES,
                RunOptions.ofSeed(1).withHardware(new HardwareChoice("qemu-7.2", Map.of())))
                .run(TestBench.decider(new CopyTables()), false, Breakage.NONE).verdict();
        assertThat(verdict.clean()).as(verdict.toString()).isTrue();
    }
}
