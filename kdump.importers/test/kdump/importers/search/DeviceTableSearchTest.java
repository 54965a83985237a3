// SPDX-License-Identifier: Apache-2.0
package kdump.importers.search;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Device tables of AMD-Vi among noise: by shape, alignment, and where they lead. */
class DeviceTableSearchTest {

    private static final long RIGHTS = 3L << 61;
    private static final long BLOCKED = 3;
    /** Aligned to eight pages, and not to sixteen. */
    private static final long TABLE = 0x18_8000;
    private static final long ROOT = 0x20_0000;

    private static List<AddressRange> ram() {
        return List.of(new AddressRange(0, TableBytes.BYTES));
    }

    /** A table of so many pages, all blocked, and device 0x28 with mappings. */
    private static TableBytes memory(long seed, int pages, int leaves) {
        var bytes = new TableBytes(seed);
        for (int i = 0; i < pages * 128; i++) {
            bytes.put(TABLE + 32L * i, BLOCKED, 0, 0, 0);
        }
        // what lies around it is none
        bytes.put(TABLE - 4096, 0x7c);
        bytes.put(TABLE + 4096L * pages, 0x7c);
        for (int level = 3; level > 1; level--) {
            bytes.put(table(level), new long[512]);
            bytes.put(table(level), table(level - 1) | RIGHTS | (level - 1) << 9 | 1);
        }
        bytes.put(table(1), new long[512]);
        for (int i = 0; i < leaves; i++) {
            bytes.put(table(1) + 8 * i, 0x1000L * (i + 1) | RIGHTS | 1);
        }
        return bytes.put(TABLE + 32 * 0x28, table(3) | RIGHTS | 3 << 9 | BLOCKED, 5,
                0x1bf5_a013L | 2L << 60, 0);
    }

    private static long table(int level) {
        return ROOT + 0x1000L * level;
    }

    private static DeviceTableSearch search(TableBytes bytes) throws IOException {
        return DeviceTableSearch.in(bytes, ram());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void theOnlyTableIsFoundAmongNoise(long seed) throws IOException {
        DeviceTableSearch found = search(memory(seed, 8, 20));
        assertThat(found.verified()).containsExactly(new DeviceTableCandidate(TABLE, 8, 1024,
                List.of(0x28), 0, 20, 20));
        assertThat(found.pages()).isEqualTo(TableBytes.BYTES / 4096);
        assertThat(found.verified().get(0).evidence()).isEqualTo("0x188000 (8 pages, 1024 valid"
                + " entries, 1 devices with DMA, 20 mappings, 20 of them to RAM)");
    }

    /** The pages behind the last device of the platform are zero: they belong to the table too. */
    @Test
    void zeroPagesUpToAPowerOfTwoBelongToIt() throws IOException {
        var bytes = memory(1, 6, 3);
        bytes.put(TABLE + 6 * 4096, new long[1024]);
        assertThat(search(bytes).verified()).singleElement()
                .satisfies(t -> assertThat(t.pages()).isEqualTo(8));
    }

    /** Where, the quadword, and what makes the page none of a table. */
    @ParameterizedTest
    @CsvSource({"0, 0x7", "0, 0x8000000000000003", "0, 0xe03", "0, 0x203", "0, 0x1000", "0, 0x1003",
        "8, 0x100000000000", "16, 0x10000000000000", "16, 0x1000", "16, 0x19", "24, 0x1"})
    void aPageWithSomethingElseIsNoTable(int place, String word) throws IOException {
        var bytes = memory(1, 1, 20);
        assertThat(search(bytes).verified()).hasSize(1);
        bytes.put(TABLE + 32 * 0x7f + place, new java.math.BigInteger(word.substring(2), 16)
                .longValue());
        assertThat(search(bytes).verified()).isEmpty();
    }

    @Test
    void aTableWhosePageTablesAreNoneIsNotBelieved() throws IOException {
        var bytes = memory(1, 2, 20);
        bytes.put(table(2) + 8, 0x3000 | RIGHTS | 2 << 9 | 1);
        DeviceTableSearch found = search(bytes);
        assertThat(found.verified()).as("a level that is not below").isEmpty();
        assertThat(found.shaped()).isPositive();
        bytes.put(table(2) + 8, 0x4000_0000L | RIGHTS | 1 << 9 | 1);
        assertThat(search(bytes).verified()).as("a table that is not there").isEmpty();
    }

    @Test
    void mappingsMustMostlyLeadToRam() throws IOException {
        var bytes = memory(1, 2, 4);
        for (int i = 0; i < 3; i++) {
            bytes.put(table(1) + 8 * i, 0x8000_0000L | RIGHTS | 1);
        }
        assertThat(search(bytes).verified()).isEmpty();
    }

    @Test
    void passThroughIsBelievedInATableThatIsFull() throws IOException {
        var bytes = memory(1, 1, 0);
        bytes.put(TABLE + 32 * 0x28, RIGHTS | BLOCKED, 7);
        assertThat(search(bytes).verified()).singleElement()
                .satisfies(t -> assertThat(t.requesters()).containsExactly(0x28));
        bytes.put(TABLE, new long[512]);
        bytes.put(TABLE + 32 * 0x28, RIGHTS | BLOCKED, 7);
        assertThat(search(bytes).verified()).as("one entry says little").isEmpty();
    }

    @Test
    void aLargePageAndOneThatTellsItsSizeAreLeaves() throws IOException {
        var bytes = memory(1, 1, 2);
        bytes.put(table(2) + 8, 0x20_0000 | RIGHTS | 1);
        bytes.put(table(1) + 64, 0x7000 | 7 << 9 | RIGHTS | 1);
        assertThat(search(bytes).verified()).singleElement()
                .satisfies(t -> assertThat(t.leaves()).isEqualTo(4));
    }
}
