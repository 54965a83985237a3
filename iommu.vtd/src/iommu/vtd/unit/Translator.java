// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.pcie.Access;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import iommu.vtd.FaultReason;

/**
 * The way of a request through the caches and, where they do not know it, through the tables.
 *
 * <p>Source: VT-d, "DMA Remapping", "Caching Translation Information", "Translation Faults".
 */
final class Translator {

    private static final int PASS_THROUGH_SHIFT = 12;

    private final Traits traits;
    private final RootPointer root;
    private final ContextCache contexts;
    private final Iotlb iotlb;
    private final SecondStageWalk secondStage;
    private final ProtectedMemory protectedMemory;
    private final FaultReports faults;
    private final WalkResult found = new WalkResult();
    private boolean translating;

    Translator(Traits traits, RootPointer root, ContextCache contexts, Iotlb iotlb,
            SecondStageWalk secondStage, ProtectedMemory protectedMemory, FaultReports faults) {
        this.traits = traits;
        this.root = root;
        this.contexts = contexts;
        this.iotlb = iotlb;
        this.secondStage = secondStage;
        this.protectedMemory = protectedMemory;
        this.faults = faults;
    }

    boolean translating() {
        return translating;
    }

    void translating(boolean on) {
        translating = on;
    }

    /** Translates; returns the packed outcome. */
    long translate(Request request) {
        long address = request.address;
        // 1. While translation is disabled, requests pass but for protected memory.
        if (!translating) {
            return protectedMemory.covers(address)
                    ? faults.silently(request, ProtectedMemory.REASON)
                    : Translation.untranslated();
        }
        // 2. The interrupt range is not translated as memory.
        if (InterruptRange.contains(address)) {
            return request.access == Access.WRITE ? Translation.untranslated()
                    : faults.blocked(request, 0, interruptReason(), false);
        }
        // 3. The context cache, or the tables behind it, tell how the source is translated.
        int slot = contexts.find(request.source);
        if (slot >= 0) {
            found.stage = contexts.stage(slot);
            found.table = contexts.table(slot);
        } else if (root.locate(request.source, found, WalkListener.NONE)) {
            contexts.insert(found.stage, found.table);
        } else {
            return faults.blocked(request, found.stage, found.fault, found.faultsDisabled);
        }
        // 4. An address beyond the width of table or unit is blocked.
        if (!Stage.covers(found.stage, address)) {
            return blocked(request, beyond(found.stage, address));
        }
        if (Stage.passesThrough(found.stage)) {
            return protectedMemory.covers(address)
                    ? faults.silently(request, ProtectedMemory.REASON)
                    : Translation.to(address, PASS_THROUGH_SHIFT);
        }
        return throughTables(request);
    }

    /** 5. The IOTLB, or the page tables behind it, give page and rights. */
    private long throughTables(Request request) {
        long address = request.address;
        long stage = found.stage;
        int domain = (int) Stage.DOMAIN.of(stage);
        int pasid = (int) Stage.PASID.of(stage);
        int hit = iotlb.find(domain, pasid, address);
        if (hit >= 0 && (iotlb.rights(hit) & request.access) == request.access) {
            return permitted(request,
                    translated(iotlb.page(hit), iotlb.pageShift(hit), address));
        }
        if (!secondStage.walk(address, request.access, found, WalkListener.NONE)) {
            return blocked(request, found.fault);
        }
        iotlb.insert(domain, domain, pasid, address, found.page, found.pageShift, found.rights);
        return permitted(request, translated(found.page, found.pageShift, address));
    }

    /** 6. A large page may reach into the interrupt range or into protected memory. */
    private long permitted(Request request, long translation) {
        long address = Translation.address(translation);
        if (InterruptRange.contains(address)) {
            return blocked(request, interruptReason());
        }
        return traits.settings().protectTranslated() && protectedMemory.covers(address)
                ? faults.silently(request, ProtectedMemory.REASON) : translation;
    }

    private long blocked(Request request, FaultReason reason) {
        return faults.blocked(request, found.stage, reason,
                Stage.FAULTS_DISABLED.isSet(found.stage));
    }

    private static long translated(long page, int pageShift, long address) {
        long inPage = (1L << pageShift) - 1;
        return Translation.to(page & ~inPage | address & inPage, pageShift);
    }

    private FaultReason beyond(long stage, long address) {
        if (!Stage.SCALABLE.isSet(stage)) {
            return FaultReason.ADDRESS_BEYOND_MGAW;
        }
        return address >>> traits.guestWidth() != 0 ? FaultReason.SM_ADDRESS_BEYOND_MGAW
                : FaultReason.SM_ADDRESS_BEYOND_TABLE;
    }

    private FaultReason interruptReason() {
        return root.scalable() ? FaultReason.SM_INTERRUPT_RANGE : FaultReason.INTERRUPT_RANGE;
    }

    /** Does the walk of {@link #translate}, caches left aside and nothing recorded. */
    long explain(Request request, WalkListener listener) {
        long address = request.address;
        if (!translating) {
            return protectedMemory.covers(address)
                    ? Translation.blocked(ProtectedMemory.REASON) : Translation.untranslated();
        }
        if (InterruptRange.contains(address)) {
            return request.access == Access.WRITE ? Translation.untranslated()
                    : refused(interruptReason());
        }
        var result = new WalkResult();
        if (!root.locate(request.source, result, listener)) {
            return refused(result.fault);
        }
        if (!Stage.covers(result.stage, address)) {
            return refused(beyond(result.stage, address));
        }
        if (Stage.passesThrough(result.stage)) {
            return protectedMemory.covers(address) ? Translation.blocked(ProtectedMemory.REASON)
                    : Translation.to(address, PASS_THROUGH_SHIFT);
        }
        if (!secondStage.walk(address, request.access, result, listener)) {
            return refused(result.fault);
        }
        long translation = translated(result.page, result.pageShift, address);
        return traits.settings().protectTranslated()
                && protectedMemory.covers(Translation.address(translation))
                        ? Translation.blocked(ProtectedMemory.REASON) : translation;
    }

    private long refused(FaultReason reason) {
        return Translation.blocked(faults.number(reason));
    }
}
