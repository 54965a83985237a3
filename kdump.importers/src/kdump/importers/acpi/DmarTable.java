// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import iommu.api.machine.FormatException;
import java.util.List;

/**
 * The facts of a DMAR table. Source: VT-d, "DMA Remapping Reporting Structure".
 *
 * @param hostAddressWidthBits width of physical addresses
 * @param flags as they stand there
 * @param units in the order of the table
 * @param reservedRegions in the order of the table
 * @param skipped structures passed over, a name and place each
 */
public record DmarTable(int hostAddressWidthBits, int flags, List<Drhd> units,
        List<Rmrr> reservedRegions, List<String> skipped) {

    /** Most bytes of a table: some twenty times the largest one at hand. */
    public static final int MAX_BYTES = 1 << 16;

    /** Copies the lists. */
    public DmarTable {
        units = List.copyOf(units);
        reservedRegions = List.copyOf(reservedRegions);
        skipped = List.copyOf(skipped);
    }

    /** Reads a table; {@code file} is the name for messages. */
    public static DmarTable read(String file, byte[] bytes) throws FormatException {
        return new DmarReader(file, bytes).read();
    }
}
