// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.Interrupts;
import iommu.api.pcie.Medium;
import iommu.api.pcie.PciFunction;
import java.lang.management.ManagementFactory;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A request allocates nothing, once everything is compiled. */
class HotPathTest {

    private static final int ROUNDS = 20;
    private static final int REQUESTS = 2_000;
    private static final long DATA = 0x100000;

    private final NvmeMachine m = new NvmeMachine(Map.of());

    /** The context of the machine, over a medium that keeps nothing. */
    private final class Quiet implements DeviceContext {

        @Override
        public PciFunction function() {
            return m.function;
        }

        @Override
        public DmaPort dma() {
            return m.context.dma();
        }

        @Override
        public Interrupts interrupts() {
            return m.context.interrupts();
        }

        @Override
        public long nanos() {
            return m.queue.nanos();
        }

        @Override
        public void schedule(long delayNanos, Runnable action) {
            m.queue.schedule(delayNanos, action);
        }

        @Override
        public int request(long number) {
            return 1;
        }

        @Override
        public void resume(int token) { }

        @Override
        public void dropped() { }

        @Override
        public void store(Medium medium, long position, byte[] from, int offset, int bytes) { }

        @Override
        public void fetch(Medium medium, long position, byte[] to, int offset, int bytes) { }
    }

    @Test
    void requestsAllocateNothing() {
        var device = new NvmeController(new Quiet());
        m.function.device(device);
        m.root.recording(false);
        m.running();
        m.put(1, 1, 1, DATA, 0, 0, 7);
        var thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) {
            long before = thread.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < REQUESTS; i++) {
                device.writeRegister(0, 0x1008, 4, (i & 1) == 0 ? 1 : 0);
                while (m.queue.pending() > 0) {
                    m.queue.step(Long.MAX_VALUE);
                }
                device.writeRegister(0, 0x100c, 4, (i + 1) % NvmeMachine.ENTRIES);
            }
            least = Math.min(least, thread.getCurrentThreadAllocatedBytes() - before);
        }
        assertThat(least / REQUESTS).as("bytes a request").isZero();
    }
}
