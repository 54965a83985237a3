// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.pcie.TranslationCompletion;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener;
import iommu.vtd.unit.ats.DeviceTranslation;
import iommu.vtd.unit.caches.Caches;
import iommu.vtd.unit.faults.FaultReports;
import iommu.vtd.unit.qemu.QemuFollowing;
import iommu.vtd.unit.qemu.QemuTranslator;
import iommu.vtd.unit.registers.ProtectedMemory;
import iommu.vtd.unit.registers.UnitCapabilities;
import iommu.vtd.unit.requests.InterruptRange;
import iommu.vtd.unit.requests.Request;
import iommu.vtd.unit.tables.TableReader;
import iommu.vtd.unit.tables.Walks;
import iommu.vtd.unit.translation.Explanation;
import iommu.vtd.unit.translation.Following;
import iommu.vtd.unit.translation.Translator;

/** Tells what would become of requests; nothing of the unit changes. Cold. */
public final class Onlooker {

    private final UnitCapabilities unit;
    private final TableReader tables;
    private final Walks walks;
    private final Caches caches;
    private final Translator translator;
    private final ProtectedMemory protectedMemory;
    private final FaultReports faults;
    private final QemuTranslator qemuTranslator;
    private final Explanation explanation;

    /** @param qemuTranslator that all requests go; null for the manual's */
    Onlooker(UnitCapabilities unit, TableReader tables, Walks walks, Caches caches,
            Translator translator, ProtectedMemory protectedMemory, FaultReports faults,
            QemuTranslator qemuTranslator) {
        this.unit = unit;
        this.tables = tables;
        this.walks = walks;
        this.caches = caches;
        this.translator = translator;
        this.protectedMemory = protectedMemory;
        this.faults = faults;
        this.qemuTranslator = qemuTranslator;
        explanation = new Explanation(unit, walks, translator, protectedMemory, faults);
    }

    /** Tells it by the tables alone. */
    long explain(Request asked, WalkListener listener) {
        return explanation.explain(asked, listener);
    }

    /** Tells it by caches and tables. */
    long follow(Request asked, WalkListener listener) {
        return qemuTranslator != null ? followAsQemu(asked, listener)
                : following(listener).follow(asked);
    }

    private long followAsQemu(Request asked, WalkListener listener) {
        if (asked.hasPasid()) {
            throw new UnsupportedOperationException("QEMU 7.2 takes no requests with PASID");
        }
        if (!translator.translating() || InterruptRange.contains(asked.address)) {
            return Translation.untranslated();
        }
        var following = new QemuFollowing(qemuTranslator, apart(), caches, listener);
        long outcome = following.follow(asked.source, asked.address, asked.access);
        return outcome == QemuTranslator.FAULT
                ? Translation.blocked(faults.number(following.found().fault)) : outcome;
    }

    /** Tells it of a translation request. */
    long followTranslationRequest(Request asked, WalkListener listener) {
        if (qemuTranslator != null) {
            return TranslationCompletion.unsupportedRequest();
        }
        var following = following(listener);
        return new DeviceTranslation(unit, walks.root(), following,
                protectedMemory, following, null).answer(asked);
    }

    private Following following(WalkListener listener) {
        return new Following(unit, apart(), caches, translator, protectedMemory, faults,
                listener);
    }

    private Walks apart() {
        return walks.apart(tables, unit, caches.structures());
    }
}
