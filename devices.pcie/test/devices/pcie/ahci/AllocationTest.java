// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ahci;

import static devices.pcie.ahci.AhciMachine.BUFFER;
import static devices.pcie.ahci.AhciMachine.IS;
import static devices.pcie.ahci.AhciMachine.MILLI;
import static devices.pcie.ahci.AhciMachine.PX_IS;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A request makes no garbage. */
class AllocationTest {

    private static final int ROUNDS = 30;
    private static final int REQUESTS = 2_000;

    private final AhciMachine machine = new AhciMachine(Map.of("resetNanos", 1L));

    @ParameterizedTest
    @ValueSource(ints = {0x60, 0x25})
    void requestsAllocateNothing(int command) {
        machine.root.recording(false);
        machine.enableMessages();
        machine.start();
        machine.command(0, command, 8, 1, BUFFER, 512);
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        long overhead = threads.getCurrentThreadAllocatedBytes() - before;
        long allocated = Long.MAX_VALUE;
        // the compiler gives up a guess now and then and makes an object that it had done without
        for (int round = 0; round < ROUNDS && allocated > overhead + fetched(); round++) {
            before = threads.getCurrentThreadAllocatedBytes();
            requests(command);
            allocated = threads.getCurrentThreadAllocatedBytes() - before;
        }
        assertThat(allocated - overhead - fetched()).isLessThanOrEqualTo(0);
    }

    /** The test's medium makes an array of the bytes it is asked for. */
    private static long fetched() {
        return REQUESTS * (512L + 16);
    }

    private void requests(int command) {
        for (int i = 0; i < REQUESTS; i++) {
            machine.issue(1, command == 0x60);
            machine.clock.advance(MILLI);
            machine.write(PX_IS, -1);
            machine.write(IS, 1);
        }
    }
}
