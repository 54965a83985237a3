// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.translation;

import iommu.api.pcie.Access;
import iommu.api.unit.Translation;
import iommu.vtd.FaultReason;
import iommu.vtd.unit.caches.Caches;
import iommu.vtd.unit.caches.Iotlb;
import iommu.vtd.unit.registers.ProtectedMemory;
import iommu.vtd.unit.registers.UnitCapabilities;
import iommu.vtd.unit.requests.ContextTag;
import iommu.vtd.unit.requests.InterruptRange;
import iommu.vtd.unit.requests.PageRights;
import iommu.vtd.unit.requests.PagingMode;
import iommu.vtd.unit.requests.Refusals;
import iommu.vtd.unit.requests.Request;
import iommu.vtd.unit.requests.RequestResolver;
import iommu.vtd.unit.requests.SourceCapabilities;
import iommu.vtd.unit.requests.WalkResult;
import iommu.vtd.unit.tables.FirstStageWalk;
import iommu.vtd.unit.tables.RootPointer;
import iommu.vtd.unit.tables.Walks;

/**
 * The way of a request through the caches and, where they do not know it, through the tables.
 *
 * <p>In caching mode (CAP.CM) faults of entries that are not present or wrong are cached as well:
 * of context and PASID entries under domain 0, of page tables under their own domain. Source: VT-d,
 * "DMA Remapping", "Caching Translation Information", "Translation Faults".
 */
public final class Translator implements RequestResolver {

    private static final int REASON_SHIFT = 12;
    private static final int NO_SLOT = -1;
    private static final int JUST_FILLED = -2;

    private final UnitCapabilities unit;
    private final RootPointer root;
    private final SourceLookup sources;
    private final Walks walks;
    private final Caches caches;
    private final ProtectedMemory protectedMemory;
    private final Refusals refusals;
    private final LookupListener lookups;
    private final WalkResult found = new WalkResult();
    private boolean translating;
    /** Of the IOTLB, that the page was found in, {@link #NO_SLOT} or {@link #JUST_FILLED}. */
    private int slot;

    /**
     * Makes one, of a unit or of what is told about it: then caches and walks are copies.
     *
     * @param refusals told of requests that are blocked
     * @param lookups told of what is asked
     */
    public Translator(UnitCapabilities unit, Walks walks, Caches caches,
            ProtectedMemory protectedMemory, Refusals refusals, LookupListener lookups) {
        this.unit = unit;
        this.root = walks.root();
        this.walks = walks;
        this.caches = caches;
        sources = new SourceLookup(unit, walks, caches, found, lookups);
        this.protectedMemory = protectedMemory;
        this.refusals = refusals;
        this.lookups = lookups;
    }

    @Override
    public WalkResult found() {
        return found;
    }

    @Override
    public boolean translating() {
        return translating;
    }

    public void translating(boolean on) {
        caches.front().clear();
        translating = on;
    }

    /** Translates; returns the packed outcome. */
    public long translate(Request request) {
        // 1. While translation is disabled, requests pass but for protected memory.
        if (!translating) {
            return untranslated(request);
        }
        // 2. The interrupt range is not translated as memory.
        if (InterruptRange.contains(request.address)) {
            found.context = 0;
            return isMessage(request) ? Translation.untranslated()
                    : refusals.blocked(request, 0, interruptReason(), false);
        }
        // 3. Caches, or the tables behind them, tell how the source is translated.
        if (!locate(request)) {
            return refusals.blocked(request, found.context, found.fault, found.faultsDisabled);
        }
        // 4. to 7. What was found, and the page tables, must allow it.
        FaultReason fault = resolve(request, request.access);
        if (fault != null) {
            return blocked(request, fault);
        }
        return permitted(request);
    }

    @Override
    public FaultReason resolve(Request request, int wanted) {
        // 4. It must be allowed what it asks for beside reading and writing.
        int access = effectiveAccess(request, wanted, found);
        FaultReason refusal = refusal(request, access, found.paging);
        if (refusal != null) {
            return refusal;
        }
        if (!PagingMode.FIRST_STAGE.isSet(found.paging)) {
            // 5. An address beyond the width of table or unit is blocked.
            if (!ContextTag.covers(found.context, request.address)) {
                return beyond(found.context, request.address);
            }
            if (ContextTag.passesThrough(found.context)) {
                passThrough(request.address, found);
                slot = NO_SLOT;
                return null;
            }
        }
        return throughTables(request, access);
    }

    private static void passThrough(long address, WalkResult result) {
        result.page = address & -(1L << ContextTag.PASS_THROUGH_SHIFT);
        result.pageShift = ContextTag.PASS_THROUGH_SHIFT;
        result.rights = PageRights.RIGHTS | PageRights.USER | PageRights.DIRTY;
    }

    private long untranslated(Request request) {
        return protectedMemory.covers(request.address)
                ? refusals.silently(request, ProtectedMemory.REASON) : Translation.untranslated();
    }

    /** A write without PASID to the interrupt range; the machine hands it to the other door. */
    private static boolean isMessage(Request request) {
        return request.access == Access.WRITE && !request.hasPasid();
    }

    @Override
    public boolean locate(Request request) {
        return sources.locate(request);
    }

    @Override
    public boolean locateContext(Request request) {
        return sources.locateContext(request);
    }

