// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.bits.RegisterFile;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.Message;
import iommu.api.pcie.RequesterId;
import iommu.api.pcie.TranslationCompletion;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.BlockedRequests;
import iommu.api.unit.DeviceTlbs;
import iommu.api.unit.FaultRecord;
import iommu.api.unit.Interrupt;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.Translation;
import iommu.api.unit.UnitListener;
import iommu.api.unit.WalkListener;
import iommu.vtd.GlobalCommand;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.ats.DeviceTlbRequests;
import iommu.vtd.unit.ats.DeviceTranslation;
import iommu.vtd.unit.ats.PageRequests;
import iommu.vtd.unit.caches.Caches;
import iommu.vtd.unit.caches.FastPathCache;
import iommu.vtd.unit.explain.Explainer;
import iommu.vtd.unit.faults.AdvancedFaultLog;
import iommu.vtd.unit.faults.FaultLog;
import iommu.vtd.unit.faults.FaultReports;
import iommu.vtd.unit.interrupts.InterruptRemapping;
import iommu.vtd.unit.invalidation.CompletionEvent;
import iommu.vtd.unit.invalidation.Invalidation;
import iommu.vtd.unit.invalidation.InvalidationQueue;
import iommu.vtd.unit.qemu.QemuRegisters;
import iommu.vtd.unit.qemu.QemuTranslator;
import iommu.vtd.unit.registers.HardwareState;
import iommu.vtd.unit.registers.ProtectedMemory;
import iommu.vtd.unit.registers.UnitCapabilities;
import iommu.vtd.unit.registers.UnitSettings;
import iommu.vtd.unit.requests.Request;
import iommu.vtd.unit.tables.RootPointer;
import iommu.vtd.unit.tables.TableEnumeration;
import iommu.vtd.unit.tables.TableReader;
import iommu.vtd.unit.tables.Walks;
import iommu.vtd.unit.translation.FastPath;
import iommu.vtd.unit.translation.LookupListener;
import iommu.vtd.unit.translation.Translator;

/**
 * A VT-d remapping unit: registers on one side, translation of requests on the other.
 *
 * <p>A write to the interrupt range is told as not translated: it is a message for the interrupt
 * logic; a read there is blocked with 0Eh (87h in scalable mode), which of the manual's reasons
 * hardware records for it is uncertain. A request that hits an IOTLB entry without the right it
 * needs is walked again. Settings: see {@link UnitSettings}.
 *
 * <p>Source: VT-d, "DMA Remapping", "Caching Translation Information", "Translation Faults".
 */
public final class VtdUnit implements RemappingUnit {

    private final RegisterFile registers;
    private final PhysicalMemory memory;
    private final UnitCapabilities unit;
    private final BlockedRequests blockedRequests;
    private final TableReader tables;
    private final FastPathCache front;
    private final RootPointer root;
    private final Walks walks;
    private final Translator translator;
    private final Explainer explainer;
    private final FaultReports faults;
    private final InterruptRemapping interrupts;
    private final FastPath fastPath;
    private final QemuTranslator qemuTranslator;
    private final QemuRegisters qemuRegisters;
    private final Invalidation invalidation;
    private final DeviceTlbRequests deviceTlbs;
    private final DeviceTranslation deviceTranslation;
    private final Request request = new Request();

