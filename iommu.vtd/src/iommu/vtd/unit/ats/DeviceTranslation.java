// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.ats;

import iommu.api.pcie.Access;
import iommu.api.pcie.TranslationCompletion;
import iommu.api.unit.Translation;
import iommu.vtd.FaultReason;
import iommu.vtd.unit.registers.ProtectedMemory;
import iommu.vtd.unit.registers.UnitCapabilities;
import iommu.vtd.unit.requests.ContextTag;
import iommu.vtd.unit.requests.InterruptRange;
import iommu.vtd.unit.requests.PageRights;
import iommu.vtd.unit.requests.Refusals;
import iommu.vtd.unit.requests.Request;
import iommu.vtd.unit.requests.RequestResolver;
import iommu.vtd.unit.requests.SourceCapabilities;
import iommu.vtd.unit.requests.WalkResult;
import iommu.vtd.unit.tables.RootPointer;

/**
 * Address translation services: requests to translate, requests that a device has translated
 * itself, and page requests.
 *
 * <p>A translation request that the tables deny (no page, no right, an address too wide) is
 * answered with success and no rights, and nothing is recorded: the device may ask for the page.
 * One that the entries above them do not allow is recorded and answered UR, or CA where memory or
 * reserved fields are at fault; which of both hardware answers is uncertain. While translation is
 * off both kinds are refused and nothing is recorded. Source: VT-d, "Device-TLBs", "Recoverable
 * Address Translation Faults", "Handling Requests to Interrupt Address Range".
 */
public final class DeviceTranslation {

    private final UnitCapabilities unit;
    private final RootPointer root;
    private final RequestResolver finder;
    private final WalkResult found;
    private final ProtectedMemory protectedMemory;
    private final Refusals faults;
    private final PageRequests pageRequests;

    /**
     * Makes one.
     *
     * @param finder finds what becomes of requests, or one that only looks
     * @param pageRequests null if only {@link #answer} is asked
     */
    public DeviceTranslation(UnitCapabilities unit, RootPointer root, RequestResolver finder,
            ProtectedMemory protectedMemory, Refusals faults, PageRequests pageRequests) {
        this.unit = unit;
        this.root = root;
        this.finder = finder;
        this.found = finder.found();
        this.protectedMemory = protectedMemory;
        this.faults = faults;
        this.pageRequests = pageRequests;
    }

    // ---- translation requests -------------------------------------------------------------------

    /** Answers a translation request; packed, see {@link TranslationCompletion}. */
    public long answer(Request request) {
        // 1. Without translation, or device TLBs, the request is not supported.
        if (!finder.translating() || !unit.deviceTlb()) {
            return TranslationCompletion.unsupportedRequest();
        }
        // 2. The interrupt range takes untranslated writes only.
        if (InterruptRange.contains(request.address)) {
            return request.hasPasid() ? TranslationCompletion.nothing()
                    : TranslationCompletion.of(request.address, ContextTag.PASS_THROUGH_SHIFT,
                            TranslationCompletion.W.mask() | TranslationCompletion.U.mask());
        }
        // 3. The context entry must allow it: faults 0Dh, 44h.
        if (!allowed(request) || !finder.locate(request)) {
            faults.blocked(request, found.context, found.fault, found.faultsDisabled);
            return TranslationFault.ofMemory(found.fault) ? TranslationCompletion.completerAbort()
                    : TranslationCompletion.unsupportedRequest();
        }
        // 4. Reading and writing are granted apart.
        int granted = granted(request);
        if (granted != 0) {
            return TranslationCompletion.of(found.page, found.pageShift, granted
                    | attributes(request));
        }
        if (TranslationFault.recoverable(found.fault)) {
            return TranslationCompletion.nothing();
        }
        faults.blocked(request, found.context, found.fault,
                ContextTag.FAULTS_DISABLED.isSet(found.context));
        return TranslationCompletion.completerAbort();
    }

