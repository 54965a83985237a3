// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ioapic;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.unit.InterruptControllers.Wires;
import iommu.api.unit.IoApic;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** An I/O APIC whose interrupts nobody ends but software, by the EOI register. */
class InterruptEndTest implements Wires {

    private static final int REMOTE_IRR = 1 << 14;
    private static final int LEVEL = 1 << 15;
    private static final int MASK = 1 << 16;

    private final List<Integer> sent = new ArrayList<>();
    private final RedirectionTable table =
            new RedirectionTable(new IoApic(3, 0xfec0_0000L, 0, 4, 0xa0, 0, false), this);

    @Override
    public void message(IoApic from, int input, long address, int data) {
        sent.add(input);
    }

    @Override
    public boolean endsInterrupts() {
        return false;
    }

    @Override
    public void local(int vector) {
        throw new AssertionError("no wire of an I/O APIC");
    }

    @Override
    public void asserted(int input, Runnable effects) {
        throw new AssertionError("whoever drives the input tells of it");
    }

    private int read(int index) {
        table.write(0, index);
        return table.read(0x10);
    }

    private void write(int index, int value) {
        table.write(0, index);
        table.write(0x10, value);
    }

    private void entry(int input, int value) {
        write(0x10 + 2 * input, value);
    }

    @Test
    void aLevelIsToldOnceUntilItIsEnded() {
        entry(1, LEVEL | 0x41);
        table.level(1, true);
        table.level(1, true);
        assertThat(sent).containsExactly(1);
        assertThat(read(0x12)).isEqualTo(LEVEL | REMOTE_IRR | 0x41);
        table.write(0x40, 0x42);
        assertThat(sent).as("another vector").hasSize(1);
        table.write(0x40, 0x41);
        assertThat(sent).as("still high").containsExactly(1, 1);
        table.level(1, false);
        assertThat(read(0x12) & REMOTE_IRR).as("until it is ended").isNotZero();
        table.write(0x40, 0x41);
        assertThat(read(0x12)).isEqualTo(LEVEL | 0x41);
        assertThat(sent).hasSize(2);
    }

    @Test
    void aLevelThatIsMaskedMeanwhileComesWhenItIsLetThrough() {
        entry(1, LEVEL | 0x41);
        table.level(1, true);
        entry(1, LEVEL | MASK | 0x41);
        table.write(0x40, 0x41);
        assertThat(sent).hasSize(1);
        entry(1, LEVEL | 0x41);
        assertThat(sent).hasSize(2);
    }

    @Test
    void anEdgeIsToldWhenItRisesAndIsLostWhileMasked() {
        entry(2, 0x42);
        table.level(2, true);
        table.level(2, true);
        table.level(2, false);
        table.level(2, true);
        assertThat(sent).containsExactly(2, 2);
        assertThat(read(0x14)).as("no Remote IRR").isEqualTo(0x42);
        table.level(2, false);
        entry(2, MASK | 0x42);
        table.level(2, true);
        entry(2, 0x42);
        assertThat(sent).hasSize(2);
    }

    /** Kernels end an interrupt so where there is no EOI register. */
    @Test
    void whatIsMadeEdgeTriggeredIsEnded() {
        entry(1, LEVEL | 0x41);
        table.level(1, true);
        entry(1, MASK | 0x41);
        assertThat(read(0x12)).isEqualTo(MASK | 0x41);
        entry(1, LEVEL | 0x41);
        assertThat(sent).as("still high").containsExactly(1, 1);
    }

    @Test
    void idTakesWritesAndArbitrationFollows() {
        assertThat(read(2)).isEqualTo(3 << 24);
        write(0, 0xf5ff_ffff);
        assertThat(read(0)).isEqualTo(5 << 24);
        write(2, -1);
        assertThat(read(2)).isEqualTo(5 << 24);
    }

    /** A level is told again at most once for each end, and never lost while it is high. */
    @Seeds(count = 3)
    void endsAndTellingsAlternate(long seed) {
        var random = new Random(seed);
        entry(0, LEVEL | 0x40);
        boolean high = false;
        boolean masked = false;
        boolean pending = false;
        int expected = 0;
        for (int i = 0; i < 500; i++) {
            switch (random.nextInt(3)) {
                case 0 -> {
                    high = random.nextBoolean();
                    table.level(0, high);
                }
                case 1 -> {
                    masked = random.nextBoolean();
                    entry(0, LEVEL | 0x40 | (masked ? MASK : 0));
                }
                default -> {
                    table.write(0x40, 0x40);
                    pending = false;
                }
            }
            if (high && !masked && !pending) {
                pending = true;
                expected++;
            }
            assertThat(sent).as("step %d", i).hasSize(expected);
            assertThat((read(0x10) & REMOTE_IRR) != 0).isEqualTo(pending);
        }
    }
}
