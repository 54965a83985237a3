// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.bits.RegisterFile;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.FaultRecord;
import iommu.api.unit.Interrupt;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.Translation;
import iommu.api.unit.UnitListener;
import iommu.api.unit.WalkListener;
import iommu.vtd.FaultReason;
import iommu.vtd.GlobalCommand;
import iommu.vtd.RootEntry;
import iommu.vtd.VtdRegisters;
import java.util.HexFormat;

/**
 * A VT-d remapping unit: registers on one side, translation of requests on the other.
 *
 * <p>Requests carry no PASID. A write to the interrupt range is told as not translated: it is a
 * message for the interrupt logic; a read there is blocked with 0Eh (87h in scalable mode), which
 * of the manual's reasons hardware records for it is uncertain. A request that hits an IOTLB entry
 * without the right it needs is walked again. Settings: see {@link UnitSettings}.
 *
 * <p>Source: VT-d, "DMA Remapping", "Caching Translation Information", "Translation Faults".
 */
public final class VtdUnit implements RemappingUnit {

    private static final String[] KEYS = new String[256];

    static {
        for (int reason = 0; reason < KEYS.length; reason++) {
            KEYS[reason] = "vtd:0x" + HexFormat.of().toHexDigits((byte) reason);
        }
    }

    private static final int SCALABLE_MODE = 1;
    private static final int PASS_THROUGH_SHIFT = 12;

    private final RegisterFile registers;
    private final PhysicalMemory memory;
    private final Traits traits;
    private final ContextCache contexts;
    private final Iotlb iotlb;
    private final Invalidation invalidation;
    private final FaultLog faults;
    private final InterruptRemapping interrupts;
    private final LegacyContextWalk legacyWalk;
    private final ScalableContextWalk scalableWalk;
    private final SecondStageWalk secondStage;
    private final QemuOrder qemuOrder;
    private final WalkResult found = new WalkResult();
    private UnitListener listener = UnitListener.NONE;
    private boolean translating;
    private long rootTable;
    private int tableMode;

    /**
     * Makes a unit in the state that the profile's registers describe.
     *
     * @throws IllegalArgumentException if the profile names an unknown setting, or its capabilities
     *     place registers over others
     */
    public VtdUnit(UnitProfile profile, PhysicalMemory memory) {
        this.memory = memory;
        long cap = HardwareState.cap(profile);
        long ecap = HardwareState.ecap(profile);
        var settings = UnitSettings.of(profile, iommu.vtd.Capability.ESRTPS.isSet(cap));
        traits = new Traits(cap, ecap, settings);
        registers = HardwareState.registers(profile, cap, ecap);
        contexts = new ContextCache(settings.contextCacheEntries(),
                settings.deviceInvalidationByDomain());
        iotlb = new Iotlb(settings.iotlbEntries(), settings.cacheAsQemu());
        legacyWalk = new LegacyContextWalk(memory, traits);
        scalableWalk = new ScalableContextWalk(memory, traits);
        secondStage = new SecondStageWalk(memory, traits);
        faults = new FaultLog(registers, traits, () -> listener.faultInterrupt());
        var interruptEntries = new InterruptEntryCache();
        interrupts = new InterruptRemapping(registers, memory, traits, interruptEntries);
        qemuOrder = !settings.cacheAsQemu() ? null : new QemuOrder(legacyWalk, scalableWalk,
                secondStage, contexts, iotlb);
        invalidation = new Invalidation(contexts, iotlb, interruptEntries, traits,
                dropped());
        var queue = new InvalidationQueue(registers, memory, traits, invalidation, faults);
        long status = registers.get(VtdRegisters.GSTS);
        queue.resume(GlobalCommand.QIE.isSet(status));
        translating = GlobalCommand.TE.isSet(status);
        latchRoot(registers.get(VtdRegisters.RTADDR));
        new CommandHandler(registers, traits, invalidation, queue, effects());
    }

    private Invalidation.Listener dropped() {
        return new Invalidation.Listener() {
            @Override
            public void told(String what) {
                listener.invalidated(what);
            }

            @Override
            public void contextsDropped(int source, int ignored) {
                if (qemuOrder != null) {
                    qemuOrder.contextsDropped(source, ignored, translating, rootTable, scalable());
                }
            }
        };
    }