    private boolean allowed(Request request) {
        if (!root.takes(request.pasid, found) || !finder.locateContext(request)) {
            return false;
        }
        return SourceCapabilities.DEVICE_TLB.isSet(found.source)
                || found.fail(ContextTag.SCALABLE.isSet(found.context)
                        ? FaultReason.SM_DEVICE_TLB_DISABLED
                        : FaultReason.TRANSLATION_TYPE_BLOCKS);
    }

    /** Returns R and W as they may be used; the page is that of the last one tried. */
    private int granted(Request request) {
        int attributes = request.access & (Access.EXECUTE | Access.PRIVILEGED);
        boolean write = (request.access & Access.WRITE) != 0;
        int both = Access.READ | Access.WRITE;
        if (write && finder.resolve(request, both | attributes) == null) {
            return both;
        }
        FaultReason read = finder.resolve(request, Access.READ | attributes);
        if (read == null) {
            return Access.READ;
        }
        if (write && TranslationFault.recoverable(read)
                && finder.resolve(request, Access.WRITE | attributes) == null) {
            return Access.WRITE;
        }
        found.fault = read;
        return 0;
    }

    private long attributes(Request request) {
        boolean executes = (request.access & Access.EXECUTE) != 0;
        boolean privileged = request.hasPasid() && (request.access & Access.PRIVILEGED) != 0;
        return (executes ? TranslationCompletion.EXE.mask() : 0)
                | (privileged ? TranslationCompletion.PRIV.mask() : 0)
                | ((found.rights & PageRights.GLOBAL) != 0
                        ? TranslationCompletion.GLOBAL.mask() : 0);
    }

    // ---- translated requests --------------------------------------------------------------------

    /** Takes a translated request; returns the packed outcome. */
    public long pass(Request request) {
        // 1. While translation is off there are none.
        if (!finder.translating()) {
            return faults.silently(request, Refusals.TRANSLATION_OFF);
        }
        // 2. The context entry must allow them: faults 0Dh, 44h.
        if (!allowed(request)) {
            return faults.blocked(request, found.context, found.fault, found.faultsDisabled);
        }
        // 3. The address must be one of memory: faults 04h (83h), 0Eh (87h).
        boolean scalable = ContextTag.SCALABLE.isSet(found.context);
        if (request.address >>> unit.settings().hostAddressWidth() != 0) {
            return faults.blocked(request, found.context, scalable
                    ? FaultReason.SM_ADDRESS_BEYOND_MGAW : FaultReason.ADDRESS_BEYOND_MGAW,
                    found.faultsDisabled);
        }
        if (InterruptRange.contains(request.address)) {
            return faults.blocked(request, found.context, scalable
                    ? FaultReason.SM_INTERRUPT_RANGE : FaultReason.INTERRUPT_RANGE,
                    found.faultsDisabled);
        }
        // 4. Protected memory blocks them.
        return protectedMemory.covers(request.address)
                ? faults.silently(request, ProtectedMemory.REASON)
                : Translation.to(request.address, ContextTag.PASS_THROUGH_SHIFT);
    }

    // ---- page requests --------------------------------------------------------------------------

    /** Takes a page request; returns whether it was queued. */
    public boolean queue(Request request, int group, boolean last) {
        if (!unit.pageRequests() || !finder.translating()) {
            return false;
        }
        // 1. Legacy mode takes none: fault 32h.
        found.start();
        if (!root.takes(Request.NO_PASID, found)) {
            faults.blocked(request, 0, found.fault, false);
            return false;
        }
        if (!root.scalable()) {
            faults.blocked(request, 0, FaultReason.PAGE_REQUEST_IN_LEGACY_MODE, false);
            return false;
        }
        // 2. The context entry must enable them: fault 47h.
        if (finder.locateContext(request)
                && (SourceCapabilities.PRE.isSet(found.source)
                        || found.fail(FaultReason.SM_PAGE_REQUEST_DISABLED))) {
            return pageRequests.add(request, group, last);
        }
        faults.blocked(request, found.context, found.fault, found.faultsDisabled);
        return false;
    }
}
