// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a kernel puts off happens in its order, at its instant, and what that puts off too. */
class FakeTimersTest {

    private final FakeKernelPort port = new FakeKernelPort(null,
            PhysicalMemory.zeroed(List.of(new AddressRange(0, 4096))), 0, 4096);
    private final List<String> done = new ArrayList<>();

    @Test
    void timersRunInTheirOrder() {
        port.schedule(20, () -> done.add("late at " + port.nanos()));
        port.schedule(10, () -> done.add("early at " + port.nanos()));
        port.advance(9);
        assertThat(done).isEmpty();
        port.advance(11);
        assertThat(done).containsExactly("early at 10", "late at 20");
        assertThat(port.nanos()).isEqualTo(20);
    }

    @Test
    void whatATimerPutsOffCounts() {
        port.schedule(10, () -> port.schedule(10, () -> done.add("again")));
        port.advance(25);
        assertThat(done).containsExactly("again");
        assertThat(port.nanos()).isEqualTo(25);
    }

    @Test
    void masksAndEndsOfMemoryAreWhatATestSays() {
        assertThat(port.dmaBits(5)).isEqualTo(64);
        port.dmaBits(5, 32);
        assertThat(port.dmaBits(5)).isEqualTo(32);
        port.memoryEnds(1 << 20, 1 << 21);
        assertThat(port.ownMemoryEnd()).isEqualTo(1 << 20);
        assertThat(port.machineMemoryEnd()).isEqualTo(1 << 21);
    }
}
