// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Numbers that nobody here wrote: M. Montgomery's of 2008, and those of Linux' calgary.h. */
class TableSizeTest {

    private static final long MIB = 1L << 20;

    /** TCE_TABLE_SIZE_64K to TCE_TABLE_SIZE_8M. */
    @ParameterizedTest
    @CsvSource({"0, 8, 64", "1, 16, 128", "2, 32, 256", "3, 64, 512", "4, 128, 1024",
        "5, 256, 2048", "6, 512, 4096", "7, 1024, 8192"})
    void eachCodeDoubles(int code, int kiloEntries, int kilobytes) {
        assertThat(TableSize.entries(code)).isEqualTo(kiloEntries * 1024);
        assertThat(TableSize.bytes(code)).isEqualTo(kilobytes * 1024);
    }

    /** "128 MB of crash area is 32K entries, 256 KB of the table." */
    @Test
    void aCrashAreaOf128MibTakes256KibOfTheTable() {
        long entries = 128 * MIB >> TranslationEntry.PAGE_SHIFT;
        assertThat(entries).isEqualTo(32 * 1024);
        assertThat(entries * TranslationEntry.BYTES).isEqualTo(256 * 1024);
        assertThat(100.0 * entries / TableSize.entries(7)).isEqualTo(3.125);
    }

    /** "A system of 4 GB has by default 1024K entries, 8 MB." */
    @Test
    void aSystemOf4GibHasTheLargest() {
        int code = TableSize.forMemory(4096 * MIB);
        assertThat(code).isEqualTo(TableSize.LARGEST).isEqualTo(7);
        assertThat(TableSize.entries(code)).isEqualTo(1024 * 1024);
        assertThat(TableSize.bytes(code)).isEqualTo(8 * MIB);
    }

    /** get_order(ram >> 13), by hand: the order of the pages that hold an eighth of a KiB a page. */
    @ParameterizedTest
    @CsvSource({"16, 0", "32, 0", "33, 1", "64, 1", "65, 2", "128, 2", "256, 3", "512, 4",
        "1024, 5", "1025, 6", "2048, 6", "4095, 7", "4096, 7", "4097, 7", "65536, 7"})
    void theKernelChoosesTheLeastThatReachesTheEndOfRam(long megabytes, int code) {
        assertThat(TableSize.forMemory(megabytes * MIB)).isEqualTo(code);
    }

    /** Eight KiB of RAM more is what the shift by 13 lets through. */
    @Test
    void lessThanTwoPagesMoreDoNotCount() {
        assertThat(TableSize.forMemory(32 * MIB + 4096)).isZero();
        assertThat(TableSize.forMemory(32 * MIB + 8192)).isEqualTo(1);
    }
}
