// SPDX-License-Identifier: Apache-2.0
package kdump.importers.elf;

import iommu.api.memory.AddressRange;

/**
 * Bytes of memory that a core file holds.
 *
 * @param memory where they lay
 * @param fileOffset where in the unpacked file they are
 */
record Segment(AddressRange memory, long fileOffset) {

    /** Returns the part from {@code start} to {@code end}, which lies within this segment. */
    Segment part(long start, long end) {
        return new Segment(new AddressRange(start, end), fileOffset + (start - memory.start()));
    }
}
