// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ioapic;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import iommu.testkit.seeds.Seeds;
import java.lang.management.ManagementFactory;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The interval timer, the 8259A and inputs of two controllers, by what ports have written. */
class TimerWiringTest {

    private static final long SECOND = 1_000_000_000;
    private static final long LVT0 = 0xfee0_0350L;

    private final ControllerFixture pc = new ControllerFixture(24, true);

    private void timer(int count) {
        pc.hardware.writePort(0x43, 0x34);
        pc.hardware.writePort(0x40, count & 0xff);
        pc.hardware.writePort(0x40, count >>> 8);
    }

    private void pic(int base) {
        pc.hardware.writePort(0x20, 0x11);
        pc.hardware.writePort(0x21, base);
        pc.hardware.writePort(0x21, 4);
        pc.hardware.writePort(0x21, 3);
    }

    /** Mode 2 divides 1193182 Hz by its count, of which 0 is 65536: ticks in a second. */
    @ParameterizedTest
    @CsvSource({"0, 18", "65535, 18", "11932, 99", "4773, 249", "1193, 1000", "256, 4660"})
    void theTimerDividesItsClock(int count, int ticks) {
        pc.redirect(2, 0x30);
        timer(count);
        pc.queue.advance(SECOND);
        assertThat(pc.sent).hasSize(ticks).containsOnly("2: fee00000 30");
    }

    /** Both bytes make a count; until the second one nothing ticks. */
    @Test
    void halfACountIsNone() {
        pc.redirect(2, 0x30);
        pc.hardware.writePort(0x43, 0x34);
        pc.hardware.writePort(0x40, 0xa5);
        pc.queue.advance(SECOND);
        assertThat(pc.sent).isEmpty();
        pc.hardware.writePort(0x40, 0x12);
        pc.queue.advance(SECOND / 10);
        assertThat(pc.sent).hasSize(24);
    }

    /** 8254, "Mode 2": a control word ends the period that runs. */
    @Test
    void aNewCountBeginsAPeriodOfItsOwn() {
        pc.redirect(2, 0x30);
        timer(11932);
        pc.queue.advance(5_000_000);
        pc.hardware.writePort(0x43, 0x30);
        timer(11932);
        pc.queue.advance(9_999_000);
        assertThat(pc.sent).as("10 ms from the second count on").isEmpty();
        pc.queue.advance(5_000);
        assertThat(pc.sent).hasSize(1);
        pc.queue.advance(SECOND);
        assertThat(pc.sent).hasSize(100);
    }

    @Test
    void aCountBehindAnotherModeDoesNotTick() {
        pc.redirect(2, 0x30);
        pc.hardware.writePort(0x43, 0x30);
        pc.hardware.writePort(0x40, 0xa5);
        pc.hardware.writePort(0x40, 0x12);
        pc.queue.advance(SECOND);
        assertThat(pc.sent).isEmpty();
    }

    @Test
    void aMaskedEntryLosesTheEdge() {
        timer(4773);
        pc.queue.advance(SECOND);
        pc.redirect(2, 0x30);
        assertThat(pc.sent).as("an edge does not wait").isEmpty();
        pc.queue.advance(2_000_000);
        assertThat(pc.sent).as("but the next comes").hasSize(1);
    }

    @Test
    void portsThatAreNobodysDoNothing() {
        pc.redirect(2, 0x30);
        for (int port : new int[] {0, 0x41, 0x42, 0x61, 0x70, 0xa0, 0xa1, 0xcf8, 0xffff}) {
            pc.hardware.writePort(port, 0x34);
        }
        pc.queue.advance(SECOND);
        assertThat(pc.sent).isEmpty();
    }

    /** ICW2's lower three bits are the input's; input 0 has them clear. */
    @ParameterizedTest
    @CsvSource({"0x30, 0x30", "0x37, 0x30", "0x08, 0x08", "0xff, 0xf8"})
    void theVectorOfThe8259AIsAMultipleOfEight(String base, String vector) {
        pic(Integer.decode(base));
        pc.hardware.write(LVT0, 0x700);
        timer(4773);
        pc.queue.advance(4_100_000);
        assertThat(pc.taken(Integer.decode(vector))).isEqualTo(1);
    }

    /** ICW1 clears the mask; what is written before ICW4 is no mask. */
    @Test
    void initialisationOpensAllInputs() {
        pc.hardware.writePort(0x21, 0xff);
        pic(0x48);
        pc.hardware.write(LVT0, 0x700);
        timer(4773);
        pc.queue.advance(4_100_000);
        assertThat(pc.taken(0x48)).isEqualTo(1);
        pc.hardware.writePort(0x20, 0x20);
        pc.hardware.writePort(0x21, 0x01);
        pc.queue.advance(8_000_000);
        assertThat(pc.taken(0x48)).as("an EOI begins nothing, and this is a mask").isEqualTo(1);
    }

    /** Both ways at once: an edge goes to the I/O APIC and to the 8259A. */
    @Test
    void anEdgeGoesBothWays() {
        pic(0x48);
        pc.hardware.write(LVT0, 0x52);
        pc.redirect(2, 0x31);
        timer(4773);
        pc.queue.advance(41_000_000);
        assertThat(pc.taken(0x31)).isEqualTo(10);
        assertThat(pc.taken(0x52)).isEqualTo(10);
        assertThat(pc.taken(0x48)).isZero();
    }

    /** Registers lie in 64 bytes of each base; whoever writes beside them changes nothing. */
    @Seeds(count = 4)
    void addressesBesideTheRegistersAreNobodys(long seed) {
        var random = new Random(seed);
        pc.redirect(5, 0x8055);
        for (int i = 0; i < 300; i++) {
            long address = switch (random.nextInt(3)) {
                case 0 -> 0xfec0_0040L + 4 * random.nextInt(0x3e8);
                case 1 -> 0xfec0_1040L + 4 * random.nextInt(0x4000);
                default -> random.nextLong() & 0xfebf_fffcL;
            };
            pc.hardware.write(address, (int) random.nextLong());
            assertThat(pc.hardware.read(address)).isZero();
        }
        assertThat(pc.register(0, 0x1a)).isEqualTo(0x8055);
        assertThat(pc.register(1, 0x1a)).isEqualTo(0x1_0000);
    }

    /** Each input is of one controller, and no other one's entry matters. */
    @Seeds(count = 4)
    void anInputIsHeardByItsControllerAlone(long seed) {
        var random = new Random(seed);
        for (int input = 0; input < 32; input++) {
            int at = input < 24 ? input : input - 24;
            long base = ControllerFixture.BASE + (input < 24 ? 0 : 0x1000);
            pc.hardware.write(base, 0x10 + 2 * at);
            pc.hardware.write(base + 0x10, 0x8000 | 0x40 + input);
        }
        for (int i = 0; i < 200; i++) {
            int input = random.nextInt(40) - 4;
            pc.sent.clear();
            pc.hardware.level(input, true);
            pc.hardware.level(input, false);
            if (input < 0 || input >= 32) {
                assertThat(pc.sent).isEmpty();
            } else {
                assertThat(pc.sent).containsExactly(input + ": fee00000 "
                        + Integer.toHexString(0xc040 + input));
            }
        }
    }

    @Test
    void aTickWithoutListenersAllocatesNothing() {
        timer(256);
        pc.queue.advance(2 * SECOND);
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        pc.queue.advance(2 * SECOND);
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).as("9 320 ticks")
                .isLessThan(20_000);
    }
}
