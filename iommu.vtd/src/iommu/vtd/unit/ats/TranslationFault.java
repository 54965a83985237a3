// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.ats;

import iommu.vtd.FaultReason;

/**
 * Kinds of faults that a translation request can meet, by what its device is told of them.
 * Source: VT-d, "Recoverable Address Translation Faults".
 */
final class TranslationFault {

    private TranslationFault() {
    }

    /** Returns whether a page request may mend it: success without rights, nothing recorded. */
    static boolean recoverable(FaultReason reason) {
        return switch (reason) {
            case ADDRESS_BEYOND_MGAW, WRITE_DENIED, READ_DENIED, PASID_EXECUTE_DISABLED,
                    PASID_SUPERVISOR_DISABLED, FIRST_STAGE_NOT_PRESENT, NESTED_TABLE_BEYOND,
                    NESTED_TOP_READ_DENIED, NESTED_READ_DENIED, NESTED_WRITE_DENIED,
                    NESTED_PAGE_DENIED, NOT_CANONICAL, USER_DENIED, EXECUTE_DENIED,
                    SM_ADDRESS_BEYOND_MGAW, SM_ADDRESS_BEYOND_TABLE, SM_WRITE_DENIED,
                    SM_READ_DENIED -> true;
            default -> false;
        };
    }

    /** Returns whether an entry above the page tables cannot be read or has reserved bits set. */
    static boolean ofMemory(FaultReason reason) {
        return switch (reason) {
            case ROOT_ACCESS, CONTEXT_ACCESS, ROOT_RESERVED, CONTEXT_RESERVED, SM_ROOT_ACCESS,
                    SM_ROOT_RESERVED, SM_CONTEXT_ACCESS, SM_CONTEXT_RESERVED,
                    PASID_DIRECTORY_ACCESS, PASID_DIRECTORY_RESERVED, PASID_ACCESS,
                    PASID_RESERVED -> true;
            default -> false;
        };
    }
}