    private CommandHandler.Effects effects() {
        return new CommandHandler.Effects() {
            @Override
            public void rootPointer(long rtaddr) {
                latchRoot(rtaddr);
                if (traits.settings().flushOnSetRootPointer()) {
                    invalidation.everything("context-cache and IOTLB, by Set Root Table Pointer");
                }
            }

            @Override
            public void interruptTable() {
                interrupts.setTable();
            }

            @Override
            public void translation(boolean on) {
                translating = on;
                if (traits.settings().flushOnTranslationToggle()) {
                    invalidation.everything("context-cache and IOTLB, by Translation Enable");
                }
                listener.translation(on);
            }
        };
    }

    private void latchRoot(long rtaddr) {
        rootTable = VtdRegisters.RTA.inPlace(rtaddr);
        tableMode = (int) VtdRegisters.TTM.of(rtaddr);
        if (traits.settings().registersAsQemu()) {
            rootTable &= ~traits.addressReserved(63);
            tableMode = traits.scalable() ? tableMode & SCALABLE_MODE : 0;
        }
    }

    private boolean scalable() {
        return tableMode == SCALABLE_MODE;
    }

    // ---- translation ----------------------------------------------------------------------------

    @Override
    public long translate(int requester, long address, int access) {
        // 1. While translation is disabled, requests pass.
        if (qemuOrder != null) {
            return translateAsQemu(requester, address, access);
        }
        if (!translating) {
            return Translation.untranslated();
        }
        // 2. The interrupt range is not translated as memory.
        if (InterruptRange.contains(address)) {
            return interruptRange(requester, address, access);
        }
        // 3. The context cache, or the tables behind it, tell how the source is translated.
        int source = RequesterId.sourceId(requester);
        int slot = contexts.find(source);
        if (slot >= 0) {
            found.stage = contexts.stage(slot);
            found.table = contexts.table(slot);
        } else if (locate(source, found, WalkListener.NONE)) {
            contexts.insert(found.stage, found.table);
        } else {
            return blocked(requester, address, access, found.fault, found.faultsDisabled);
        }
        long stage = found.stage;
        // 4. An address beyond the width of table or unit is blocked.
        if (!Stage.covers(stage, address)) {
            return blocked(requester, address, access, beyond(stage, address),
                    Stage.FAULTS_DISABLED.isSet(stage));
        }
        if (Stage.passesThrough(stage)) {
            return Translation.to(address, PASS_THROUGH_SHIFT);
        }
        // 5. The IOTLB, or the page tables behind it, give page and rights.
        int domain = (int) Stage.DOMAIN.of(stage);
        int pasid = (int) Stage.PASID.of(stage);
        int hit = iotlb.find(domain, pasid, address);
        if (hit >= 0 && (iotlb.rights(hit) & access) == access) {
            long t = translated(iotlb.page(hit), iotlb.pageShift(hit), address);
            // A large page may reach into the interrupt range.
            return !InterruptRange.contains(Translation.address(t)) ? t
                    : blocked(requester, address, access, interruptReason(),
                            Stage.FAULTS_DISABLED.isSet(stage));
        }
        if (!secondStage.walk(address, access, found, WalkListener.NONE)) {
            return blocked(requester, address, access, found.fault,
                    Stage.FAULTS_DISABLED.isSet(stage));
        }
        iotlb.insert(domain, domain, pasid, address, found.page, found.pageShift, found.rights);
        return translated(found.page, found.pageShift, address);
    }

    private long translateAsQemu(int requester, long address, int access) {
        int source = RequesterId.sourceId(requester);
        qemuOrder.know(source);
        if (!translating || InterruptRange.contains(address)) {
            return Translation.untranslated();
        }
        long outcome = qemuOrder.translate(rootTable, scalable(), source, address, access, found);
        if (outcome == QemuOrder.FAULT) {
            return blocked(requester, address, access, found.fault, found.faultsDisabled);
        }
        if (Translation.isBlocked(outcome)) {
            listener.blocked(record(requester, address, access, Translation.reason(outcome)),
                    false);
        }
        return outcome;
    }

    @Override
    public long interrupt(int requester, long address, int data) {
        long outcome = interrupts.remap(requester, address, data);
        if (!Interrupt.isBlocked(outcome)) {
            return outcome;
        }
        int number = Interrupt.reason(outcome);
        boolean disabled = InterruptRemapping.FAULT_DISABLED.isSet(outcome)
                && FaultReason.of(number).qualified();
        boolean recorded = !disabled && faults.recordInterrupt(RequesterId.sourceId(requester),
                (int) InterruptRemapping.FAULT_INDEX.of(outcome), number);
        listener.blocked(record(requester, address, Access.WRITE, number), recorded);
        return Interrupt.blocked(number);
    }

    private static long translated(long page, int pageShift, long address) {
        long inPage = (1L << pageShift) - 1;
        return Translation.to(page & ~inPage | address & inPage, pageShift);
    }

