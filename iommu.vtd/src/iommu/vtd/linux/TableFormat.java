// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import iommu.api.pcie.Access;
import iommu.vtd.FirstStageEntry;
import iommu.vtd.SecondStageEntry;

/**
 * How the kernel writes the entries of a page table. Source: Linux, intel/iommu.c,
 * __domain_mapping and pfn_to_dma_pte.
 */
enum TableFormat {

    /** Readable, writable or both. */
    SECOND_STAGE(0),
    /** As processors have them: user pages, accessed and dirty from the first. */
    FIRST_STAGE(0),
    /** The same, and never code, which the PASID entry must allow to be said. */
    NO_EXECUTE(FirstStageEntry.XD.mask());

    private static final long READ_WRITE = SecondStageEntry.R.mask() | SecondStageEntry.W.mask();
    private static final long USER = FirstStageEntry.P.mask() | FirstStageEntry.US.mask()
            | FirstStageEntry.A.mask();

    private final long executeDisable;

    TableFormat(long executeDisable) {
        this.executeDisable = executeDisable;
    }

    /** Returns whether it is one of the first stage. */
    boolean firstStage() {
        return this != SECOND_STAGE;
    }

    /** Returns whether an entry leads anywhere. */
    boolean present(long entry) {
        return (entry & (firstStage() ? FirstStageEntry.P.mask() : READ_WRITE)) != 0;
    }

    /** Returns an entry that points to a table. */
    long table(long address) {
        return firstStage() ? address | FirstStageEntry.RW.mask() | USER | executeDisable
                : address | READ_WRITE;
    }

    /** Returns an entry that maps a page; {@code access} as in {@link Access}. */
    long leaf(long address, int access, boolean large) {
        if (!firstStage()) {
            return SecondStageEntry.ADDR.inPlace(address) | access & READ_WRITE
                    | (large ? SecondStageEntry.PS.mask() : 0);
        }
        boolean writable = (access & Access.WRITE) != 0;
        return FirstStageEntry.ADDR.inPlace(address) | USER | executeDisable
                | (writable ? FirstStageEntry.RW.mask() | FirstStageEntry.D.mask() : 0)
                | (large ? FirstStageEntry.PS.mask() : 0);
    }

    /** Returns whether an entry above the lowest level maps a page. */
    boolean maps(long entry) {
        return SecondStageEntry.PS.isSet(entry);
    }

    /** Returns the address in an entry. */
    long address(long entry) {
        return firstStage() ? FirstStageEntry.ADDR.inPlace(entry)
                : SecondStageEntry.ADDR.inPlace(entry);
    }

    /** Returns an entry with another address. */
    long withAddress(long entry, long address) {
        return entry & ~(firstStage() ? FirstStageEntry.ADDR : SecondStageEntry.ADDR).mask()
                | address;
    }
}
