// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary;

/**
 * Sizes of a table of entries, as the code in the table address register gives them: 8K entries for
 * code 0, and twice as many for each code more.
 *
 * <p>Source: Linux, calgary.h, TCE_TABLE_SIZE_64K to TCE_TABLE_SIZE_8M; tce_64.c,
 * table_size_to_number_of_entries; pci-calgary_64.c, determine_tce_table_size.
 */
public final class TableSize {

    /** The largest code: 8 MiB, which is 4 GiB of addresses. */
    public static final int LARGEST = 7;

    private static final int LEAST_ENTRIES_SHIFT = 13;
    private static final int PAGE_SHIFT = 12;

    private TableSize() { }

    /** Returns how many entries a table has; {@code code} is 0 to 7. */
    public static int entries(int code) {
        return 1 << code + LEAST_ENTRIES_SHIFT;
    }

    /** Returns how long it is. */
    public static int bytes(int code) {
        return entries(code) * TranslationEntry.BYTES;
    }

    /**
     * Returns the code that Linux chooses for a machine.
     *
     * @param memoryEnd address after the last of the RAM
     */
    public static int forMemory(long memoryEnd) {
        long bytes = memoryEnd >>> LEAST_ENTRIES_SHIFT;
        int order = 0; // get_order: of the pages that hold so many bytes
        while (order < LARGEST && 1L << order + PAGE_SHIFT < bytes) {
            order++;
        }
        return order;
    }
}
