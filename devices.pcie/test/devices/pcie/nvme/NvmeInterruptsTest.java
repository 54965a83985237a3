// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Interrupts;
import iommu.api.pcie.Message;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Messages by the vector of the completion queue, and the pin. */
class NvmeInterruptsTest {

    private static final long PAGE = 0x20000;
    private static final long PLACE = 0x40000;

    private static NvmeMachine withTable() {
        var m = new NvmeMachine(Map.of());
        m.function.writeConfig(0x42, 2, 0x8000);
        for (int i = 0; i < 2; i++) {
            Interrupts.writeEntry(m.function, i, new Message(PLACE + 4 * i, 0x50 + i));
        }
        return m;
    }

    @Test
    void everyQueueHasItsVector() {
        NvmeMachine m = withTable();
        m.memory.write64(PLACE, 0);
        m.running();
        assertThat(m.memory.read64(PLACE)).isEqualTo(0x50);
        m.io(2, PAGE, 0, 0, 1);
        assertThat(m.memory.read64(PLACE)).isEqualTo(0x51_0000_0050L);
    }

    @Test
    void messageComesAfterTheCompletion() {
        NvmeMachine m = withTable().running();
        m.memory.write64(PLACE, 0);
        m.put(1, 0, 1, 0, 0, 0, 0);
        m.ring(1);
        while (m.take(1) == null) {
            m.queue.step(Long.MAX_VALUE);
        }
        assertThat(m.memory.read64(PLACE)).isZero();
        m.settle();
        assertThat(m.memory.read64(PLACE)).isEqualTo(0x51_0000_0000L);
    }

    @Test
    void pinIsAssertedUntilAllIsSeen() {
        var m = new NvmeMachine(Map.of(), false);
        m.enable();
        m.put(0, 6, 0, PAGE, 0, 1, 0);
        m.put(0, 6, 0, PAGE, 0, 1, 0);
        m.ring(0);
        m.settle();
        assertThat(m.function.pinAsserted()).isTrue();
        m.take(0);
        m.attend(0);
        assertThat(m.function.pinAsserted()).as("one is left").isTrue();
        m.take(0);
        m.attend(0);
        assertThat(m.function.pinAsserted()).isFalse();
    }

    @Test
    void maskHoldsThePinDown() {
        var m = new NvmeMachine(Map.of(), false);
        m.enable();
        m.write(0x0c, 1);
        m.put(0, 6, 0, PAGE, 0, 1, 0);
        m.ring(0);
        m.settle();
        assertThat(m.function.pinAsserted()).isFalse();
        m.write(0x10, 1);
        assertThat(m.function.pinAsserted()).isTrue();
        m.write(0x0c, 1);
        assertThat(m.function.pinAsserted()).isFalse();
        m.write(0x10, 1);
        m.write(NvmeMachine.CC, 0);
        assertThat(m.function.pinAsserted()).as("reset").isFalse();
    }
}
