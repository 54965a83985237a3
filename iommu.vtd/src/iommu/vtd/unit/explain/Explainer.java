// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.explain;

import iommu.api.pcie.TranslationCompletion;
import iommu.api.unit.WalkListener;
import iommu.vtd.unit.ats.DeviceTranslation;
import iommu.vtd.unit.caches.Caches;
import iommu.vtd.unit.faults.FaultReports;
import iommu.vtd.unit.faults.UnrecordedRefusals;
import iommu.vtd.unit.qemu.QemuLookupFormatter;
import iommu.vtd.unit.qemu.QemuTranslator;
import iommu.vtd.unit.registers.ProtectedMemory;
import iommu.vtd.unit.registers.UnitCapabilities;
import iommu.vtd.unit.requests.Refusals;
import iommu.vtd.unit.requests.Request;
import iommu.vtd.unit.tables.TableReader;
import iommu.vtd.unit.tables.Walks;
import iommu.vtd.unit.translation.LookupListener;
import iommu.vtd.unit.translation.Translator;

/**
 * Tells what would become of requests: it sends each through a translator like the unit's, made for
 * it alone, over read-only walks and caches of its own, so that nothing of the unit changes. Cold.
 */
public final class Explainer {

    private final UnitCapabilities unit;
    private final TableReader tables;
    private final Walks walks;
    private final Caches caches;
    private final Translator translator;
    private final ProtectedMemory protectedMemory;
    private final Refusals refusals;
    private final QemuTranslator qemuTranslator;

    /**
     * Makes one.
     *
     * @param translator the unit's, which knows whether translation is on
     * @param qemuTranslator that all requests go through; null for the manual's order
     */
    public Explainer(UnitCapabilities unit, TableReader tables, Walks walks, Caches caches,
            Translator translator, ProtectedMemory protectedMemory, FaultReports faults,
            QemuTranslator qemuTranslator) {
        this.unit = unit;
        this.tables = tables;
        this.walks = walks;
        this.caches = caches;
        this.translator = translator;
        this.protectedMemory = protectedMemory;
        this.qemuTranslator = qemuTranslator;
        refusals = new UnrecordedRefusals(faults);
    }

    /** Tells it by the tables alone, in the manual's order; returns the packed outcome. */
    public long explain(Request asked, WalkListener listener) {
        var entries = new LookupListener() {
            @Override
            public WalkListener entries() {
                return listener;
            }
        };
        return translator(walks.uncached(tables, unit), Caches.empty(), entries).translate(asked);
    }

    /** Tells it by caches and tables; returns the packed outcome. */
    public long follow(Request asked, WalkListener listener) {
        var copy = caches.copy();
        if (qemuTranslator == null) {
            return following(copy, listener).translate(asked);
        }
        var lookups = new QemuLookupFormatter(walks.uncached(tables, unit), copy, listener);
        return qemuTranslator.copy(readOnly(copy), copy, refusals, lookups).translate(asked);
    }

    /** Tells it of a translation request; returns the packed completion. */
    public long followTranslationRequest(Request asked, WalkListener listener) {
        return qemuTranslator != null ? TranslationCompletion.unsupportedRequest()
                : new DeviceTranslation(unit, walks.root(), following(caches.copy(), listener),
                        protectedMemory, refusals, null).answer(asked);
    }

    private Translator following(Caches copy, WalkListener listener) {
        return translator(readOnly(copy), copy,
                new LookupFormatter(walks.uncached(tables, unit), copy, listener));
    }

    private Walks readOnly(Caches copy) {
        return walks.readOnly(tables, unit, copy.structures(), caches.structures());
    }

    private Translator translator(Walks over, Caches with, LookupListener lookups) {
        var made = new Translator(unit, over, with, protectedMemory, refusals, lookups);
        made.translating(translator.translating());
        return made;
    }
}
