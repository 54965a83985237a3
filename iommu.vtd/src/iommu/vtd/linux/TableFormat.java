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
    SECOND_STAGE {
        @Override
        boolean present(long entry) {
            return (entry & READ_WRITE) != 0;
        }

        @Override
        long table(long address) {
            return address | READ_WRITE;
        }

        @Override
        long leaf(long address, int access, boolean large) {
            return SecondStageEntry.ADDR.inPlace(address) | access & READ_WRITE
                    | (large ? SecondStageEntry.PS.mask() : 0);
        }
    },

    /** As processors have them: user pages, accessed and dirty from the first. */
    FIRST_STAGE {
        @Override
        boolean present(long entry) {
            return FirstStageEntry.P.isSet(entry);
        }

        @Override
        long table(long address) {
            return address | FirstStageEntry.RW.mask() | USER;
        }

        @Override
        long leaf(long address, int access, boolean large) {
            boolean writable = (access & Access.WRITE) != 0;
            return FirstStageEntry.ADDR.inPlace(address) | USER
                    | (writable ? FirstStageEntry.RW.mask() | FirstStageEntry.D.mask() : 0)
                    | (large ? FirstStageEntry.PS.mask() : 0);
        }
    };

    private static final long READ_WRITE = SecondStageEntry.R.mask() | SecondStageEntry.W.mask();
    private static final long USER = FirstStageEntry.P.mask() | FirstStageEntry.US.mask()
            | FirstStageEntry.A.mask();

    /** Returns whether an entry leads anywhere. */
    abstract boolean present(long entry);

    /** Returns an entry that points to a table. */
    abstract long table(long address);

    /** Returns an entry that maps a page; {@code access} as in {@link Access}. */
    abstract long leaf(long address, int access, boolean large);

    /** Returns whether an entry above the lowest level maps a page. */
    boolean maps(long entry) {
        return SecondStageEntry.PS.isSet(entry);
    }

    /** Returns the address in an entry. */
    long address(long entry) {
        return this == FIRST_STAGE ? FirstStageEntry.ADDR.inPlace(entry)
                : SecondStageEntry.ADDR.inPlace(entry);
    }

    /** Returns an entry with another address. */
    long withAddress(long entry, long address) {
        return entry & ~(this == FIRST_STAGE ? FirstStageEntry.ADDR : SecondStageEntry.ADDR).mask()
                | address;
    }
}
