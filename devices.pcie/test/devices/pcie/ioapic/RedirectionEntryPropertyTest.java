// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ioapic;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import iommu.api.pcie.Message;
import iommu.testkit.seeds.Seeds;
import java.lang.management.ManagementFactory;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Entries beside the layouts of three manuals: the I/O APIC's own, VT-d's remappable format, and
 * AMD's, whose index is vector and delivery mode.
 */
class RedirectionEntryPropertyTest {

    private static int bits(long value, int high, int low) {
        return (int) (value >>> low & (1L << high - low + 1) - 1);
    }

    /** Without remapping: destination 63:56 to address 19:12, the mode to bit 2. */
    @Seeds(count = 3)
    void anEntryOfItsOwnSaysWhoIsInterrupted(long seed) {
        var random = new Random(seed);
        for (int i = 0; i < 300; i++) {
            int destination = random.nextInt(256);
            int logical = random.nextInt(2);
            int mode = random.nextInt(8);
            int vector = random.nextInt(256);
            int level = random.nextInt(2);
            long noise = (long) random.nextInt(16) << 20 | (long) random.nextInt(2) << 12
                    | (long) random.nextInt(2) << 13 | (long) random.nextInt(2) << 14
                    | (long) random.nextInt(2) << 16 | (long) random.nextInt(256) << 32;
            long entry = (long) destination << 56 | level << 15 | logical << 11 | mode << 8
                    | vector | noise;
            assertThat(RedirectionEntry.address(entry))
                    .isEqualTo(0xfee0_0000L | destination << 12 | logical << 2);
            assertThat(RedirectionEntry.data(entry))
                    .isEqualTo(vector | mode << 8 | (level == 1 ? 0xc000 : 0));
        }
    }

    /** VT-d: handle 14:0 in 63:49, format in 48, handle 15 in 11; of address 19:5, 4 and 2. */
    @Test
    void everyHandleOfVtdComesOutAsItWentIn() {
        for (int handle = 0; handle <= 0xffff; handle++) {
            long address = 0xfee0_0010L | (handle & 0x7fff) << 5 | handle >>> 15 << 2;
            long entry = RedirectionEntry.of(new Message(address, 0), (handle & 1) == 0);
            if (bits(entry, 63, 49) != (handle & 0x7fff) || bits(entry, 48, 48) != 1
                    || bits(entry, 11, 11) != handle >>> 15
                    || RedirectionEntry.address(entry) != address) {
                throw new AssertionError("handle " + handle + ": " + Long.toHexString(entry));
            }
            assertThat(bits(entry, 15, 15)).isEqualTo(1 - (handle & 1));
            assertThat(bits(entry, 16, 16)).as("let through").isZero();
        }
    }

    /** AMD: bits 10:0 of the data are the index, whatever delivery mode that would be. */
    @Test
    void everyIndexOfAmdComesOutAsItWentIn() {
        for (int index = 0; index < 2048; index++) {
            long entry = RedirectionEntry.of(new Message(0xfee0_0000L, index), false);
            assertThat(RedirectionEntry.data(entry)).isEqualTo(index);
            assertThat(RedirectionEntry.address(entry)).isEqualTo(0xfee0_0000L);
        }
    }

    /** What a message has beside vector and delivery mode (assert, level) is the entry's own. */
    @Seeds(count = 3)
    void theTriggerModeIsThePinsAndNotTheMessages(long seed) {
        var random = new Random(seed);
        for (int i = 0; i < 100; i++) {
            int data = (int) random.nextLong() & 0xffff_f800;
            long entry = RedirectionEntry.of(new Message(0xfee0_0000L, data | 0x31), false);
            assertThat(entry).isEqualTo(0x31);
            assertThat(RedirectionEntry.of(new Message(0xfee0_0000L, data | 0x31), true))
                    .isEqualTo(0x8031);
        }
    }

    @Test
    void anEntryForTheProcessorIsFixedAndPhysical() {
        for (int vector = 0x10; vector < 0x100; vector++) {
            assertThat(RedirectionEntry.toProcessor(vector, false)).isEqualTo(vector);
            assertThat(RedirectionEntry.toProcessor(vector, true)).isEqualTo(0x8000 | vector);
        }
        assertThat(RedirectionEntry.RESET).as("masked").isEqualTo(0x1_0000);
    }

    @Test
    void whatAnEntryStandsForAllocatesNothing() {
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long sum = messages();
        long before = threads.getCurrentThreadAllocatedBytes();
        assertThat(messages()).isEqualTo(sum);
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(20_000);
    }

    private static long messages() {
        long sum = 0;
        for (long entry = 0; entry < 10_000; entry++) {
            sum += RedirectionEntry.address(entry << 50 | entry) + RedirectionEntry.data(entry);
        }
        return sum;
    }
}
