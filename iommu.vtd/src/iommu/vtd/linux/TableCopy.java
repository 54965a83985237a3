// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.unit.KernelPort;
import iommu.vtd.ContextEntry;
import iommu.vtd.RootEntry;
import iommu.vtd.ScalableContextEntry;
import iommu.vtd.linux.settings.KernelQuirks;
import java.util.BitSet;

/**
 * Copies root and context tables of the kernel before into pages of this one: present entries only,
 * of scalable entries their first 16 bytes. Page tables and PASID tables stay where they are.
 *
 * <p>Bit-exact, what kernels did to the entries and where they went astray included, see {@link
 * KernelQuirks}. Source: Linux, intel/iommu.c, copy_translation_tables and copy_context_table.
 */
final class TableCopy {

    private static final int PAGE_BYTES = 4096;
    /** PASID enable of extended context entries; in scalable mode the upper bit of PDTS. */
    private static final long CLEARED = 1L << 11;

    private final KernelPort port;
    private final String unitName;
    private final DomainIds ids;
    private final BitSet copied;
    private final boolean marks;
    private final boolean keepsUpperHalf;

    /**
     * Makes a copier.
     *
     * @param copied gets the bit of each source whose entry was copied
     * @param marks whether entries are marked as copied
     * @param keepsUpperHalf as in {@link KernelQuirks}
     */
    TableCopy(KernelPort port, String unitName, DomainIds ids, BitSet copied, boolean marks,
            boolean keepsUpperHalf) {
        this.port = port;
        this.unitName = unitName;
        this.ids = ids;
        this.copied = copied;
        this.marks = marks;
        this.keepsUpperHalf = keepsUpperHalf;
    }

    /** Fills the root table {@code to} with copies of what hangs below {@code from}. */
    void copy(long from, long to, boolean scalable) {
        for (int bus = 0; bus < 256; bus++) {
            long at = (long) bus * RootEntry.BYTES;
            long lower = port.read64(from + at);
            long upper = scalable ? port.read64(from + at + 8) : 0;
            boolean both = RootEntry.P.isSet(lower);
            if (both && !half(bus, lower, to + at, 0, scalable)) {
                continue;
            }
            if (RootEntry.P.isSet(upper)) {
                // Before 2026 the copy of an upper half took the place of a missing lower one.
                half(bus, upper, to + at + (both || keepsUpperHalf ? 8 : 0), 0x80, true);
            }
        }
    }

    private boolean half(int bus, long rootHalf, long rootEntry, int firstDevfn,
            boolean scalable) {
        long from = RootEntry.CTP.inPlace(rootHalf);
        if (!port.isMemory(from, PAGE_BYTES)) {
            port.print("DMAR: " + unitName + ": Failed to copy context table for bus " + bus);
            return false;
        }
        long to = port.allocatePages(1);
        int stride = scalable ? ScalableContextEntry.BYTES : ContextEntry.BYTES;
        for (int i = 0; i < PAGE_BYTES / stride; i++) {
            long q0 = port.read64(from + (long) i * stride);
            if (ContextEntry.P.isSet(q0)) {
                long q1 = port.read64(from + (long) i * stride + 8);
                ids.reserve((int) ContextEntry.DID.of(q1));
                copied.set(bus << 8 | firstDevfn + i);
                port.write64(to + (long) i * stride, marks ? q0 & ~CLEARED : q0);
                port.write64(to + (long) i * stride + 8,
                        marks ? q1 | ContextTables.COPIED : q1);
            }
        }
        port.write64(rootEntry, to | RootEntry.P.mask());
        return true;
    }
}