    /**
     * Makes a unit in the state that the profile's registers describe.
     *
     * @throws IllegalArgumentException if the profile names an unknown setting, or its capabilities
     *     place registers over others
     */
    public VtdUnit(UnitProfile profile, PhysicalMemory memory) {
        this.memory = memory;
        unit = HardwareState.capabilities(profile);
        registers = HardwareState.registers(profile, unit);
        var settings = unit.settings();
        blockedRequests = settings.blockedRequests();
        var caches = Caches.of(settings);
        tables = new TableReader(memory, unit);
        walks = Walks.of(tables, unit, caches.structures());
        root = walks.root();
        var advancedLog = new AdvancedFaultLog(registers, memory, unit);
        var log = new FaultLog(registers, unit, advancedLog, this::announceFault);
        faults = new FaultReports(log, root, unit);
        interrupts = new InterruptRemapping(registers, tables, unit, caches.interrupts());
        front = caches.front();
        var protectedMemory = new ProtectedMemory(registers, unit, front::clear);
        translator = new Translator(unit, walks, caches, protectedMemory, faults,
                LookupListener.NONE);
        qemuTranslator = settings.cacheAsQemu() ? new QemuTranslator(settings.qemuVersion(),
                walks, caches, translator, faults, LookupListener.NONE) : null;
        boolean quick = settings.front() && !settings.protectTranslated()
                && !settings.cacheAsQemu() && !settings.walkAsQemu();
        fastPath = quick ? new FastPath(caches, walks.secondStage().fusedWalk()) : null;
        invalidation = new Invalidation(caches, unit, dropped());
        deviceTlbs = new DeviceTlbRequests(registers, unit, log);
        deviceTranslation = new DeviceTranslation(unit, root, translator,
                protectedMemory, faults, new PageRequests(registers, memory,
                        () -> faults.listener().pageRequestInterrupt()));
        explainer = new Explainer(unit, tables, walks, caches, translator, protectedMemory, faults,
                qemuTranslator);
        var queue = new InvalidationQueue(registers, memory, unit, invalidation, log,
                deviceTlbs, new CompletionEvent(registers,
                        () -> faults.listener().completionInterrupt()));
        qemuRegisters = settings.registersAsQemu() ? new QemuRegisters(registers, queue) : null;
        long status = registers.get(VtdRegisters.GSTS);
        queue.resume(GlobalCommand.QIE.isSet(status));
        translator.translating(GlobalCommand.TE.isSet(status));
        root.latch(registers.get(VtdRegisters.RTADDR));
        new CommandHandler(registers, unit, invalidation, queue, new CommandEffects(
                unit.settings(), root, tables, translator, interrupts, invalidation, advancedLog,
                faults));
    }

    private void announceFault() {
        faults.listener().faultInterrupt();
    }

    private Invalidation.Listener dropped() {
        return new Invalidation.Listener() {
            @Override
            public boolean hears() {
                return faults.listener().hearsInvalidations();
            }

            @Override
            public void told(String what) {
                tables.drain();
                faults.listener().invalidated(what);
            }

            @Override
            public void contextsDropped(int source, int ignored) {
                if (qemuTranslator != null) {
                    qemuTranslator.contextsDropped(source, ignored);
                }
            }

            @Override
            public void pasidsDropped(int granularity, int domain, int pasid) {
                if (qemuTranslator != null) {
                    qemuTranslator.pasidsDropped(granularity, domain, pasid);
                }
            }
        };
    }

    // ---- requests -------------------------------------------------------------------------------

    @Override
    public long translate(int requester, long address, int access) {
        long known = front.find(RequesterId.sourceId(requester), address, access);
        return known != FastPathCache.MISS ? known : translateSlowly(requester, address, access);
    }

    private long translateSlowly(int requester, long address, int access) {
        if (fastPath != null && translator.translating()) {
            long outcome = fastPath.translate(RequesterId.sourceId(requester), address, access);
            if (outcome != FastPath.UNDECIDED) {
                return outcome;
            }
        }
        return translate(request.of(requester, address, access));
    }

    private long translate(Request any) {
        return qemuTranslator != null ? qemuTranslator.translate(any) : translator.translate(any);
    }

    /**
     * {@inheritDoc}
     *
     * @throws UnsupportedOperationException with the setting {@code cacheAsQemu}
     */
    @Override
    public long translate(int requester, int pasid, long address, int access) {
        return translate(request.withPasid(requester, pasid, address, access));
    }

    @Override
    public Message firstMessage(int requester) {
        return interrupts.firstMessage(requester, memory);
    }

    @Override
    public long translationRequest(int requester, int pasid, long address, int access) {
        return qemuTranslator != null ? TranslationCompletion.unsupportedRequest()
                : deviceTranslation.answer(request.typed(Request.TRANSLATION_REQUEST, requester,
                        pasid, address, access));
    }

