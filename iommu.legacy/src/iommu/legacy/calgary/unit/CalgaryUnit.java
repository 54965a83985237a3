// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.unit;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.BlockedRequests;
import iommu.api.unit.FaultRecord;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.Translation;
import iommu.api.unit.UnitListener;
import iommu.api.unit.WalkListener;
import iommu.legacy.calgary.CalgaryRegisters;
import iommu.legacy.calgary.ChannelError;
import iommu.legacy.calgary.TableSize;
import iommu.legacy.calgary.TranslationEntry;

/**
 * A Calgary chip: four PHBs, each of which serves a range of buses and has one table for all that
 * is on them. A request that its table does not grant is refused, and noted in the PHB's status
 * until software has cleared it; nothing announces that. Interrupt messages pass.
 *
 * <p>CalIOC2, for PCI Express, is a setting: its first MiB is never translated, and it is stopped
 * to drop what it caches. What it does with requests meanwhile is not modelled.
 *
 * <p>Registers that a profile does not name: PHB 0 serves all buses, nothing is translated.
 *
 * <p>Source: Linux, pci-calgary_64.c: what its code relies on. What it does not tell is a setting
 * or said to be assumed.
 */
public final class CalgaryUnit implements RemappingUnit {

    private static final int BUSES = 256;
    private static final int NONE = -1;
    private static final int LONG_SHIFT = 3;
    /** All buses on PHB 0. */
    private static final int ALL_BUSES = 0xff00;

    private final PhysicalMemory memory;
    private final RegisterSpace registers;
    private final UnitSettings settings;
    private final BlockedRequests blockedRequests;
    private final HostBridge[] bridges = new HostBridge[CalgaryRegisters.PHBS];
    /** The PHB of each bus, -1 for none. */
    private final int[] bridgeOf = new int[BUSES];
    private UnitListener listener = UnitListener.NONE;

    /**
     * Makes a chip in the state that the profile's registers describe, with empty caches.
     *
     * @throws IllegalArgumentException if the profile names an unknown setting
     */
    public CalgaryUnit(UnitProfile profile, PhysicalMemory memory) {
        this.memory = memory;
        settings = UnitSettings.of(profile);
        blockedRequests = settings.blockedRequests();
        registers = new RegisterSpace(profile.registers());
        boolean told = false;
        for (int i = 0; i < bridges.length; i++) {
            bridges[i] = new HostBridge(i, registers, memory, settings);
            registers.write(CalgaryRegisters.splitQueue(i), Long.BYTES,
                    CalgaryRegisters.QUEUE_IDLE);
            told |= registers.get32(CalgaryRegisters.stuff(i)) != 0;
        }
        if (!told) {
            registers.set32(CalgaryRegisters.stuff(0), ALL_BUSES);
        }
        assignBuses();
    }

    private void assignBuses() {
        java.util.Arrays.fill(bridgeOf, NONE);
        for (int i = 0; i < bridges.length; i++) {
            for (int bus = firstBus(i); bus <= lastBus(i); bus++) {
                bridgeOf[bus] = i;
            }
        }
    }

    private int firstBus(int phb) {
        return (int) CalgaryRegisters.FIRST_BUS.of(registers.get32(CalgaryRegisters.stuff(phb)));
    }

    /** Returns the last bus; one before the first if nothing is told. */
    private int lastBus(int phb) {
        int stuff = registers.get32(CalgaryRegisters.stuff(phb));
        int last = (int) CalgaryRegisters.LAST_BUS.of(stuff);
        return stuff == 0 ? NONE : Math.max(last, firstBus(phb));
    }

    // ---- requests -------------------------------------------------------------------------------

    @Override
    public long translate(int requester, long address, int access) {
        int phb = bridgeOf[RequesterId.bus(requester)];
        if (phb < 0) {
            return Translation.untranslated();
        }
        long translation = bridges[phb].translate(address, access);
        if (Translation.isBlocked(translation)) {
            boolean noted = !bridges[phb].refusesAll()
                    && bridges[phb].record(RequesterId.device(requester));
            listener.blocked(record(RequesterId.sourceId(requester), address, access,
                    Translation.reason(translation)), noted);
        }
        return translation;
    }

    @Override
    public long explain(int requester, long address, int access, WalkListener walkListener) {
        return tell(requester, address, access, false, walkListener);
    }

