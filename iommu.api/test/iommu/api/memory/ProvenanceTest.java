// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.testkit.seeds.Seeds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who wrote each byte of a line last. */
class ProvenanceTest {

    private final Provenance provenance = new Provenance();

    @Test
    void nobodyWroteWhatIsNotNoted() {
        assertThat(provenance.causeOf(0, 0)).isZero();
        note(5, 1, 9);
        assertThat(provenance.causeOf(5, 1)).as("the byte beside").isZero();
        assertThat(provenance.causeOf(4, 0)).as("the line before").isZero();
        assertThat(provenance.causeOf(1_000_000, 0)).as("a line far away").isZero();
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "1, 1", "2, 2", "3, 2", "4, 1", "5, 0", "63, 3"})
    void theLastWriterCounts(int index, int cause) {
        note(7, 0b11111, 1);
        note(7, 0b01100, 2);
        note(7, Long.MIN_VALUE, 3);
        assertThat(provenance.causeOf(7, index)).isEqualTo(cause);
    }

    @Test
    void aCauseMayComeBack() {
        note(7, 0xff, 1);
        note(7, 0x0f, 2);
        note(7, 0x03, 1);
        assertThat(provenance.causeOf(7, 0)).isEqualTo(1);
        assertThat(provenance.causeOf(7, 2)).isEqualTo(2);
        assertThat(provenance.causeOf(7, 4)).isEqualTo(1);
    }

    @Test
    void nobodyIsACauseToo() {
        note(7, 0xff, 1);
        note(7, 0x0f, 0);
        assertThat(provenance.causeOf(7, 0)).isZero();
        assertThat(provenance.causeOf(7, 7)).isEqualTo(1);
    }

    @Test
    void clearingForgetsAll() {
        note(7, -1, 1);
        provenance.clear();
        assertThat(provenance.causeOf(7, 0)).isZero();
        note(7, 1, 2);
        assertThat(provenance.causeOf(7, 0)).isEqualTo(2);
        assertThat(provenance.causeOf(7, 1)).isZero();
    }

    @Seeds(count = 5)
    void itIsATableOfBytes(long seed) {
        var random = new RandomStream(seed, "provenance");
        int[][] table = new int[300][64];
        for (int step = 0; step < 20_000; step++) {
            int line = random.nextInt(table.length);
            int from = random.nextInt(64);
            int bytes = 1 + random.nextInt(64 - from);
            int cause = random.nextInt(12);
            note(line, (bytes == 64 ? -1L : (1L << bytes) - 1) << from, cause);
            java.util.Arrays.fill(table[line], from, from + bytes, cause);
            int probe = random.nextInt(table.length);
            int index = random.nextInt(64);
            assertThat(provenance.causeOf(probe, index)).isEqualTo(table[probe][index]);
            if (random.oneIn(5000)) {
                provenance.clear();
                table = new int[300][64];
            }
        }
    }

    @Test
    void aLineThatOneWroteAsAWholeCanBePartedAgain() {
        note(7, -1, 1);
        note(7, 0xf0, 2);
        assertThat(provenance.causeOf(7, 3)).isEqualTo(1);
        assertThat(provenance.causeOf(7, 4)).isEqualTo(2);
        note(7, -1, 3);
        note(8, 0xff, 4); // takes what the list of line 7 gave back
        assertThat(provenance.causeOf(7, 4)).isEqualTo(3);
        assertThat(provenance.causeOf(8, 7)).isEqualTo(4);
        assertThat(provenance.causeOf(8, 8)).isZero();
    }

    @Test
    void nobodyCanWriteOverAWholeLine() {
        note(7, -1, 1);
        note(7, -1, 0);
        assertThat(provenance.causeOf(7, 0)).isZero();
        note(7, 2, 0);
        assertThat(provenance.causeOf(7, 1)).isZero();
    }

    @Test
    void ofSeveralLinesTheFirstAndTheLastMayBePartly() {
        provenance.note(3, 6, -1L << 60, 0xf, 5);
        for (int at = 0; at < 5 * 64; at++) {
            int cause = at < 60 || at >= 3 * 64 + 4 ? 0 : 5;
            assertThat(provenance.causeOf(3 + at / 64, at % 64)).as("byte %d", at)
                    .isEqualTo(cause);
        }
    }

    private void note(int line, long mask, int cause) {
        provenance.note(line, line, mask, -1, cause);
    }
}
