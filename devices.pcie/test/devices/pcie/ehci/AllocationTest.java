// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ehci;

import static devices.pcie.ehci.EhciMachine.HEADS;
import static devices.pcie.ehci.EhciMachine.IN;
import static devices.pcie.ehci.EhciMachine.TRANSFERS;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Neither schedule makes garbage, whether something is done in it or not. */
class AllocationTest {

    private static final int ROUNDS = 30;
    private static final int EVENTS = 2_000;

    @ParameterizedTest
    @ValueSource(longs = {0, 1})
    void schedulesAllocateNothing(long reportNanos) {
        var m = new EhciMachine(Map.of("reportNanos", reportNanos));
        m.root.recording(false);
        long keys = m.head(0, 1, 3, 8, 0, m.transfer(0, TRANSFERS, IN, 8, 1 << 15));
        long ring = m.head(1, HEADS + 0x40 | 2, 0, 64, 1 << 15, 1);
        m.periodic(keys | 2);
        m.write(EhciMachine.ASYNC, ring);
        m.write(EhciMachine.CMD, 0x31);
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        for (int round = 0; round < ROUNDS && least > 0; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < EVENTS; i++) {
                m.queue.step(Long.MAX_VALUE);
                if (reportNanos > 0) {
                    m.memory.write32(TRANSFERS + 8, 0x80 | IN << 8 | 3 << 10 | 8 << 16 | 1 << 15);
                    m.device.writeRegister(0, EhciMachine.STS, 4, 1);
                }
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        assertThat(least / EVENTS).as("bytes an event").isZero();
    }
}
