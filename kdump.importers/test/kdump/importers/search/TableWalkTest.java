// SPDX-License-Identifier: Apache-2.0
package kdump.importers.search;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TableWalkTest {

    private static final long READ_OR_WRITE = 3;

    private final TableBytes memory = new TableBytes(Long.getLong("lab.seed", 1));
    private final TableWalk walk = new TableWalk(
            new Pages(memory, List.of(AddressRange.of(0, 0x100_000)), List.of()));

    @ParameterizedTest
    @CsvSource({"3, 1", "3, 300", "4, 0", "4, 511", "5, 17"})
    void leavesOfAllDepthsAreCounted(int levels, int leaves) throws IOException {
        long table = memory.tables(levels, leaves);
        assertThat(walk.count(table, levels, READ_OR_WRITE)).isEqualTo(
                new TableWalk.Count(leaves, Math.min(leaves, 255)));
    }

    @Test
    void aSharedTableCountsForEachWhoPointsToIt() throws IOException {
        long shared = memory.tables(1, 10);
        long top = memory.page();
        memory.put(top, shared | 3, shared | 1, shared | 2, shared);
        assertThat(walk.count(top, 2, READ_OR_WRITE).leaves()).isEqualTo(30);
    }

    @Test
    void tablesThatPointToThemselvesEnd() throws IOException {
        long loop = memory.page();
        for (int i = 0; i < 512; i++) {
            memory.put(loop + 8 * i, loop | 3);
        }
        assertThat(walk.count(loop, 5, READ_OR_WRITE).leaves()).as("saturated")
                .isEqualTo(Integer.MAX_VALUE);
    }

    @Test
    void aTableThatIsNotThereBreaksAllAboveIt() throws IOException {
        long top = memory.page();
        memory.put(top, 1L << 40 | 3);
        assertThat(walk.count(top, 2, READ_OR_WRITE)).isSameAs(TableWalk.BROKEN);
        assertThat(walk.count(1L << 40, 1, READ_OR_WRITE)).isSameAs(TableWalk.BROKEN);
    }

    @Test
    void largePagesEndTheWalkBelowTheTopLevels() throws IOException {
        long table = memory.page();
        memory.put(table, 0x83, 0x4000_0083L);
        assertThat(walk.count(table, 2, READ_OR_WRITE)).isEqualTo(new TableWalk.Count(2, 1));
        assertThat(walk.count(table, 3, READ_OR_WRITE)).isEqualTo(new TableWalk.Count(2, 1));
        assertThat(walk.count(table, 4, READ_OR_WRITE)).isSameAs(TableWalk.BROKEN);
    }

    @Test
    void firstLevelEntriesArePresentByTheirLowestBitAlone() throws IOException {
        long table = memory.page();
        memory.put(table, 0x1001, 0x2002, 0x3003);
        assertThat(walk.count(table, 1, Shape.PRESENT).leaves()).isEqualTo(2);
        assertThat(walk.count(table, 1, READ_OR_WRITE).leaves()).isEqualTo(3);
    }

    @ParameterizedTest
    @CsvSource({"0, true", "0x1001, true", "0x1003, false", "1, false", "0x1000, false",
        "0x8000000000001001, false", "0x10000000001001, false", "0xffffffffff001, true"})
    void halvesOfRootEntriesAreZeroOrAnAddressAndPresent(String half, boolean holds) {
        assertThat(Shape.isRootHalf(Long.parseUnsignedLong(half.replace("0x", ""), 16)))
                .isEqualTo(holds);
    }

    @ParameterizedTest
    @CsvSource({"1, 3", "2, 4", "3, 5", "0, 0", "4, 0", "7, 0"})
    void widthsNameLevels(int code, int levels) {
        assertThat(Shape.levels(code)).isEqualTo(levels);
    }
}
