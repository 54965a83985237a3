// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.unit.KernelPort;
import iommu.vtd.ContextEntry;
import iommu.vtd.PasidDirectoryEntry;
import iommu.vtd.PasidEntry;
import iommu.vtd.RootEntry;
import iommu.vtd.ScalableContextEntry;
import iommu.vtd.ScalableRootEntry;

/**
 * A root table and what hangs below it, up to the page tables: reads and writes the entries
 * of one source at a time. Source: Linux, intel/iommu.c, iommu_context_addr,
 * domain_context_mapping_one; intel/pasid.c, intel_pasid_setup_first_level and _second_level.
 */
final class ContextTables {

    /** Linux gives each function a PASID directory of one page: 512 entries, PDTS 2. */
    private static final int DIRECTORY_SIZE_CODE = 2;

    private static final int PAGE_BYTES = 4096;

    /** Mark of a copied entry, in its upper half: bit 67. In scalable mode part of RID_PASID. */
    static final long COPIED = 1L << 3;

    private final KernelPort port;
    private final long root;
    private final boolean scalable;

    ContextTables(KernelPort port, long root, boolean scalable) {
        this.port = port;
        this.root = root;
        this.scalable = scalable;
    }

    long root() {
        return root;
    }

    boolean scalable() {
        return scalable;
    }

    /** Returns where the context entry of a source lies, or 0 if its table cannot be read. */
    long entry(int source, boolean allocate) {
        int devfn = source & 0xff;
        long at = root + (long) (source >>> 8) * RootEntry.BYTES
                + (scalable ? ScalableRootEntry.half(devfn) : 0);
        long q = port.read64(at);
        if (!RootEntry.P.isSet(q)) {
            if (!allocate) {
                return 0;
            }
            q = port.allocatePages(1) | RootEntry.P.mask();
            port.write64(at, q);
        }
        if (!allocate && !port.isMemory(RootEntry.CTP.inPlace(q), PAGE_BYTES)) {
            return 0;
        }
        long index = scalable ? (devfn & 0x7f) * (long) ScalableContextEntry.BYTES
                : devfn * (long) ContextEntry.BYTES;
        return RootEntry.CTP.inPlace(q) + index;
    }

    /** Marks the domain ids of all entries as used, the ones in PASID entries included. */
    void reserveIds(DomainIds ids) {
        forEachPresent((source, entry) -> {
            Domain domain = domain(entry);
            if (domain != null) {
                ids.reserve(domain.id());
            }
        });
    }

    /** Is told of entries. */
    interface EntryVisitor {
        /** Receives a source and where its entry lies. */
        void entry(int source, long entry);
    }

    /** Tells every present entry. */
    void forEachPresent(EntryVisitor visitor) {
        for (int source = 0; source < 0x1_0000; source++) {
            long entry = entry(source, false);
            if (entry == 0) {
                source |= 0x7f;
            } else if (present(entry)) {
                visitor.entry(source, entry);
            }
        }
    }

    /** Returns whether an entry is present. */
    boolean present(long entry) {
        return entry != 0 && ContextEntry.P.isSet(port.read64(entry));
    }

    /**
     * Returns the bits that the code for copied tables takes for the domain id. In scalable mode
     * they belong to RID_PASID, and the id is 0 as a rule.
     */
    int domainIdBits(long entry) {
        return (int) ContextEntry.DID.of(port.read64(entry + 8));
    }

    /** Returns whether an entry carries the mark of a copied one. */
    boolean marked(long entry) {
        return present(entry) && (port.read64(entry + 8) & COPIED) != 0;
    }

    /** Clears the present bit of an entry alone. */
    void clearPresent(long entry) {
        port.write64(entry, port.read64(entry) & ~ContextEntry.P.mask());
    }

    /** Clears the 16 bytes that such code knows of. */
    void clear(long entry) {
        port.write64(entry, 0);
        port.write64(entry + 8, 0);
    }

    /**
     * Writes the entry of a source, present last.
     *
     * @param widthCode of the addresses of its requests
     * @param deviceTlb whether the source may send translation requests and translated requests
     */
    void install(long entry, Domain domain, int widthCode, boolean deviceTlb) {
        if (scalable) {
            long directory = port.allocatePages(1);
            long pasids = port.allocatePages(1);
            port.write64(directory, pasids | PasidDirectoryEntry.P.mask());
            domain.write(port, pasids, widthCode);
            port.write64(entry + 8, 0);
            long c0 = ScalableContextEntry.DTE.with(directory | ScalableContextEntry.P.mask(),
                    deviceTlb ? 1 : 0);
            port.write64(entry, ScalableContextEntry.PDTS.with(c0, DIRECTORY_SIZE_CODE));
        } else {
            long q1 = ContextEntry.DID.with(0, domain.id());
            port.write64(entry + 8, ContextEntry.AW.with(q1, widthCode));
            port.write64(entry, ContextEntry.TT.with(domain.table() | ContextEntry.P.mask(),
                    domain.passesThrough() ? ContextEntry.TT_PASS_THROUGH
                            : deviceTlb ? ContextEntry.TT_ALL : ContextEntry.TT_UNTRANSLATED));
        }
    }

    /**
     * Reads the domain that a present entry points to.
     *
     * @return null if what it points to cannot be read or is of another kind
     */
    Domain domain(long entry) {
        long q0 = port.read64(entry);
        if (!scalable) {
            long q1 = port.read64(entry + 8);
            int id = (int) ContextEntry.DID.of(q1);
            boolean passes = ContextEntry.TT.of(q0) == ContextEntry.TT_PASS_THROUGH;
            return new Domain(id, ContextEntry.SSPTPTR.inPlace(q0),
                    passes ? 0 : (int) ContextEntry.AW.of(q1) + 2, TableFormat.SECOND_STAGE);
        }
        long pasid = ScalableContextEntry.RID_PASID.of(port.read64(entry + 8));
        long at = ScalableContextEntry.PASIDDIRPTR.inPlace(q0)
                + (pasid >>> PasidDirectoryEntry.SHIFT) * PasidDirectoryEntry.BYTES;
        if (!port.isMemory(at, PasidDirectoryEntry.BYTES)) {
            return null;
        }
        long directory = port.read64(at);
        at = PasidDirectoryEntry.SMPTBLPTR.inPlace(directory) + (pasid & 0x3f) * PasidEntry.BYTES;
        if (!PasidDirectoryEntry.P.isSet(directory) || !port.isMemory(at, PasidEntry.BYTES)) {
            return null;
        }
        return Domain.of(port.read64(at), port.read64(at + 8), port.read64(at + 16));
    }
}
