// SPDX-License-Identifier: Apache-2.0
package iommu.api.memory;

import java.io.IOException;
import java.util.List;

/** Captured bytes of physical memory, as a dump holds them. Immutable; read on demand. */
public interface MemoryImage {

    /** Returns the ranges that the dump holds, by address; they do not overlap. */
    List<AddressRange> ranges();

    /**
     * Copies captured bytes.
     *
     * @param address first byte; all bytes lie in one of {@link #ranges}
     * @throws IOException if the dump cannot be read there
     */
    void read(long address, byte[] to, int offset, int bytes) throws IOException;
}
