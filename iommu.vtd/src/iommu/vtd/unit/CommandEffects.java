// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.vtd.unit.faults.AdvancedFaultLog;
import iommu.vtd.unit.faults.FaultReports;
import iommu.vtd.unit.interrupts.InterruptRemapping;
import iommu.vtd.unit.invalidation.Invalidation;
import iommu.vtd.unit.registers.UnitSettings;
import iommu.vtd.unit.tables.RootPointer;
import iommu.vtd.unit.tables.TableReader;
import iommu.vtd.unit.translation.Translator;

/**
 * What commands do to the parts of a unit beside its registers, caches and queue. Source: VT-d,
 * "Global Command Register".
 */
public final class CommandEffects implements CommandHandler.Effects {

    private final UnitSettings settings;
    private final RootPointer root;
    private final TableReader tables;
    private final Translator translator;
    private final InterruptRemapping interrupts;
    private final Invalidation invalidation;
    private final AdvancedFaultLog advancedLog;
    private final FaultReports faults;

    CommandEffects(UnitSettings settings, RootPointer root, TableReader tables,
            Translator translator, InterruptRemapping interrupts, Invalidation invalidation,
            AdvancedFaultLog advancedLog, FaultReports faults) {
        this.settings = settings;
        this.root = root;
        this.tables = tables;
        this.translator = translator;
        this.interrupts = interrupts;
        this.invalidation = invalidation;
        this.advancedLog = advancedLog;
        this.faults = faults;
    }

    @Override
    public void rootPointer(long rtaddr) {
        root.latch(rtaddr);
        if (settings.flushOnSetRootPointer()) {
            invalidation.everything("context-cache and IOTLB, by Set Root Table Pointer");
        }
    }

    @Override
    public void faultLog() {
        advancedLog.set();
    }

    @Override
    public void advancedFaultLogging(boolean on) {
        advancedLog.active(on);
    }

    @Override
    public void writeBufferFlush() {
        tables.drain();
    }

    @Override
    public void interruptTable() {
        interrupts.setTable();
    }

    @Override
    public void translation(boolean on) {
        translator.translating(on);
        if (settings.flushOnTranslationToggle()) {
            invalidation.everything("context-cache and IOTLB, by Translation Enable");
        }
        faults.listener().translation(on);
    }
}
