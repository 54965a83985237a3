// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.faults;

import iommu.vtd.FaultReason;

/**
 * The legacy numbers that QEMU reports in scalable mode: 7.2 in all but one case, newer versions of
 * what is not about PASIDs and first-stage tables. Source: its intel_iommu, observed.
 */
public final class LegacyReasons {

    private LegacyReasons() { }

    /** Returns the number of a newer version, which tells problems of PASIDs apart. */
    static FaultReason ofNewer(FaultReason reason, boolean firstStage) {
        boolean own = switch (reason) {
            case PASID_DIRECTORY_ACCESS, PASID_DIRECTORY_NOT_PRESENT, PASID_ACCESS,
                    PASID_NOT_PRESENT, PASID_INVALID -> true;
            case SM_WRITE_DENIED -> firstStage;
            default -> false;
        };
        return own ? reason : of(reason);
    }

    static FaultReason of(FaultReason reason) {
        return switch (reason) {
            case SM_ROOT_ACCESS -> FaultReason.ROOT_ACCESS;
            case SM_ROOT_NOT_PRESENT -> FaultReason.ROOT_NOT_PRESENT;
            case SM_ROOT_RESERVED -> FaultReason.ROOT_RESERVED;
            case SM_CONTEXT_ACCESS -> FaultReason.CONTEXT_ACCESS;
            case SM_CONTEXT_NOT_PRESENT -> FaultReason.CONTEXT_NOT_PRESENT;
            case SM_CONTEXT_RESERVED -> FaultReason.CONTEXT_RESERVED;
            case SM_CONTEXT_INVALID -> FaultReason.CONTEXT_INVALID;
            case SM_RID_PASID, PASID_DIRECTORY_ACCESS, PASID_DIRECTORY_NOT_PRESENT,
                    PASID_DIRECTORY_RESERVED, PASID_ACCESS, PASID_NOT_PRESENT, PASID_RESERVED,
                    PASID_INVALID -> FaultReason.PASID_ACCESS;
            case SM_PAGE_TABLE_ACCESS, SM_PAGE_TABLE_TOP_ACCESS -> FaultReason.PAGE_TABLE_ACCESS;
            case SM_PAGE_TABLE_RESERVED -> FaultReason.PAGE_TABLE_RESERVED;
            case SM_ADDRESS_BEYOND_MGAW, SM_ADDRESS_BEYOND_TABLE -> FaultReason.ADDRESS_BEYOND_MGAW;
            case SM_WRITE_DENIED -> FaultReason.WRITE_DENIED;
            case SM_READ_DENIED -> FaultReason.READ_DENIED;
            default -> reason;
        };
    }
}
