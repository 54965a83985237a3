// SPDX-License-Identifier: Apache-2.0
package kdump.importers.dump;

import iommu.api.memory.MemoryImage;
import java.util.List;

/**
 * A dump of a machine's memory, whatever its format. Immutable; thread-safe.
 *
 * @param image the memory it holds
 * @param vmcoreInfo what the crashed kernel says of itself
 * @param remarks what is odd about it, a sentence each
 */
public record Dump(MemoryImage image, VmcoreInfo vmcoreInfo, List<String> remarks) {

    /** Copies the list. */
    public Dump {
        remarks = List.copyOf(remarks);
    }
}
