// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.linux;

import iommu.api.unit.KernelPanicException;
import java.util.BitSet;

/**
 * The domain ids of a kernel, 16 bits; 0 is what entries without domain have. Source: Linux,
 * amd/iommu.c, domain_id_alloc.
 */
final class DomainIds {

    private static final int COUNT = 1 << 16;

    private final BitSet used = new BitSet();

    DomainIds() {
        used.set(0);
    }

    /** Marks an id as used. */
    void reserve(int id) {
        used.set(id);
    }

    /**
     * Takes the lowest free id.
     *
     * @throws IllegalStateException if there is none
     */
    int take() {
        int id = used.nextClearBit(0);
        if (id >= COUNT) {
            throw new KernelPanicException("AMD-Vi: no free domain id, all " + COUNT + " in use");
        }
        used.set(id);
        return id;
    }
}
