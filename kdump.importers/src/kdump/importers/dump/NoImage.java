// SPDX-License-Identifier: Apache-2.0
package kdump.importers.dump;

import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import java.util.List;

/** The memory of a machine of which none was captured. */
public final class NoImage implements MemoryImage {

    /** The one there is. */
    public static final NoImage INSTANCE = new NoImage();

    private NoImage() { }

    @Override
    public List<AddressRange> ranges() {
        return List.of();
    }

    @Override
    public void read(long address, byte[] to, int offset, int bytes) {
        throw new IllegalArgumentException("nothing was captured");
    }
}
