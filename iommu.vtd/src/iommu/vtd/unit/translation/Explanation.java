// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.translation;

import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import iommu.vtd.FaultReason;
import iommu.vtd.unit.faults.FaultReports;
import iommu.vtd.unit.registers.ProtectedMemory;
import iommu.vtd.unit.registers.UnitCapabilities;
import iommu.vtd.unit.requests.ContextTag;
import iommu.vtd.unit.requests.InterruptRange;
import iommu.vtd.unit.requests.PagingMode;
import iommu.vtd.unit.requests.Request;
import iommu.vtd.unit.requests.WalkResult;
import iommu.vtd.unit.tables.Walks;

/**
 * What {@link Translator} would do to a request that meets no cache, told entry by entry: nothing
 * is recorded, no entry is marked, no cache is filled.
 */
public final class Explanation {

    private final UnitCapabilities unit;
    private final Walks walks;
    private final Translator translator;
    private final ProtectedMemory protectedMemory;
    private final FaultReports faults;

    public Explanation(UnitCapabilities unit, Walks walks, Translator translator,
            ProtectedMemory protectedMemory, FaultReports faults) {
        this.unit = unit;
        this.walks = walks;
        this.translator = translator;
        this.protectedMemory = protectedMemory;
        this.faults = faults;
    }

    /** Returns the packed outcome; steps as in {@link Translator#translate}. */
    public long explain(Request request, WalkListener listener) {
        long address = request.address;
        if (!translator.translating()) {
            return unlessProtected(address, Translation.untranslated());
        }
        if (InterruptRange.contains(address)) {
            return Translator.isMessage(request) ? Translation.untranslated()
                    : refused(translator.interruptReason());
        }
        var result = new WalkResult();
        result.looksOnly = true;
        if (!walks.root().locate(request.source, request.pasid, result, listener)) {
            return refused(result.fault);
        }
        int access = Translator.effectiveAccess(request, request.access, result);
        FaultReason refusal = Translator.refusal(request, access, result.paging);
        if (refusal != null) {
            return refused(refusal);
        }
        if (!PagingMode.FIRST_STAGE.isSet(result.paging)) {
            if (!ContextTag.covers(result.context, address)) {
                return refused(translator.beyond(result.context, address));
            }
            if (ContextTag.passesThrough(result.context)) {
                return unlessProtected(address,
                        Translation.to(address, ContextTag.PASS_THROUGH_SHIFT));
            }
        }
        if (!walks.throughPageTables(address, access, result, listener)) {
            return refused(result.fault);
        }
        long translation = Translator.translation(result, address);
        return unit.settings().protectTranslated()
                ? unlessProtected(Translation.address(translation), translation) : translation;
    }

    private long unlessProtected(long address, long outcome) {
        return protectedMemory.covers(address) ? Translation.blocked(ProtectedMemory.REASON)
                : outcome;
    }

    private long refused(FaultReason reason) {
        return Translation.blocked(faults.number(reason));
    }
}
