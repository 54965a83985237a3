// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What differs from the last mark, and who wrote which bytes of a line. */
class ChangesTest {

    private static final int LINE = PhysicalMemory.LINE_BYTES;
    private static final AddressRange BACKED = new AddressRange(0x1_0000, 0x6_0000);

    private final PhysicalMemory memory = new PhysicalMemory(List.of(BACKED), 8);

    private void flip(long address) {
        byte[] one = new byte[1];
        memory.read(address, one, 0, 1);
        one[0] ^= 0x55;
        memory.write(address, one, 0, 1);
    }

    // ---- differs --------------------------------------------------------------------------------

    @Test
    void nothingDiffersFromAMarkJustMade() {
        memory.write64(0x2_0000, 1);
        memory.mark();
        assertThat(memory.differs(BACKED)).isFalse();
    }

    @Test
    void withoutAMarkNothingDiffers() {
        memory.write64(0x2_0000, 1);
        assertThat(memory.differs(BACKED)).isFalse();
    }

    @ParameterizedTest(name = "a byte at {0} and the range {1} to {2}")
    @CsvSource({"0x20000, 0x20000, 0x20040, true", "0x2003f, 0x20000, 0x20040, true",
        "0x20040, 0x20000, 0x20040, false", "0x1ffff, 0x20000, 0x20040, false",
        "0x5ffff, 0x10000, 0x60000, true", "0x10000, 0x10000, 0x60000, true",
        "0x30000, 0x10000, 0x30000, false", "0x30000, 0x10000, 0x30040, true",
        "0x4ffc0, 0x4ffc0, 0x50000, true", "0x50000, 0x4ffc0, 0x50000, false"})
    void aRangeDiffersIfAByteOfItDoes(String at, String start, String end, boolean differs) {
        memory.mark();
        flip(Long.decode(at));
        assertThat(memory.differs(new AddressRange(Long.decode(start), Long.decode(end))))
                .isEqualTo(differs);
    }

    @Test
    void whatIsWrittenAndWrittenBackDoesNotDiffer() {
        memory.mark();
        flip(0x2_0000);
        assertThat(memory.differs(BACKED)).isTrue();
        flip(0x2_0000);
        assertThat(memory.differs(BACKED)).isFalse();
    }

    @Test
    void onlyTheLastMarkCounts() {
        memory.mark();
        flip(0x2_0000);
        int second = memory.mark();
        assertThat(memory.differs(BACKED)).isFalse();
        flip(0x3_0000);
        assertThat(memory.differs(BACKED)).isTrue();
        memory.rollback(second);
        assertThat(memory.differs(BACKED)).isFalse();
    }

    @Test
    void keepingForgetsTheDifference() {
        int mark = memory.mark();
        flip(0x2_0000);
        memory.keep(mark);
        assertThat(memory.differs(BACKED)).isFalse();
    }

    @Seeds(count = 6)
    void linesDifferIfACopyTakenAtTheMarkSaysSo(long seed) {
        var random = new RandomStream(seed, "differs");
        for (int round = 0; round < 20; round++) {
            memory.mark();
            PhysicalMemory copy = memory.copy();
            for (int i = random.nextInt(8); i > 0; i--) {
                long at = BACKED.start() + random.nextInt((int) BACKED.bytes());
                flip(at);
                if (random.oneIn(3)) {
                    flip(at);
                }
            }
            for (int i = 0; i < 20; i++) {
                int lines = 1 + random.nextInt(random.oneIn(2) ? 8 : 3000);
                long start = BACKED.start()
                        + LINE * (long) random.nextInt((int) BACKED.bytes() / LINE - lines);
                AddressRange range = AddressRange.of(start, (long) lines * LINE);
                assertThat(memory.differs(range)).as("%s", range)
                        .isEqualTo(differ(memory, copy, range));
            }
        }
    }

    private static boolean differ(PhysicalMemory one, PhysicalMemory other, AddressRange range) {
        for (long at = range.start(); at < range.end(); at += 8) {
            if (one.read64(at) != other.read64(at)) {
                return true;
            }
        }
        return false;
    }

    // ---- causes ---------------------------------------------------------------------------------

    private int[] told(long line) {
        var causes = new int[LINE];
        var seen = new long[1];
        memory.causes(line, (cause, mask) -> {
            assertThat(mask).as("each cause with bytes").isNotZero();
            assertThat(seen[0] & mask).as("each byte once").isZero();
            seen[0] |= mask;
            for (int i = 0; i < LINE; i++) {
                causes[i] += (mask >>> i & 1) != 0 ? cause : 0;
            }
        });
        return causes;
    }

    private int[] asked(long line) {
        var causes = new int[LINE];
        for (int i = 0; i < LINE; i++) {
            causes[i] = memory.causeOf(line + i);
        }
        return causes;
    }

    @Test
    void aLineTellsItsCausesWithTheirBytes() {
        memory.trackCauses();
        memory.cause(7);
        memory.write64(0x2_0000, 0);
        memory.cause(9);
        memory.write32(0x2_0004, 0);
        memory.write(0x2_003f, new byte[2], 0, 2);
        var told = new java.util.TreeMap<Integer, Long>();
        memory.causes(0x2_0000, told::put);
        assertThat(told).containsOnlyKeys(7, 9).containsEntry(7, 0xfL)
                .containsEntry(9, 1L << 63 | 0xf0);
        told.clear();
        memory.causes(0x2_0040, told::put);
        assertThat(told).containsOnlyKeys(9).containsEntry(9, 1L);
    }

    @Test
    void whatNobodyWroteTellsNothing() {
        memory.trackCauses();
        memory.cause(7);
        memory.write64(0x2_0000, 0);
        for (long line : new long[] {0x2_0040, 0x1_ffc0, 0x5_0000}) {
            memory.causes(line, (cause, mask) -> {
                throw new AssertionError("cause " + cause);
            });
        }
    }

    @Seeds(count = 6)
    void causesOfALineAreThoseOfItsBytes(long seed) {
        var random = new RandomStream(seed, "causes");
        memory.trackCauses();
        for (int step = 0; step < 1500; step++) {
            if (random.oneIn(400)) {
                memory.trackCauses();
            }
            memory.cause(1 + random.nextInt(12));
            byte[] bytes = new byte[1 + random.nextInt(200)];
            long at = 0x1_fe00 + random.nextInt(0x400 - bytes.length);
            memory.write(at, bytes, 0, bytes.length);
            long line = 0x1_fe00 + LINE * (long) random.nextInt(16);
            assertThat(told(line)).as("0x%x", line).isEqualTo(asked(line));
        }
    }

    @Seeds(count = 3)
    void aLineThatIsWrittenForEverKeepsAShortList(long seed) {
        var random = new RandomStream(seed, "short");
        memory.trackCauses();
        for (int cause = 1; cause < 5000; cause++) {
            memory.cause(cause);
            memory.write64(0x2_0000 + 8 * random.nextInt(8), cause);
            var told = new int[1];
            memory.causes(0x2_0000, (by, mask) -> told[0]++);
            assertThat(told[0]).isLessThanOrEqualTo(8);
        }
        assertThat(told(0x2_0000)).isEqualTo(asked(0x2_0000));
    }
}
