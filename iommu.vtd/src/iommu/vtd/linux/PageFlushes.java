// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.vtd.Capability;
import iommu.vtd.InvalidationDescriptor;
import java.util.TreeMap;

/**
 * Drops what a unit and its devices cache of pages that were unmapped: at once, or domain by domain
 * when a lazy kernel comes to it. One unit, one thread.
 *
 * <p>Source: Linux, intel/iommu.c, iommu_flush_iotlb_psi.
 */
final class PageFlushes {

    private final boolean strict;
    private final UnitRegisters registers;
    private final Invalidations invalidations;
    private final AtsDevices ats;
    private final TreeMap<Integer, Domain> unflushed = new TreeMap<>();

    PageFlushes(boolean strict, UnitRegisters registers, Invalidations invalidations,
            AtsDevices ats) {
        this.strict = strict;
        this.registers = registers;
        this.invalidations = invalidations;
        this.ats = ats;
    }

    /** Pages of a domain were unmapped. */
    void unmapped(Domain domain, long firstPage, long pages) {
        if (strict) {
            flushPages(domain, firstPage, pages);
        } else {
            unflushed.put(domain.id(), domain);
        }
    }

    /** Flushes what lazy unmaps left behind. */
    void flush() {
        for (Domain domain : unflushed.values()) {
            if (domain.firstStage()) {
                invalidations.firstStage(domain.id(), 0, -1, false);
            } else {
                invalidations.iotlb(InvalidationDescriptor.DOMAIN, domain.id(), 0, 0, false);
            }
            ats.flushAll(domain);
        }
        unflushed.clear();
    }

    /** Page-selective if unit and range allow, otherwise the whole domain; then device TLBs. */
    private void flushPages(Domain domain, long firstPage, long pages) {
        long lastPage = firstPage + pages - 1;
        // The smallest aligned power of two of pages that covers the range.
        int mask = 64 - Long.numberOfLeadingZeros(firstPage ^ lastPage);
        long address = firstPage >>> mask << mask << 12;
        boolean selective = Capability.PSI.isSet(registers.cap())
                && mask <= Capability.MAMV.of(registers.cap());
        if (domain.firstStage()) {
            invalidations.firstStage(domain.id(), address, mask, true);
        } else if (selective) {
            invalidations.iotlb(InvalidationDescriptor.SELECTIVE, domain.id(), address, mask, true);
        } else {
            invalidations.iotlb(InvalidationDescriptor.DOMAIN, domain.id(), 0, 0, false);
        }
        ats.flush(domain, address, mask);
    }
}
