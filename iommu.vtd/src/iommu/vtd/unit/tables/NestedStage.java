// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.tables;

import iommu.api.pcie.Access;
import iommu.api.unit.WalkListener;
import iommu.vtd.FaultReason;
import iommu.vtd.unit.requests.ContextTag;
import iommu.vtd.unit.requests.PageRights;
import iommu.vtd.unit.requests.WalkResult;

/**
 * The second stage behind a first one: where guest addresses of tables and pages lie. Source: VT-d,
 * "Nested Translation".
 */
public final class NestedStage {

    private final SecondStageWalk secondStage;
    private final WalkResult inner = new WalkResult();

    NestedStage(SecondStageWalk secondStage) {
        this.secondStage = secondStage;
    }

    /** Returns the fault of the last walk. */
    FaultReason fault() {
        return inner.fault;
    }

    /** Returns where the last walk sent an address. */
    long physical(long address) {
        return physical(inner, address);
    }

    /** Returns where a page that was found has an address. */
    static long physical(WalkResult of, long address) {
        long inPage = (1L << of.pageShift) - 1;
        return of.page & ~inPage | address & inPage;
    }

    /** Sends a guest address through the second stage; false for a fault. */
    boolean walk(long guest, int access, WalkResult result, WalkListener listener) {
        inner.context = result.context;
        inner.table = result.table;
        inner.paging = result.paging;
        return secondStage.walk(guest, access, inner, listener);
    }

    /** Returns whether the fault of the last walk is a right that is missing. */
    boolean denies() {
        return inner.fault == FaultReason.SM_READ_DENIED
                || inner.fault == FaultReason.SM_WRITE_DENIED;
    }

    /** Finds where the entry of a first-stage table lies; false for a fault. */
    boolean table(long guest, boolean top, WalkResult result, WalkListener listener) {
        // 2a. Nested, a table too far up is fault 74h, one that the second stage lets nobody read
        // 76h (of the top table 75h); other faults of the second stage are its own.
        if (!ContextTag.covers(result.context, guest)) {
            return result.fail(FaultReason.NESTED_TABLE_BEYOND, true);
        }
        if (walk(guest, Access.READ, result, listener)) {
            return true;
        }
        FaultReason denied = top ? FaultReason.NESTED_TOP_READ_DENIED
                : FaultReason.NESTED_READ_DENIED;
        return result.fail(denies() ? denied : inner.fault, inner.erroneous);
    }

    /** 9. Nested, the page goes through the second stage; the smaller page counts. */
    boolean page(long guest, int access, WalkResult result, WalkListener listener) {
        if (!ContextTag.covers(result.context, guest)) {
            return result.fail(FaultReason.SM_ADDRESS_BEYOND_TABLE, true);
        }
        int kind = access & (Access.READ | Access.WRITE);
        if (!walk(guest, kind, result, listener)) {
            return result.fail(denies() ? FaultReason.NESTED_PAGE_DENIED
                    : inner.fault, inner.erroneous);
        }
        int second = inner.rights;
        int neither = ~(second & (Access.READ | Access.WRITE)) & (Access.READ | Access.WRITE);
        int dirty = result.rights & second & PageRights.DIRTY;
        result.rights = result.rights & ~neither & ~PageRights.DIRTY | dirty | PageRights.NESTED;
        result.pageShift = Math.min(result.pageShift, inner.pageShift);
        result.page = physical(inner, guest) & -(1L << result.pageShift);
        return true;
    }
}