    private boolean locate(int source, WalkResult result, WalkListener walkListener) {
        if (tableMode == 0) {
            return legacyWalk.locate(rootTable, source, result, walkListener);
        }
        if (scalable()) {
            return scalableWalk.locate(rootTable, source, result, walkListener);
        }
        result.start();
        return result.fail(FaultReason.TABLE_MODE);
    }

    private FaultReason beyond(long stage, long address) {
        if (!Stage.SCALABLE.isSet(stage)) {
            return FaultReason.ADDRESS_BEYOND_MGAW;
        }
        return address >>> traits.guestWidth() != 0 ? FaultReason.SM_ADDRESS_BEYOND_MGAW
                : FaultReason.SM_ADDRESS_BEYOND_TABLE;
    }

    private FaultReason interruptReason() {
        return scalable() ? FaultReason.SM_INTERRUPT_RANGE : FaultReason.INTERRUPT_RANGE;
    }

    private long interruptRange(int requester, long address, int access) {
        found.stage = 0;
        return access == Access.WRITE ? Translation.untranslated()
                : blocked(requester, address, access, interruptReason(), false);
    }

    private FaultReason told(FaultReason reason) {
        return traits.settings().scalableLegacyReasons() && scalable()
                ? LegacyReasons.of(reason) : reason;
    }

    private int number(FaultReason reason) {
        return told(reason).number();
    }

    private long blocked(int requester, long address, int access, FaultReason reason,
            boolean faultsDisabled) {
        FaultReason told = told(reason);
        boolean recorded = !(faultsDisabled && told.qualified())
                && faults.record(RequesterId.sourceId(requester), address, access, told.number(),
                        pasid());
        listener.blocked(record(requester, address, access, told.number()), recorded);
        return Translation.blocked(told.number());
    }

    /** The PASID of the request looked up last, as far as that went. */
    private int pasid() {
        if (found.stage >= 0) {
            return FaultLog.PASID_UNKNOWN;
        }
        return scalable() ? (int) Stage.PASID.of(found.stage) : FaultLog.PASID_NONE;
    }

    @Override
    public long explain(int requester, long address, int access, WalkListener walkListener) {
        var result = new WalkResult();
        if (!translating) {
            return Translation.untranslated();
        }
        if (InterruptRange.contains(address)) {
            return access == Access.WRITE ? Translation.untranslated()
                    : Translation.blocked(number(interruptReason()));
        }
        if (!locate(RequesterId.sourceId(requester), result, walkListener)) {
            return Translation.blocked(number(result.fault));
        }
        if (!Stage.covers(result.stage, address)) {
            return Translation.blocked(number(beyond(result.stage, address)));
        }
        if (Stage.passesThrough(result.stage)) {
            return Translation.to(address, PASS_THROUGH_SHIFT);
        }
        return secondStage.walk(address, access, result, walkListener)
                ? translated(result.page, result.pageShift, address)
                : Translation.blocked(number(result.fault));
    }

    @Override
    public void mappings(MappingVisitor visitor) {
        long queue = registers.get(VtdRegisters.IQA);
        visitor.structure(VtdRegisters.IQA_BASE.inPlace(queue),
                (long) PhysicalMemory.PAGE_BYTES << VtdRegisters.QS.of(queue));
        interrupts.tell(visitor);
        new TableEnumeration(memory, traits, secondStage, new TableEnumeration.Locator() {
            @Override
            public boolean locate(int source, WalkResult result, WalkListener walkListener) {
                return VtdUnit.this.locate(source, result, walkListener);
            }

            @Override
            public boolean hasBus(int bus) {
                long at = rootTable + (long) bus * RootEntry.BYTES;
                return memory.contains(at, RootEntry.BYTES)
                        && (memory.read64(at) | memory.read64(at + 8)) != 0;
            }
        }).tell(visitor);
    }

    // ---- registers and the outside --------------------------------------------------------------

    @Override
    public boolean translating() {
        return translating;
    }

    @Override
    public long readRegister(int offset, int bytes) {
        return registers.read(offset, bytes);
    }

    @Override
    public void writeRegister(int offset, int bytes, long value) {
        registers.write(offset, bytes, value);
    }

    @Override
    public void listener(UnitListener newListener) {
        listener = newListener;
    }

    @Override
    public FaultRecord fault(int reason) {
        return record(0, 0, Access.NONE, reason);
    }

    private static FaultRecord record(int requester, long address, int access, int reason) {
        return new FaultRecord(requester, address, access, reason, KEYS[reason & 0xff],
                FaultReason.text(reason));
    }
}
