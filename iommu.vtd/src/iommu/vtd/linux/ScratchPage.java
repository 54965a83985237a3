// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.pcie.Access;
import iommu.api.unit.KernelPort;
import iommu.vtd.SecondStageEntry;

/**
 * A domain in which every address leads to one page: a table a level, all of whose entries are the
 * same, so that it takes no more pages than it has levels.
 *
 * <p>Source: D. Woodhouse's idea, as J. Roedel told it in October 2014; no kernel that was released
 * does it.
 */
final class ScratchPage {

    private static final int ENTRIES = 512;

    private ScratchPage() { }

    /** Fills the empty table of a domain; the page that all leads to is zero at first. */
    static void fill(KernelPort port, Domain domain) {
        TableFormat format = domain.stage();
        long entry = format.leaf(port.allocateScratchPage(), Access.READ | Access.WRITE,
                false);
        for (int level = 1; level <= domain.levels(); level++) {
            long table = level == domain.levels() ? domain.table() : port.allocatePages(1);
            for (int i = 0; i < ENTRIES; i++) {
                port.write64(table + (long) i * SecondStageEntry.BYTES, entry);
            }
            entry = format.table(table);
        }
    }
}
