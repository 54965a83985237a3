// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.Medium;
import iommu.api.pcie.PciFunction;
import iommu.api.sim.EventQueue;
import iommu.testkit.FakeFunction;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.RootPort;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A command allocates nothing, once as many as are outstanding have been before. */
class AllocationTest {

    private static final int ROUNDS = 8;
    private static final int COMMANDS = 20_000;

    private final EventQueue clock = new EventQueue();
    private final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, 1 << 20)));
    private final RecordingUpstream root = new RecordingUpstream(memory);
    private final DmaPort dma = new RootPort(root, 8);
    private final FakeFunction function = new FakeFunction(8, 0x010400);
    private final Quiet context = new Quiet();

    /** A context that keeps nothing. */
    private final class Quiet implements DeviceContext {
        private long stored;

        @Override
        public PciFunction function() {
            return function;
        }

        @Override
        public DmaPort dma() {
            return dma;
        }

        @Override
        public long nanos() {
            return clock.nanos();
        }

        @Override
        public void schedule(long delayNanos, Runnable action) {
            clock.schedule(delayNanos, action);
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
        public void store(Medium medium, long position, byte[] from, int offset, int bytes) {
            stored++;
        }

        @Override
        public void fetch(Medium medium, long position, byte[] to, int offset, int bytes) { }
    }

    private long work(Controller controller, int commands) {
        for (int i = 0; i < commands; i++) {
            controller.writeRegister(0, 0x40, 4, 0x1000 + (i & 15) * 0x80);
            clock.advance(21_000_000);
            controller.readRegister(0, 0x44, 4);
        }
        return context.stored;
    }

    private static long leastOf(ThreadMXBean threads, Runnable round) {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < ROUNDS && least != 0; i++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            long overhead = threads.getCurrentThreadAllocatedBytes() - before;
            before = threads.getCurrentThreadAllocatedBytes();
            round.run();
            least = Math.min(least,
                    threads.getCurrentThreadAllocatedBytes() - before - overhead);
        }
        return least;
    }

    @Test
    void thousandsOfCommandsAllocateNothing() {
        root.recording(false);
        var builder = new CommandBuilder();
        for (int i = 0; i < 16; i++) {
            boolean writes = (i & 1) != 0;
            builder.command(i << 4, true, 16, writes ? 0x8a : 0x88).block16(8L * i, 8)
                    .data(writes ? 1 : 2, 0x8000, 4096).errors(0x4000, 48);
            memory.write(0x1000 + i * 0x80, builder.list(), 0, CommandBuilder.BYTES);
        }
        var controller = new Controller(context, ControllerOptions.of(context));
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        work(controller, COMMANDS);
        assertThat(leastOf(threads, () -> work(controller, COMMANDS)))
                .as("bytes in %d commands", COMMANDS).isZero();
        assertThat(context.stored).isPositive().isEqualTo(
                (clock.nanos() / 21_000_000) / 2);
    }
}
