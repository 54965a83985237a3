// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Control;
import iommu.amdvi.EventCode;
import iommu.amdvi.ExtendedFeature;
import iommu.amdvi.unit.caches.Caches;
import iommu.amdvi.unit.commands.CommandBuffer;
import iommu.amdvi.unit.commands.Commands;
import iommu.amdvi.unit.commands.Invalidation;
import iommu.amdvi.unit.events.EventLog;
import iommu.amdvi.unit.events.FaultReport;
import iommu.amdvi.unit.qemu.QemuParts;
import iommu.amdvi.unit.registers.HardwareState;
import iommu.amdvi.unit.settings.UnitSettings;
import iommu.amdvi.unit.tables.DeviceTable;
import iommu.amdvi.unit.tables.TableEnumeration;
import iommu.amdvi.unit.tables.WalkResult;
import iommu.amdvi.unit.translation.Translator;
import iommu.api.bits.Register;
import iommu.api.bits.RegisterFile;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.Message;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.BlockedRequests;
import iommu.api.unit.FaultRecord;
import iommu.api.unit.Interrupt;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.Translation;
import iommu.api.unit.UnitListener;
import iommu.api.unit.WalkListener;
import java.util.List;

/**
 * An AMD-Vi unit: registers on one side, translation of requests on the other.
 *
 * <p>Not translated at all, and told so: every request while IommuEn is 0, requests of a device
 * whose entry has V = 0, those to the exclusion range, and writes to the interrupt range, which are
 * messages. A read of the interrupt range is an INVALID_DEVICE_REQUEST. A request that meets a
 * cached page without the right it needs is blocked by the cache; the tables are not asked again.
 * The caches outlive IommuEn = 0. Reasons are event codes. Settings: see {@link UnitSettings}.
 *
 * <p>Source: 48882, "Device Table Entry Format", "Event Logging", "IOMMU Control Register".
 */
public final class AmdViUnit implements RemappingUnit {

    private final RegisterFile registers;
    private final PhysicalMemory memory;
    private final DeviceTable deviceTable;
    private final Translator translator;
    private final FaultReport faults;
    private UnitListener listener = UnitListener.NONE;
    private final QemuParts qemu;
    private final BlockedRequests blockedRequests;
    private boolean translating;

    /**
     * Makes a unit in the state that the profile's registers describe, with empty caches.
     *
     * @throws IllegalArgumentException if the profile names an unknown setting
     */
    public AmdViUnit(UnitProfile profile, PhysicalMemory memory) {
        this.memory = memory;
        var settings = UnitSettings.of(profile);
        blockedRequests = settings.blockedRequests();
        registers = HardwareState.registers(profile, settings);
        deviceTable = new DeviceTable(registers, memory,
                ExtendedFeature.levels(registers.get(AmdViRegisters.EXTENDED_FEATURE)));
        Caches caches = Caches.of(settings);
        qemu = !settings.asQemu() ? null
                : new QemuParts(settings, registers, memory, () -> listener.faultInterrupt());
        translator = new Translator(registers, memory, deviceTable, caches, settings,
                qemu == null ? null : qemu.translator());
        var events = new EventLog(registers, memory, qemu == null,
                () -> listener.faultInterrupt());
        faults = new FaultReport(events, caches.entries());
        var invalidation = new Invalidation(caches, what -> listener.invalidated(what));
        Commands commands = qemu != null
                ? qemu.commands(invalidation, what -> listener.invalidated(what))
                : new CommandBuffer(registers, memory, invalidation, events);
        translating = Control.IOMMU_EN.isSet(registers.get(AmdViRegisters.CONTROL));
        new ControlHandler(registers, commands, events, qemu == null, on -> {
            translating = on;
            if (!on && settings.flushOnDisable()) {
                invalidation.everything("everything, by IommuEn");
            }
            listener.translation(on);
        });
    }

    @Override
    public long translate(int requester, long address, int access) {
        if (!translating) {
            return Translation.untranslated();
        }
        long translation = translator.translate(RequesterId.sourceId(requester), address, access);
        if (Translation.isBlocked(translation)) {
            tell(requester, address, access);
        }
        return translation;
    }

    @Override
    public long interrupt(int requester, long address, int data) {
        if (!looksAtMessages()) {
            return Interrupt.unchanged();
        }
        long interrupt = translator.interrupt(RequesterId.sourceId(requester), address, data);
        if (Interrupt.isBlocked(interrupt)) {
            tell(requester, address, Access.WRITE);
        }
        return interrupt;
    }

    /** QEMU remaps messages of a unit that is not enabled. */
    private boolean looksAtMessages() {
        return translating || qemu != null;
    }

    @Override
    public Message firstMessage(int requester) {
        var entry = new WalkResult();
        return translating
                && deviceTable.read(RequesterId.sourceId(requester), entry, WalkListener.NONE)
                ? translator.interrupts().firstMessage(entry.interrupts) : null;
    }

    private void tell(int requester, long address, int access) {
        WalkResult result = translator.result();
        if (result.denied) {
            listener.denied(requester, result.page, result.pageShift);
        }
        boolean logged = qemu != null ? qemu.hasLogged()
                : faults.report(RequesterId.sourceId(requester), address, access, result);
        listener.blocked(record(requester, address, access, result.fault.number()), logged);
    }

    @Override
    public long explain(int requester, long address, int access, WalkListener walkListener) {
        return translating ? translator.explain(RequesterId.sourceId(requester), address, access,
                walkListener) : Translation.untranslated();
    }

    @Override
    public long follow(int requester, int pasid, long address, int access,
            WalkListener walkListener) {
        if (pasid >= 0) {
            throw new UnsupportedOperationException("this unit takes no requests with PASID");
        }
        return translating ? translator.follow(RequesterId.sourceId(requester), address, access,
                walkListener) : Translation.untranslated();
    }

    @Override
    public long followInterrupt(int requester, long address, int data,
            WalkListener walkListener) {
        return looksAtMessages() ? translator.followInterrupt(RequesterId.sourceId(requester),
                address, data, walkListener) : Interrupt.unchanged();
    }

    @Override
    public void mappings(MappingVisitor visitor) {
        visitor.structure(base(AmdViRegisters.DEV_TAB), AmdViRegisters.deviceTableBytes(
                registers.get(AmdViRegisters.DEV_TAB)));
        for (Register buffer : List.of(AmdViRegisters.CMD_BUF, AmdViRegisters.EVENT_LOG)) {
            visitor.structure(base(buffer), AmdViRegisters.bufferBytes(registers.get(buffer)));
        }
        new TableEnumeration(memory, deviceTable).tell(visitor);
    }

    private long base(Register register) {
        return AmdViRegisters.BASE.inPlace(registers.get(register));
    }

    @Override
    public boolean translating() {
        return translating;
    }

    @Override
    public long readRegister(int offset, int bytes) {
        return qemu != null && bytes == 1 ? QemuParts.BYTE : registers.read(offset, bytes);
    }

    @Override
    public void writeRegister(int offset, int bytes, long value) {
        if (qemu != null && bytes == 1) {
            qemu.writeByte(offset);
        } else {
            registers.write(offset, bytes, value);
        }
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
        EventCode code = EventCode.of(reason);
        return new FaultRecord(requester, address, access, reason,
                "amdvi:" + (code == null ? "0x" + Integer.toHexString(reason) : code.name()),
                code == null ? "Unknown" : code.text());
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