    @Override
    public long follow(int requester, int pasid, long address, int access,
            WalkListener walkListener) {
        if (pasid >= 0) {
            throw new UnsupportedOperationException("this unit takes no requests with PASID");
        }
        return tell(requester, address, access, true, walkListener);
    }

    private long tell(int requester, long address, int access, boolean cached,
            WalkListener walkListener) {
        int phb = bridgeOf[RequesterId.bus(requester)];
        return phb < 0 ? Translation.untranslated()
                : bridges[phb].tell(address, access, cached, walkListener);
    }

    @Override
    public boolean translating() {
        for (HostBridge bridge : bridges) {
            if (bridge.translates()) {
                return true;
            }
        }
        return false;
    }

    // ---- tables ---------------------------------------------------------------------------------

    /** The first bus of a PHB stands for all of them. */
    @Override
    public int tableOf(int requester) {
        int phb = bridgeOf[RequesterId.bus(requester)];
        return phb < 0 ? requester
                : requester & -1 << 16 | RequesterId.of(0, firstBus(phb), 0, 0);
    }

    @Override
    public void mappings(MappingVisitor visitor) {
        for (int phb = 0; phb < bridges.length; phb++) {
            int requester = RequesterId.of(0, firstBus(phb), 0, 0);
            if (bridges[phb].translates()) {
                mappings(phb, requester, visitor);
            } else if (lastBus(phb) >= 0) {
                visitor.passThrough(requester, phb);
            }
        }
    }

    private void mappings(int phb, int requester, MappingVisitor visitor) {
        long base = bridges[phb].tableBase();
        int entries = TableSize.entries(bridges[phb].tableSize());
        visitor.structure(base, (long) entries * TranslationEntry.BYTES);
        for (int i = 0; i < entries; i++) {
            long at = base + ((long) i << LONG_SHIFT);
            long entry = memory.contains(at, TranslationEntry.BYTES)
                    ? TranslationEntry.swap(memory.read64(at)) : 0;
            if (TranslationEntry.access(entry) != Access.NONE) {
                visitor.mapping(requester, phb, (long) i << TranslationEntry.PAGE_SHIFT,
                        TranslationEntry.RPN.inPlace(entry), 1L << TranslationEntry.PAGE_SHIFT,
                        TranslationEntry.access(entry));
            }
        }
    }

    // ---- registers ------------------------------------------------------------------------------

    @Override
    public int registerBytes() {
        return CalgaryRegisters.BYTES;
    }

    @Override
    public long readRegister(int offset, int bytes) {
        for (int phb = 0; settings.isCalIoc2() && phb < bridges.length; phb++) {
            if (touches(offset, bytes, CalgaryRegisters.phb(phb, CalgaryRegisters.PAGE_MIG_CTRL),
                    Integer.BYTES)) {
                bridges[phb].looksAtStop();
            }
        }
        return registers.read(offset, bytes);
    }

    @Override
    public void writeRegister(int offset, int bytes, long value) {
        boolean before = translating();
        registers.write(offset, bytes, value);
        for (int phb = 0; phb < bridges.length; phb++) {
            effects(phb, offset, bytes);
        }
        if (translating() != before) {
            listener.translation(!before);
        }
    }

    private void effects(int phb, int offset, int bytes) {
        if (touches(offset, bytes, CalgaryRegisters.tar(phb), Long.BYTES)) {
            bridges[phb].dropCache();
            if (listener.hearsInvalidations()) {
                listener.invalidated("TCE cache of PHB " + phb);
            }
        } else if (touches(offset, bytes, CalgaryRegisters.stuff(phb), Integer.BYTES)) {
            assignBuses();
        } else if (touches(offset, bytes, CalgaryRegisters.phb(phb, CalgaryRegisters.CSR),
                Integer.BYTES)) {
            registers.set32(CalgaryRegisters.phb(phb, CalgaryRegisters.PLSSR), 0);
        }
    }

    private static boolean touches(int offset, int bytes, int register, int size) {
        return offset < register + size && register < offset + bytes;
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
        ChannelError error = ChannelError.of(reason);
        return new FaultRecord(requester, address, access, reason,
                "calgary:" + (error == null ? reason : error.name()),
                error == null ? "unknown" : error.text());
    }

    @Override
    public BlockedRequests blockedRequests() {
        return blockedRequests;
    }
}
