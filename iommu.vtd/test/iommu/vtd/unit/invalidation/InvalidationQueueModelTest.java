// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.invalidation;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import iommu.vtd.GlobalCommand;
import iommu.vtd.InvalidationDescriptor;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.Bench;
import org.junit.jupiter.api.BeforeEach;

/**
 * Random batches of wait descriptors, good and bad ones, in queues of all widths and some lengths:
 * each is executed once, in order, up to a bad one, and from there on when that was mended.
 */
class InvalidationQueueModelTest {

    private static final long IQE = VtdRegisters.IQE.mask();

    private Bench bench;
    private RandomStream random;
    private int width;
    private long queueBytes;
    private long queue;
    private long store;
    private long tail;
    /** What the store words hold, as far as descriptors have been executed. */
    private final long[] expected = new long[8];
    private int number;
    /** Offset of the descriptor that is bad now, or -1. */
    private long badAt = -1;

    @BeforeEach
    void startAtTheFirstPlace() {
        tail = 0;
    }

    private void use(boolean wide, int sizeCode) {
        bench = wide ? Bench.scalable() : Bench.legacy();
        width = wide ? InvalidationDescriptor.WIDE_BYTES : InvalidationDescriptor.BYTES;
        queueBytes = 4096L << sizeCode;
        queue = bench.page();
        for (int i = 1; i < 1 << sizeCode; i++) {
            bench.page();
        }
        store = bench.page();
        bench.write(VtdRegisters.IQA, queue | (wide ? 1L << 11 : 0) | sizeCode);
        bench.command(GlobalCommand.QIE.mask());
    }

    private void put(long at, long q0, long q1) {
        bench.memory.write64(queue + at, q0);
        bench.memory.write64(queue + at + 8, q1);
        for (int i = 16; i < width; i += 8) {
            bench.memory.write64(queue + at + i, 0);
        }
    }

    /** Puts a wait that stores the next number in one of the words. */
    private void good(long at, boolean executed) {
        int word = random.nextInt(expected.length);
        number++;
        put(at, InvalidationDescriptor.STATUS_DATA.with(
                InvalidationDescriptor.WAIT | InvalidationDescriptor.SW.mask(), number),
                store + 8L * word);
        if (executed) {
            expected[word] = number;
        }
    }

    private void bad(long at) {
        long[] kinds = {0, 0xa, 0xf, 0x102, 0x2, 0x125};
        put(at, kinds[random.nextInt(kinds.length)], 0);
    }

    private void batch() {
        int count = 1 + random.nextInt((int) Math.min(40, queueBytes / width - 1));
        int badOne = random.oneIn(4) ? random.nextInt(count) : -1;
        for (int i = 0; i < count; i++) {
            long at = (tail + (long) i * width) % queueBytes;
            if (i == badOne) {
                bad(at);
                badAt = at;
            } else {
                good(at, badOne < 0 || i < badOne);
            }
        }
        long behind = (tail + (long) count * width) % queueBytes;
        bench.write(VtdRegisters.IQT, behind);
        check(badAt >= 0 ? badAt : behind);
        if (badAt >= 0) {
            mend(behind);
        }
        tail = behind;
    }

    /** Puts a good descriptor in the bad one's place; the rest is executed with the clearing. */
    private void mend(long behind) {
        long at = badAt;
        badAt = -1;
        bench.write(VtdRegisters.IQT, behind);
        assertThat(bench.read(VtdRegisters.IQH)).as("frozen").isEqualTo(at);
        good(at, true);
        for (long after = (at + width) % queueBytes; after != behind;
                after = (after + width) % queueBytes) {
            good(after, true);
        }
        bench.write(VtdRegisters.FSTS, IQE);
        check(behind);
    }

    private void check(long head) {
        assertThat(bench.read(VtdRegisters.IQH)).as("head").isEqualTo(head);
        assertThat(bench.read(VtdRegisters.FSTS) & IQE).as("error")
                .isEqualTo(badAt >= 0 ? IQE : 0);
        for (int word = 0; word < expected.length; word++) {
            assertThat(bench.memory.read64(store + 8L * word) & 0xffff_ffffL).as("word %d", word)
                    .isEqualTo(expected[word]);
        }
    }

    @Seeds(count = 12)
    void eachDescriptorIsExecutedOnceAndInOrder(long seed) {
        random = new RandomStream(seed, "vtd queue");
        use(random.oneIn(2), random.nextInt(3));
        for (int i = 0; i < 60; i++) {
            batch();
        }
        assertThat(number).isGreaterThan((int) (queueBytes / width));
    }

    @Seeds(count = 4)
    void aQueueThatIsSwitchedOffAndOnBeginsAtTheFirstPlace(long seed) {
        random = new RandomStream(seed, "vtd queue cycle");
        use(random.oneIn(2), random.nextInt(3));
        for (int i = 0; i < 10; i++) {
            batch();
            bench.write(VtdRegisters.GCMD, bench.persistent() & ~GlobalCommand.QIE.mask());
            bench.write(VtdRegisters.IQT, 0);
            bench.command(GlobalCommand.QIE.mask());
            tail = 0;
            check(0);
        }
    }
}
