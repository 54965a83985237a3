// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ioapic;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PcControllersTest {

    private static final long LEVEL = 0x8000;
    private static final long MASKED = 0x1_0000;

    private final ControllerFixture fixture = new ControllerFixture(24, true);

    @Test
    void idVersionAndEntriesAreReadThroughTheWindow() {
        assertThat(fixture.register(0, 0)).isZero();
        assertThat(fixture.register(1, 0)).isEqualTo(1 << 24);
        assertThat(fixture.register(0, 1)).as("24 inputs").isEqualTo(0x17_0020);
        assertThat(fixture.register(0, 0x10)).as("masked").isEqualTo(0x1_0000);
        fixture.redirect(3, 0x0102_0304_0001_a935L);
        assertThat(fixture.register(0, 0x16)).isEqualTo(0x1_a935);
        assertThat(fixture.register(0, 0x17)).isEqualTo(0x0102_0304);
        assertThat(fixture.register(0, 0x40)).as("beyond the last").isZero();
        assertThat(fixture.hardware.read(0x1234)).as("nobody's").isZero();
    }

    @Test
    void aMaskedInputSendsNothingUntilItIsLetThrough() {
        fixture.hardware.level(16, true);
        assertThat(fixture.sent).isEmpty();
        fixture.redirect(16, LEVEL | 0x41);
        assertThat(fixture.sent).containsExactly("16: fee00000 c041");
        assertThat(fixture.register(0, 0x30) & 0x4000).as("Remote IRR").isNotZero();
        fixture.hardware.level(16, false);
        assertThat(fixture.register(0, 0x30) & 0x4000).isZero();
        fixture.redirect(16, LEVEL | MASKED | 0x41);
        fixture.redirect(16, LEVEL | 0x41);
        assertThat(fixture.sent).as("nobody asserts it").hasSize(1);
    }

    @Test
    void inputsOfTheSecondControllerBeginWhereThoseOfTheFirstEnd() {
        long base = ControllerFixture.BASE + 0x1000;
        fixture.hardware.write(base, 0x10);
        fixture.hardware.write(base + 0x10, 0x42);
        fixture.hardware.level(24, true);
        assertThat(fixture.sent).containsExactly("24: fee00000 42");
        fixture.hardware.level(99, true);
        assertThat(fixture.sent).as("nobody's").hasSize(1);
    }

    /** What an input sends follows from entry and level alone, whatever was before. */
    @ParameterizedTest
    @CsvSource({"1", "2", "3"})
    void anInputSendsWhenItRisesOrIsLetThrough(long seed) {
        var random = new Random(seed);
        boolean high = false;
        boolean masked = true;
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            if (random.nextBoolean()) {
                high = random.nextBoolean();
                fixture.hardware.level(7, high);
                if (high && !masked) {
                    expected.add("7: fee00000 c050");
                }
            } else {
                boolean now = random.nextBoolean();
                fixture.redirect(7, LEVEL | 0x50 | (now ? MASKED : 0));
                if (masked && !now && high) {
                    expected.add("7: fee00000 c050");
                }
                masked = now;
            }
        }
        assertThat(fixture.sent).isEqualTo(expected);
        assertThat(expected).hasSizeGreaterThan(20);
    }

    @Test
    void theTimerTicksAsItsCountSaysUntilItIsStopped() {
        fixture.redirect(2, 0x30);
        fixture.hardware.writePort(0x43, 0x34);
        fixture.hardware.writePort(0x40, 4773 & 0xff);
        fixture.hardware.writePort(0x40, 4773 >>> 8);
        fixture.queue.advance(40_500_000);
        assertThat(fixture.sent).hasSize(10).containsOnly("2: fee00000 30");
        fixture.hardware.writePort(0x43, 0x30);
        fixture.queue.advance(40_000_000);
        assertThat(fixture.sent).hasSize(10);
    }

    @ParameterizedTest
    @CsvSource({"true, fe, 30, 5, 0", "true, ff, 30, 0, 0", "true, fe, 10030, 0, 0",
        "true, fe, 700, 0, 5", "false, fe, 30, 0, 0"})
    void the8259ReachesTheProcessorByItsWire(boolean wired, String mask, String lvt0, long fixed,
            long external) {
        var pc = new ControllerFixture(24, wired);
        pc.hardware.writePort(0x20, 0x11);
        pc.hardware.writePort(0x21, 0x48);
        pc.hardware.writePort(0x21, 4);
        pc.hardware.writePort(0x21, 3);
        pc.hardware.writePort(0x21, Integer.parseInt(mask, 16));
        pc.hardware.write(PcControllers.LVT0, Integer.parseInt(lvt0, 16));
        assertThat(pc.hardware.read(PcControllers.LVT0)).isEqualTo(Integer.parseInt(lvt0, 16));
        pc.hardware.writePort(0x43, 0x34);
        pc.hardware.writePort(0x40, 0xa9);
        pc.hardware.writePort(0x40, 0x04);
        pc.queue.advance(5_100_000);
        assertThat(pc.taken(0x30)).isEqualTo(fixed);
        assertThat(pc.taken(0x48)).as("its own vector").isEqualTo(external);
    }
}
