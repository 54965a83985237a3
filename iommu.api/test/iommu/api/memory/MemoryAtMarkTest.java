// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Memory as it was at a mark, read through the journal, is what a copy taken then holds. */
class MemoryAtMarkTest {

    private static final List<AddressRange> BACKED = List.of(new AddressRange(0, 0x9_fc00),
            new AddressRange(0x10_0000, 0x14_0000),
            new AddressRange(0x1_0000_0000L, 0x1_0002_0000L));
    private static final List<AddressRange> IMAGE = List.of(new AddressRange(0x123, 0x1_2345),
            new AddressRange(0x12_0000, 0x13_0001));

    private final PhysicalMemory memory = new PhysicalMemory(BACKED, 5);

    private static long address(RandomStream random, int bytes) {
        AddressRange range = BACKED.get(random.nextInt(BACKED.size()));
        long room = range.bytes() - bytes;
        return range.start() + (random.oneIn(3) ? random.between(0, room)
                : random.nextInt(16) * (room / 16));
    }

    private static void write(PhysicalMemory to, RandomStream random) {
        switch (random.nextInt(3)) {
            case 0 -> to.write64(address(random, 8) & -8, random.nextLong());
            case 1 -> to.write32(address(random, 4) & -4, (int) random.nextLong());
            default -> {
                byte[] bytes = new byte[1 + random.nextInt(400)];
                for (int i = 0; i < bytes.length; i++) {
                    bytes[i] = (byte) random.nextLong();
                }
                to.write(address(random, bytes.length), bytes, 0, bytes.length);
            }
        }
    }

    private static void checkSomewhere(PhysicalMemory was, PhysicalMemory copy,
            RandomStream random) {
        long at = address(random, 8) & -8;
        assertThat(was.read64(at)).as("0x%x", at).isEqualTo(copy.read64(at));
        assertThat(was.read32(at)).isEqualTo(copy.read32(at));
        assertThat(was.read32(at + 4)).isEqualTo(copy.read32(at + 4));
        int bytes = random.nextInt(500);
        long from = address(random, bytes);
        byte[] read = new byte[bytes + 10];
        byte[] expected = read.clone();
        was.read(from, read, 5, bytes);
        copy.read(from, expected, 5, bytes);
        assertThat(read).as("%d bytes at 0x%x", bytes, from).isEqualTo(expected);
    }

    private static void checkEverywhere(PhysicalMemory was, PhysicalMemory copy) {
        for (AddressRange range : BACKED) {
            byte[] read = new byte[(int) range.bytes()];
            byte[] expected = new byte[read.length];
            was.read(range.start(), read, 0, read.length);
            copy.read(range.start(), expected, 0, expected.length);
            assertThat(read).isEqualTo(expected);
        }
    }

    private void check(PhysicalMemory of, RandomStream random) {
        for (int i = 0; i < 50; i++) {
            write(of, random);
        }
        for (int mark = 0; mark < 4; mark++) {
            int marked = of.mark();
            PhysicalMemory copy = of.copy();
            PhysicalMemory was = of.asAt(marked);
            for (int i = 0; i < 300; i++) {
                write(of, random);
                write(was, random);
                checkSomewhere(was, copy, random);
            }
            checkEverywhere(was, copy);
        }
    }

    @Seeds(count = 8)
    void whateverIsWrittenMemoryAtAMarkIsACopyTakenThen(long seed) {
        check(memory, new RandomStream(seed, "at mark"));
    }

    @Seeds(count = 4)
    void whatLiesOverADumpIsACopyTakenThenToo(long seed) {
        memory.background(new DumpOfAddresses(IMAGE));
        check(memory, new RandomStream(seed, "over a dump"));
    }

    @Seeds(count = 3)
    void writesThroughItChangeNothing(long seed) {
        var random = new RandomStream(seed, "dropped");
        write(memory, random);
        PhysicalMemory was = memory.asAt(memory.mark());
        PhysicalMemory now = memory.copy();
        for (int i = 0; i < 200; i++) {
            write(was, random);
        }
        checkEverywhere(memory, now);
        checkEverywhere(was, now);
        memory.changedLines(0, (address, before, offset) -> {
            throw new AssertionError("changed 0x" + Long.toHexString(address));
        });
    }

