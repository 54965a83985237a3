// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.pcie.TranslationCompletion;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;

/** Tells what would become of requests; nothing of the unit changes. Cold. */
final class Onlooker {

    private final Traits traits;
    private final TableReader tables;
    private final Walks walks;
    private final Caches caches;
    private final Translator translator;
    private final ProtectedMemory protectedMemory;
    private final FaultReports faults;
    private final QemuOrder qemuOrder;
    private final Explanation explanation;

    /** @param qemuOrder that all requests go; null for the manual's */
    Onlooker(Traits traits, TableReader tables, Walks walks, Caches caches,
            Translator translator, ProtectedMemory protectedMemory, FaultReports faults,
            QemuOrder qemuOrder) {
        this.traits = traits;
        this.tables = tables;
        this.walks = walks;
        this.caches = caches;
        this.translator = translator;
        this.protectedMemory = protectedMemory;
        this.faults = faults;
        this.qemuOrder = qemuOrder;
        explanation = new Explanation(traits, walks, translator, protectedMemory, faults);
    }

    /** Tells it by the tables alone. */
    long explain(Request asked, WalkListener listener) {
        return explanation.explain(asked, listener);
    }

    /** Tells it by caches and tables. */
    long follow(Request asked, WalkListener listener) {
        return qemuOrder != null ? followAsQemu(asked, listener)
                : following(listener).follow(asked);
    }

    private long followAsQemu(Request asked, WalkListener listener) {
        if (asked.hasPasid()) {
            throw new UnsupportedOperationException("QEMU 7.2 takes no requests with PASID");
        }
        if (!translator.translating() || InterruptRange.contains(asked.address)) {
            return Translation.untranslated();
        }
        var following = new QemuFollowing(qemuOrder, apart(), caches, listener);
        long outcome = following.follow(asked.source, asked.address, asked.access);
        return outcome == QemuOrder.FAULT
                ? Translation.blocked(faults.number(following.found().fault)) : outcome;
    }

    /** Tells it of a translation request. */
    long followTranslationRequest(Request asked, WalkListener listener) {
        if (qemuOrder != null) {
            return TranslationCompletion.unsupportedRequest();
        }
        var following = following(listener);
        return new DeviceTranslation(traits, walks.root(), translator, following,
                protectedMemory, following, null).answer(asked);
    }

    private Following following(WalkListener listener) {
        return new Following(traits, apart(), caches, translator, protectedMemory, faults,
                listener);
    }

    private Walks apart() {
        return walks.apart(tables, traits, caches.structures());
    }
}
