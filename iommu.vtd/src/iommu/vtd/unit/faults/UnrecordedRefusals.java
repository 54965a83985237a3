// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.faults;

import iommu.api.unit.Translation;
import iommu.vtd.FaultReason;
import iommu.vtd.unit.requests.Refusals;
import iommu.vtd.unit.requests.Request;

/** Answers as {@link FaultReports} does; records nothing, and nobody is told. */
public final class UnrecordedRefusals implements Refusals {

    private final FaultReports faults;

    /** Makes one that gives reasons the numbers that {@code faults} gives them. */
    public UnrecordedRefusals(FaultReports faults) {
        this.faults = faults;
    }

    @Override
    public long blocked(Request request, long context, FaultReason reason, boolean disabled) {
        return Translation.blocked(faults.number(reason));
    }

    @Override
    public long silently(Request request, int reason) {
        return Translation.blocked(reason);
    }

    @Override
    public long denied(Request request, long page, int pageShift, int reason) {
        return Translation.blocked(reason);
    }
}