    @Test
    void aLineIsRestoredAsAWholeAndItsNeighboursAreNot() {
        memory.write64(0x1040, 1);
        PhysicalMemory was = memory.asAt(memory.mark());
        memory.write64(0x1040, 2);
        assertThat(was.read64(0x1040)).isEqualTo(1);
        assertThat(was.read64(0x1038)).isEqualTo(memory.read64(0x1038));
        assertThat(was.read64(0x1080)).isEqualTo(memory.read64(0x1080));
        assertThat(memory.read64(0x1040)).isEqualTo(2);
    }

    @Test
    void whatAGranuleHeldBeforeItsFirstWriteIsThePattern() {
        long pattern = memory.read64(0x12_3450);
        PhysicalMemory was = memory.asAt(memory.mark());
        memory.write64(0x12_3450, ~pattern);
        assertThat(was.read64(0x12_3450)).isEqualTo(pattern);
        assertThat(was.read32(0x12_3454)).isEqualTo((int) (pattern >>> 32));
    }

    @ParameterizedTest(name = "{1} bytes at {0}")
    @CsvSource({"0x0ffc0, 64", "0x0fff8, 16", "0x0ffff, 2", "0x0ffc1, 126", "0x0f000, 0x2000",
        "0x0ffff, 1", "0x10000, 1", "0x0ff80, 0x100"})
    void readingAcrossLinesAndGranulesLeavesNoSeam(String address, String count) {
        long at = Long.decode(address);
        byte[] before = new byte[Integer.decode(count)];
        memory.read(at, before, 0, before.length);
        PhysicalMemory was = memory.asAt(memory.mark());
        byte[] other = new byte[0x3000];
        memory.write(0xf000, other, 0, other.length);
        byte[] read = new byte[before.length];
        was.read(at, read, 0, read.length);
        assertThat(read).isEqualTo(before);
    }

    @Test
    void onlyTheLastMarkCanBeLookedAt() {
        assertThatIllegalStateException().isThrownBy(() -> memory.asAt(0))
                .withMessage("mark 0 is not the last one");
        int first = memory.mark();
        memory.write64(0x1000, 1);
        int second = memory.mark();
        assertThatIllegalStateException().isThrownBy(() -> memory.asAt(first));
        assertThat(memory.asAt(second).read64(0x1000)).isEqualTo(1);
        memory.rollback(first);
        assertThat(memory.asAt(first).read64(0x1000)).isEqualTo(memory.read64(0x1000));
        assertThatIllegalStateException().isThrownBy(() -> memory.asAt(second));
    }

    @Test
    void thereIsNoWayAroundTheJournal() {
        memory.write64(0x1000, 1);
        PhysicalMemory was = memory.asAt(memory.mark());
        assertThat(memory.placeOfPage(0x1000)).isNotNegative();
        assertThat(was.placeOfPage(0x1000)).isEqualTo(-1);
    }

    @Test
    void whatIsNoMemoryWasNoneThen() {
        PhysicalMemory was = memory.asAt(memory.mark());
        assertThat(was.contains(0x9_fbf8, 8)).isTrue();
        assertThat(was.contains(0x9_fbf8, 9)).isFalse();
        assertThatIllegalArgumentException().isThrownBy(() -> was.read64(0xa_0000));
        assertThatIllegalArgumentException().isThrownBy(() -> was.read64(0x1004));
        assertThatIllegalArgumentException().isThrownBy(() -> was.read32(0x1002));
    }

    /** Processors have no caches in it: an observer of it sees what was there. */
    @Test
    void anObserverOfItSeesMemoryAsItWas() {
        memory.write64(0x1000, 1);
        PhysicalMemory was = memory.asAt(memory.mark());
        LateView view = was.lateView(true);
        memory.byProcessor(true);
        memory.write64(0x1000, 2);
        memory.byProcessor(false);
        memory.write64(0x1008, 3);
        assertThat(view.read64(0x1000)).isEqualTo(1);
        assertThat(view.isCurrent()).isTrue();
    }

    @Seeds(count = 5)
    void rollingBackNestedMarksGivesTheCopiesTakenAtThem(long seed) {
        var random = new RandomStream(seed, "nested");
        var marks = new int[6];
        var copies = new PhysicalMemory[6];
        for (int depth = 0; depth < marks.length; depth++) {
            marks[depth] = memory.mark();
            copies[depth] = memory.copy();
            for (int i = random.nextInt(30); i > 0; i--) {
                write(memory, random);
            }
        }
        for (int depth = marks.length - 1; depth >= 0; depth -= 1 + random.nextInt(2)) {
            memory.rollback(marks[depth]);
            checkEverywhere(memory, copies[depth]);
            write(memory, random);
            checkEverywhere(memory.asAt(marks[depth]), copies[depth]);
        }
    }
}
