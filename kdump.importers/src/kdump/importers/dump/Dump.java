// SPDX-License-Identifier: Apache-2.0
package kdump.importers.dump;

import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import java.util.List;

/**
 * A dump of a machine's memory, whatever its format. Immutable; thread-safe.
 *
 * @param image the memory it holds
 * @param memory all memory that the machine has, as the dump names it; it may hold less; empty if
 *     it names none
 * @param lost memory that the dump once held, or was to hold: it lies beyond the end of a file that
 *     breaks off; by address and apart
 * @param vmcoreInfo what the crashed kernel says of itself
 * @param remarks what is odd about it, a sentence each
 */
public record Dump(MemoryImage image, List<AddressRange> memory, List<AddressRange> lost,
        VmcoreInfo vmcoreInfo, List<String> remarks) {

    /** Copies the list. */
    public Dump {
        remarks = List.copyOf(remarks);
    }
}
