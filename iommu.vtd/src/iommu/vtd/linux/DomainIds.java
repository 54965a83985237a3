// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.unit.KernelPanicException;
import java.util.BitSet;

/**
 * The domain ids of a unit. 0 and 1 are never given out: 0 stands for entries that are not present
 * under caching mode, 1 is the first id Linux takes for itself at start (its identity domain, in
 * scalable mode its first-stage domain). Source: Linux, intel/iommu.c, and the recorded ids.
 */
final class DomainIds {

    private static final int FIRST = 2;

    private final BitSet used = new BitSet();
    private final int count;

    DomainIds(int count) {
        this.count = count;
    }

    /** Marks an id as used, if the unit has it. */
    void reserve(int id) {
        if (id < count) {
            used.set(id);
        }
    }

    boolean exists(int id) {
        return id < count;
    }

    /**
     * Takes the lowest free id.
     *
     * @throws IllegalStateException if there is none
     */
    int take() {
        int id = used.nextClearBit(FIRST);
        if (id >= count) {
            throw new KernelPanicException("DMAR: No free domain ids, all " + count + " in use");
        }
        used.set(id);
        return id;
    }
}
