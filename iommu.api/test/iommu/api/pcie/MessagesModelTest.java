// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.EventQueue;
import iommu.api.sim.RandomStream;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.FakeFunction;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** MSI with a mask a message, and the pin, under a driver that does anything in any order. */
class MessagesModelTest {

    private static final int MSI = 0x50;
    private static final int COMMAND = 0x04;
    private static final int STATUS = 0x06;
    private static final int DATA = 0x4100;

    private final FakeFunction function = new FakeFunction(0x100, 0);
    private final List<Integer> sent = new ArrayList<>();
    private final DmaPort dma = new DmaPort() {
        @Override
        public CompletionStatus read(long address, byte[] to, int offset, int bytes) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletionStatus write(long address, byte[] from, int offset, int bytes) {
            assertThat(address).isEqualTo(0xfee0_0000L);
            assertThat(bytes).isEqualTo(4);
            assertThat(from[offset + 1]).as("data's upper half").isEqualTo((byte) 0x41);
            sent.add(from[offset] & 0xff);
            return CompletionStatus.SUCCESS;
        }
    };

    private Interrupts interrupts;
    private int maskAt;
    private int messages;
    private boolean enabled;
    private boolean disabled;
    private boolean raised;
    private int masks;
    private final TreeSet<Integer> pending = new TreeSet<>();
    private final List<Integer> expected = new ArrayList<>();

    private void start(RandomStream random) {
        boolean wide = random.oneIn(2);
        int shift = random.nextInt(6);
        messages = 1 << shift;
        maskAt = MSI + (wide ? 0x10 : 0x0c);
        function.writeConfig(STATUS, 2, 0x10);
        function.writeConfig(0x34, 1, MSI);
        function.writeConfig(0x3d, 1, 2);
        function.writeConfig(MSI, 2, Capabilities.MSI);
        function.writeConfig(MSI + 2, 2, control() | shift << 4 | (wide ? 0x80 : 0));
        function.writeConfig(MSI + 4, 4, 0xfee0_0000);
        function.writeConfig(MSI + (wide ? 12 : 8), 2, DATA);
        interrupts = new FakeDeviceContext(function, dma, new EventQueue(), Map.of())
                .interrupts();
    }

    private int control() {
        return 0x100 | (enabled ? 1 : 0);
    }

    private boolean isMasked(int vector) {
        return (masks >>> vector & 1) != 0;
    }

    private void raise(int vector) {
        interrupts.raise(vector);
        raised = true;
        int message = vector % messages;
        if (enabled && isMasked(message)) {
            pending.add(message);
        } else if (enabled) {
            expected.add(message);
        }
    }

    /** What is pending and not masked goes out, lowest first, at the next write of config space. */
    private void deliver() {
        if (enabled) {
            pending.stream().filter(message -> !isMasked(message)).forEach(expected::add);
            pending.removeIf(message -> !isMasked(message));
        }
    }

    private void step(RandomStream random) {
        switch (random.nextInt(8)) {
            case 0 -> {
                interrupts.lower();
                raised = false;
                pending.clear();
            }
            case 1 -> {
                enabled = !enabled;
                int rest = function.readConfig(MSI + 2, 2) & ~1;
                function.writeConfig(MSI + 2, 2, rest | (enabled ? 1 : 0));
                deliver();
            }
            case 2 -> {
                disabled = !disabled;
                function.writeConfig(COMMAND, 2, disabled ? 0x406 : 0x006);
                deliver();
            }
            case 3, 4 -> {
                masks = (int) (random.nextLong() & (1L << messages) - 1);
                function.writeConfig(maskAt, 4, masks);
                deliver();
            }
            default -> raise(random.nextInt(40));
        }
    }

    @Seeds(count = 12)
    void everyMessageIsSentOnceAndThePinTellsTheRest(long seed) {
        var random = new RandomStream(seed, "messages");
        start(random);
        for (int step = 0; step < 2000; step++) {
            step(random);
            assertThat(sent).isEqualTo(expected);
            sent.clear();
            expected.clear();
            assertThat(interrupts.vectors()).isEqualTo(enabled ? messages : 1);
            assertThat(function.pinAsserted()).isEqualTo(raised && !enabled && !disabled);
            assertThat((function.readConfig(STATUS, 2) & 8) != 0).isEqualTo(raised && !enabled);
            assertThat(function.readConfig(maskAt + 4, 4))
                    .isEqualTo(pending.stream().mapToInt(message -> 1 << message).sum());
        }
        interrupts.reset();
        assertThat(function.pinAsserted()).isFalse();
        assertThat(function.readConfig(maskAt + 4, 4)).as("pending bits").isZero();
    }
}
