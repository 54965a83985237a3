// SPDX-License-Identifier: Apache-2.0
package devices.pcie.uhci;

import static devices.pcie.uhci.UhciMachine.IN;
import static devices.pcie.uhci.UhciMachine.QUEUE;
import static devices.pcie.uhci.UhciMachine.TRANSFERS;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A frame makes no garbage, whether the keyboard has a report in it or not. */
class AllocationTest {

    private static final int ROUNDS = 30;
    private static final int FRAMES = 2_000;

    @ParameterizedTest
    @ValueSource(longs = {0, 1})
    void framesAllocateNothing(long reportNanos) {
        var m = new UhciMachine(Map.of("reportNanos", reportNanos));
        m.root.recording(false);
        m.queue(QUEUE, 1, m.transfer(0, TRANSFERS, IN, 1, 3, 8, 1 << 24));
        m.start(QUEUE | 2);
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        for (int round = 0; round < ROUNDS && least > 0; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < FRAMES; i++) {
                m.queue.step(Long.MAX_VALUE);
                if (reportNanos > 0) {
                    m.memory.write32(TRANSFERS + 4, 1 << 23 | 1 << 24 | 3 << 27);
                    m.device.writeRegister(4, 2, 2, 1);
                }
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        assertThat(least / FRAMES).as("bytes a frame").isZero();
    }
}
