// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The undo journal keeps each line once a generation, as it was before. */
class JournalTest {

    private static final int LINE = PhysicalMemory.LINE_BYTES;

    private final Journal journal = new Journal();
    private final byte[] arena = new byte[200 * LINE];

    private byte[] entry(int index) {
        return Arrays.copyOfRange(journal.bytes(), index * LINE, (index + 1) * LINE);
    }

    private void write(int line, int value) {
        journal.save(line / 64, 1L << line, arena, value % 2 == 0 ? 1L << line : 0);
        Arrays.fill(arena, line * LINE, (line + 1) * LINE, (byte) value);
    }

    @Test
    void nothingIsKeptBeforeTheFirstMark() {
        write(3, 1);
        assertThat(journal.size()).isZero();
        assertThat(journal.mark()).isZero();
    }

    @Test
    void aLineIsKeptOnceAsItWasAtTheMark() {
        write(3, 1);
        journal.mark();
        write(3, 2);
        write(3, 3);
        write(0, 4);
        assertThat(journal.size()).isEqualTo(2);
        assertThat(journal.line(0)).isEqualTo(3);
        assertThat(entry(0)).containsOnly(1);
        assertThat(journal.line(1)).isZero();
        assertThat(entry(1)).containsOnly(0);
    }

    @Test
    void itKeepsWhetherTheLineWasKnown() {
        journal.mark();
        write(1, 2);
        write(2, 3);
        assertThat(journal.wasKnown(0)).isTrue();
        assertThat(journal.line(0)).as("whatever was known").isEqualTo(1);
        assertThat(journal.wasKnown(1)).isFalse();
    }

    @Test
    void aNewGenerationKeepsItsOwnLines() {
        journal.mark();
        write(3, 1);
        assertThat(journal.mark()).isEqualTo(1);
        write(3, 2);
        assertThat(journal.size()).isEqualTo(2);
        assertThat(entry(1)).containsOnly(1);
    }

    @Test
    void whatIsTruncatedIsKeptAgain() {
        int mark = journal.mark();
        write(3, 1);
        journal.truncate(mark);
        assertThat(journal.size()).isZero();
        write(3, 2);
        assertThat(journal.size()).isEqualTo(1);
        assertThat(entry(0)).containsOnly(1);
    }

    /** Undoing entry by entry, last first, gives what was there at each of many marks. */
    @Seeds(count = 5)
    void undoingGivesWhatWasThereAtEachMark(long seed) {
        var random = new RandomStream(seed, "journal");
        List<Integer> marks = new ArrayList<>();
        List<byte[]> then = new ArrayList<>();
        for (int round = 0; round < 20; round++) {
            marks.add(journal.mark());
            then.add(arena.clone());
            Set<Integer> lines = new HashSet<>();
            for (int i = random.nextInt(120); i > 0; i--) {
                int line = random.nextInt(200);
                lines.add(line);
                write(line, random.nextInt(100));
            }
            assertThat(journal.size() - marks.get(round)).isEqualTo(lines.size());
        }
        for (int round = 19; round >= 0; round--) {
            for (int e = journal.size() - 1; e >= marks.get(round); e--) {
                System.arraycopy(entry(e), 0, arena, journal.line(e) * LINE, LINE);
            }
            journal.truncate(marks.get(round));
            assertThat(arena).as("at mark %d", round).isEqualTo(then.get(round));
        }
    }

    @Test
    void ofARunOfLinesItKeepsThoseThatThisGenerationHasNotYet() {
        journal.mark();
        write(2, 7);
        journal.save(0, 0b1110, arena, 0b1010);

        assertThat(journal.size()).isEqualTo(3);
        assertThat(new int[] {journal.line(0), journal.line(1), journal.line(2)})
                .containsExactly(2, 1, 3);
        assertThat(journal.wasKnown(1)).isTrue();
        assertThat(journal.wasKnown(2)).isTrue();
        assertThat(journal.bytes()[0]).as("from before it was written").isZero();
    }

    @Test
    void withoutAMarkNothingOfARunIsKept() {
        journal.save(0, 0b1111, arena, 0);

        assertThat(journal.size()).isZero();
    }
}