    /** A request without PASID is privileged where RID_PRIV says so and a first stage looks. */
    private static int effectiveAccess(Request request, int access, WalkResult found) {
        boolean privileged = !request.hasPasid() && SourceCapabilities.RID_PRIV.isSet(found.source)
                && PagingMode.FIRST_STAGE.isSet(found.paging);
        return privileged ? access | Access.PRIVILEGED : access;
    }

    private static FaultReason refusal(Request request, int access, long paging) {
        // 4a. Execute needs ERE: fault 5Ch. 4b. Privileged needs SRE: fault 5Dh.
        if (request.hasPasid() && (access & Access.EXECUTE) != 0
                && !PagingMode.ERE.isSet(paging)) {
            return FaultReason.PASID_EXECUTE_DISABLED;
        }
        return (access & Access.PRIVILEGED) != 0 && !PagingMode.SRE.isSet(paging)
                ? FaultReason.PASID_SUPERVISOR_DISABLED : null;
    }

    /** 6. The IOTLB, or the page tables behind it, give page and rights. */
    private FaultReason throughTables(Request request, int access) {
        long address = request.address;
        int domain = (int) ContextTag.DOMAIN.of(found.context);
        int tag = PagingMode.tag(found.context, found.paging);
        Iotlb iotlb = caches.iotlb();
        int hit = iotlb.find(domain, tag, address);
        if (hit >= 0) {
            found.page = iotlb.page(hit);
            found.pageShift = iotlb.pageShift(hit);
            found.rights = iotlb.rights(hit);
            boolean fault = (found.rights & PageRights.RIGHTS) == 0;
            boolean granted = !fault && granted(found, access);
            lookups.pageHit(request, hit, found, access, fault || granted);
            if (fault) {
                return cachedFault(found.page);
            }
            if (granted) {
                slot = hit;
                return inMemory(found, address);
            }
            iotlb.doubted(hit);
        } else {
            lookups.pageMissed(request, found);
        }
        boolean there = walks.throughPageTables(address, access, found, lookups.entries());
        lookups.pageWalked();
        if (there) {
            iotlb.insert(domain, domain, tag, address, found.page, found.pageShift,
                    found.rights);
            slot = JUST_FILLED;
            return null;
        }
        if (unit.cachingMode() && found.erroneous) {
            iotlb.insert(domain, domain, tag, address,
                    (long) found.fault.number() << REASON_SHIFT, ContextTag.PASS_THROUGH_SHIFT, 0);
        }
        return found.fault;
    }

    /** Returns the fault that an IOTLB entry without rights stands for. */
    public static FaultReason cachedFault(long page) {
        return FaultReason.of((int) (page >>> REASON_SHIFT));
    }

    /** 7. A large page may reach into the interrupt range. */
    private FaultReason inMemory(WalkResult result, long address) {
        return InterruptRange.contains(Translation.address(result.translation(address)))
                ? interruptReason() : null;
    }

    private boolean granted(WalkResult result, int access) {
        int rights = result.rights;
        if ((access & Access.WRITE) != 0 && (rights & PageRights.DIRTY) == 0) {
            return false;
        }
        if (PagingMode.FIRST_STAGE.isSet(result.paging)) {
            return FirstStageWalk.grants(rights, access, result.paging);
        }
        int needed = access == Access.NONE && !unit.zeroLengthReads() ? Access.READ
                : access & (Access.READ | Access.WRITE);
        return (rights & needed) == needed;
    }

    /** 8. Protected memory blocks what passes through, and perhaps what tables send there. */
    private long permitted(Request request) {
        long translation = found.translation(request.address);
        boolean looked = unit.settings().protectTranslated() || passes(found);
        if (looked && protectedMemory.covers(Translation.address(translation))) {
            return refusals.silently(request, ProtectedMemory.REASON);
        }
        if (!request.hasPasid() && slot != JUST_FILLED) {
            caches.front().put(request.source, request.address, translation,
                    usable(request, Access.READ) | usable(request, Access.WRITE), slot);
            if (slot >= 0) {
                caches.iotlb().fronted(slot);
            }
        }
        return translation;
    }

    /** Returns a kind of access if what was found grants it as it is. */
    private int usable(Request request, int kind) {
        return granted(found, effectiveAccess(request, kind, found)) ? kind : 0;
    }

    private static boolean passes(WalkResult result) {
        return !PagingMode.FIRST_STAGE.isSet(result.paging)
                && ContextTag.passesThrough(result.context);
    }

    private long blocked(Request request, FaultReason reason) {
        return refusals.blocked(request, found.context, reason,
                ContextTag.FAULTS_DISABLED.isSet(found.context));
    }

    private FaultReason beyond(long context, long address) {
        if (!ContextTag.SCALABLE.isSet(context)) {
            return FaultReason.ADDRESS_BEYOND_MGAW;
        }
        return address >>> unit.guestWidth() != 0 ? FaultReason.SM_ADDRESS_BEYOND_MGAW
                : FaultReason.SM_ADDRESS_BEYOND_TABLE;
    }

    private FaultReason interruptReason() {
        return root.scalable() ? FaultReason.SM_INTERRUPT_RANGE : FaultReason.INTERRUPT_RANGE;
    }
}