    @Override
    public long translated(int requester, int pasid, long physicalAddress, int access) {
        return deviceTranslation.pass(request.typed(Request.TRANSLATED, requester, pasid,
                physicalAddress, access));
    }

    @Override
    public boolean pageRequest(int requester, int pasid, long address, int access, int group,
            boolean last) {
        return deviceTranslation.queue(request.typed(Request.PAGE_REQUEST, requester, pasid,
                address, access), group, last);
    }

    @Override
    public void invalidationCompleted(int requester, int tag) {
        deviceTlbs.completed(RequesterId.sourceId(requester), tag);
    }

    @Override
    public void deviceTlbs(DeviceTlbs port) {
        deviceTlbs.port(port);
    }

    @Override
    public long interrupt(int requester, long address, int data) {
        long outcome = interrupts.remap(requester, address, data);
        return Interrupt.isBlocked(outcome)
                ? faults.blockedInterrupt(requester, address, outcome) : outcome;
    }

    @Override
    public long explain(int requester, long address, int access, WalkListener walkListener) {
        return explainer.explain(new Request().of(requester, address, access), walkListener);
    }

    @Override
    public long explain(int requester, int pasid, long address, int access,
            WalkListener walkListener) {
        return explainer.explain(new Request().withPasid(requester, pasid, address, access),
                walkListener);
    }

    /**
     * {@inheritDoc}
     *
     * @throws UnsupportedOperationException with the setting {@code cacheAsQemu}, of a request with
     *     PASID
     */
    @Override
    public long follow(int requester, int pasid, long address, int access,
            WalkListener walkListener) {
        return explainer.follow(new Request().typed(Request.UNTRANSLATED, requester, pasid, address,
                access), walkListener);
    }

    @Override
    public long followTranslationRequest(int requester, int pasid, long address, int access,
            WalkListener walkListener) {
        return explainer.followTranslationRequest(new Request().typed(Request.TRANSLATION_REQUEST,
                requester, pasid, address, access), walkListener);
    }

    @Override
    public long followInterrupt(int requester, long address, int data,
            WalkListener walkListener) {
        long outcome = interrupts.follow(requester, address, data, walkListener);
        return Interrupt.isBlocked(outcome) ? Interrupt.blocked(Interrupt.reason(outcome))
                : outcome;
    }

    @Override
    public void mappings(MappingVisitor visitor) {
        mappings(Request.NO_PASID, visitor);
    }

    @Override
    public void mappings(int pasid, MappingVisitor visitor) {
        long queue = registers.get(VtdRegisters.IQA);
        visitor.structure(VtdRegisters.IQA_BASE.inPlace(queue),
                (long) PhysicalMemory.PAGE_BYTES << VtdRegisters.QS.of(queue));
        interrupts.tell(visitor);
        new TableEnumeration(memory, unit, walks.uncached(tables, unit), pasid).tell(visitor);
    }

    // ---- registers and the outside --------------------------------------------------------------

    @Override
    public boolean translating() {
        return translator.translating();
    }

    @Override
    public long readRegister(int offset, int bytes) {
        return qemuRegisters != null ? qemuRegisters.read(offset, bytes)
                : registers.read(offset, bytes);
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException also, with the setting {@code registersAsQemu}, of 8 bytes
     *     where QEMU ends by an assertion
     */
    @Override
    public void writeRegister(int offset, int bytes, long value) {
        if (qemuRegisters != null) {
            qemuRegisters.write(offset, bytes, value);
        } else {
            registers.write(offset, bytes, value);
        }
    }

    @Override
    public void listener(UnitListener newListener) {
        faults.listener(newListener);
    }

    @Override
    public FaultRecord fault(int reason) {
        return FaultReports.record(0, 0, Access.NONE, reason);
    }

    @Override
    public int registerBytes() {
        return registers.sizeBytes();
    }

    @Override
    public BlockedRequests blockedRequests() {
        return blockedRequests;
    }
}
