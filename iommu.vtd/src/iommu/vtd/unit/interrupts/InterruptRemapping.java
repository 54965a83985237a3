// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.interrupts;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import iommu.api.bits.RegisterFile;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Message;
import iommu.api.pcie.RequesterId;
import iommu.api.unit.CacheLookup;
import iommu.api.unit.Interrupt;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.WalkListener;
import iommu.vtd.Capability;
import iommu.vtd.FaultReason;
import iommu.vtd.GlobalCommand;
import iommu.vtd.InterruptRemapEntry;
import iommu.vtd.InterruptRequest;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.caches.InterruptEntryCache;
import iommu.vtd.unit.registers.UnitCapabilities;
import iommu.vtd.unit.requests.EntryFormatter;
import iommu.vtd.unit.tables.TableReader;

/**
 * Remaps interrupt requests. Allocates nothing; its caller records faults.
 *
 * <p>Source: VT-d, "Interrupt Remapping", with the order of its checks; "Interrupt Remapping Fault
 * Conditions".
 */
public final class InterruptRemapping {

    /** Of a blocked outcome: the interrupt index. */
    public static final BitField FAULT_INDEX = bits(49, 32);
    /** Of a blocked outcome: the entry disables the recording of its faults. */
    public static final BitField FAULT_DISABLED = bit(50);

    /** The entry decides; neither blocked nor unchanged. */
    private static final long UNDECIDED = 0;
    private static final int SVT_NONE = 0;
    private static final int SVT_SOURCE = 1;
    private static final int SVT_BUS_RANGE = 2;
    /** Bits of the source id that each qualifier leaves out. */
    private static final int[] QUALIFIER_IGNORES = {0, 4, 6, 7};

    private static final int ENTRIES_OF_PAGE =
            PhysicalMemory.PAGE_BYTES / InterruptRemapEntry.BYTES;

    private final RegisterFile registers;
    private final TableReader tables;
    private final UnitCapabilities unit;
    private final InterruptEntryCache cache;
    /** Compatibility format passes, entries are not cached, first and last bus are exchanged. */
    private final boolean asQemu;
    private long table;
    private boolean extended;
    private int entries;

    public InterruptRemapping(RegisterFile registers, TableReader tables, UnitCapabilities unit,
            InterruptEntryCache cache) {
        this.registers = registers;
        this.tables = tables;
        this.unit = unit;
        this.cache = cache;
        asQemu = unit.settings().registersAsQemu();
        latch();
    }

    /** Does what Set Interrupt Remap Table Pointer does. */
    public void setTable() {
        latch();
        if (Capability.ESIRTPS.isSet(unit.cap())) {
            cache.invalidateAll();
        }
    }

    /** Tells where the table lies, if it is in use. */
    public void tell(MappingVisitor visitor) {
        if (GlobalCommand.IRE.isSet(registers.get(VtdRegisters.GSTS))) {
            visitor.structure(table, (long) entries * InterruptRemapEntry.BYTES);
        }
    }

    /** Returns the request for the first remapped entry that is a requester's alone, or null. */
    public Message firstMessage(int requester, PhysicalMemory memory) {
        if (!GlobalCommand.IRE.isSet(registers.get(VtdRegisters.GSTS))) {
            return null;
        }
        for (int index = 0; index < entries; index++) {
            long at = entry(index);
            if (!memory.pageIsKnown(at & -PhysicalMemory.PAGE_BYTES)) {
                index |= ENTRIES_OF_PAGE - 1;
            } else {
                long q0 = memory.read64(at);
                long q1 = memory.read64(at + 8);
                if (InterruptRemapEntry.P.isSet(q0) && !InterruptRemapEntry.IM.isSet(q0)
                        && InterruptRemapEntry.SVT.of(q1) == SVT_SOURCE
                        && isFor(RequesterId.sourceId(requester), q1)) {
                    return new Message(InterruptRequest.address(index), 0);
                }
            }
        }
        return null;
    }

    private void latch() {
        long irta = registers.get(VtdRegisters.IRTA);
        table = VtdRegisters.IRTA_BASE.inPlace(irta);
        extended = VtdRegisters.EIME.isSet(irta);
        entries = 2 << VtdRegisters.S.of(irta);
    }

    /**
     * Returns what becomes of a request, packed as {@link Interrupt} says; a blocked one with
     * {@link #FAULT_INDEX} and {@link #FAULT_DISABLED} in the bits above the reason.
     */
    public long remap(int requester, long address, int data) {
        return remap(requester, address, data, cache, WalkListener.NONE);
    }

    /** Returns what {@link #remap} would, changes nothing, and tells the entry. */
    public long follow(int requester, long address, int data, WalkListener listener) {
        return remap(requester, address, data, cache.copy(), listener);
    }

    private long remap(int requester, long address, int data, InterruptEntryCache entryCache,
            WalkListener listener) {
        long early = withoutEntry(address, data);
        if (early != UNDECIDED) {
            InterruptEntryFormatter.tellEarly(early, listener);
            return early;
        }
        // 5. The entry comes from the cache or from memory; absent ones are not cached.
        int index = InterruptRequest.index(address, data);
        int slot = asQemu ? -1 : entryCache.find(index);
        if (slot >= 0) {
            long low = entryCache.low(slot);
            long high = entryCache.high(slot);
            if (listener != WalkListener.NONE) {
                tellHit(requester, index, low, high, listener);
            }
            return deliver(requester, index, low, high);
        }
        long at = entry(index);
        if (!tables.contains(at, InterruptRemapEntry.BYTES)) {
            return blocked(EntryFormatter.unreadable(listener, InterruptEntryFormatter.ENTRY, at,
                    FaultReason.INTERRUPT_TABLE_ACCESS), index, false);
        }
        long q0 = tables.read64(at);
        long q1 = tables.read64(at + 8);
        if (!asQemu && InterruptRemapEntry.P.isSet(q0)) {
            entryCache.insert(index, q0, q1);
        }
        long outcome = deliver(requester, index, q0, q1);
        if (listener != WalkListener.NONE) {
            InterruptEntryFormatter.tell(index, at, q0, q1, outcome, reserved(q0, q1),
                    CacheLookup.miss(InterruptEntryFormatter.CACHE), listener);
        }
        return outcome;
    }

    private long entry(int index) {
        return table + (long) index * InterruptRemapEntry.BYTES;
    }

    /** Tells the entry as memory has it now, and beside what the cache holds. */
    private void tellHit(int requester, int index, long low, long high, WalkListener listener) {
        long at = entry(index);
        if (!tables.contains(at, InterruptRemapEntry.BYTES)) {
            EntryFormatter.unreadable(listener, InterruptEntryFormatter.ENTRY, at,
                    FaultReason.INTERRUPT_TABLE_ACCESS);
            return;
        }
        long q0 = tables.read64(at);
        long q1 = tables.read64(at + 8);
        long cached = deliver(requester, index, low, high);
        String held = Interrupt.isBlocked(cached) ? FaultReason.text(Interrupt.reason(cached))
                : InterruptEntryFormatter.describe(cached);
        InterruptEntryFormatter.tell(index, at, q0, q1, deliver(requester, index, q0, q1),
                reserved(q0, q1), CacheLookup.hit(InterruptEntryFormatter.CACHE, held,
                        low != q0 || high != q1), listener);
    }

    /** Returns what becomes of a request for which no entry is needed, or {@link #UNDECIDED}. */
    private long withoutEntry(long address, int data) {
        long status = registers.get(VtdRegisters.GSTS);
        // 1. With remapping disabled every request passes.
        if (!GlobalCommand.IRE.isSet(status)) {
            return Interrupt.unchanged();
        }
        // 2. A compatibility-format request passes or is blocked, as CFI says in xAPIC mode.
        if (!InterruptRequest.FORMAT.isSet(address)) {
            boolean passes = asQemu || !extended && GlobalCommand.CFI.isSet(status);
            return passes ? Interrupt.unchanged()
                    : blocked(FaultReason.INTERRUPT_COMPATIBILITY, 0, false);
        }
        // 3. Reserved fields of a remappable request must be 0.
        int index = InterruptRequest.index(address, data);
        if (InterruptRequest.SHV.isSet(address)
                && InterruptRequest.DATA_RESERVED.isSet(Integer.toUnsignedLong(data))) {
            return blocked(FaultReason.INTERRUPT_REQUEST_RESERVED, index, false);
        }
        // 4. The index must lie in the table.
        return index >= entries ? blocked(FaultReason.INTERRUPT_INDEX, index, false) : UNDECIDED;
    }

    private long deliver(int requester, int index, long q0, long q1) {
        boolean disabled = InterruptRemapEntry.FPD.isSet(q0);
        // 6. The entry must be present, 7. with reserved fields 0,
        if (!InterruptRemapEntry.P.isSet(q0)) {
            return blocked(FaultReason.INTERRUPT_NOT_PRESENT, index, disabled);
        }
        if (malformed(q0, q1)) {
            return blocked(FaultReason.INTERRUPT_RESERVED, index, disabled);
        }
        // 8. and for this source.
        boolean unknown = asQemu && requester == RequesterId.NONE;
        if (!unknown && !isFor(RequesterId.sourceId(requester), q1)) {
            return blocked(FaultReason.INTERRUPT_SOURCE, index, disabled);
        }
        return InterruptRemapEntry.IM.isSet(q0) && !asQemu
                ? Interrupt.posted(InterruptRemapEntry.descriptor(q0, q1))
                : Interrupt.delivered((int) InterruptRemapEntry.V.of(q0),
                        (int) InterruptRemapEntry.DLM.of(q0), InterruptRemapEntry.DM.isSet(q0),
                        InterruptRemapEntry.TM.isSet(q0), InterruptRemapEntry.RH.isSet(q0),
                        extended ? InterruptRemapEntry.DST.of(q0)
                                : InterruptRemapEntry.DST_XAPIC.of(q0));
    }

    private static long blocked(FaultReason reason, int index, boolean disabled) {
        return Interrupt.blocked(reason.number()) | FAULT_INDEX.with(0, index)
                | (disabled ? FAULT_DISABLED.mask() : 0);
    }

    private boolean malformed(long q0, long q1) {
        if (asQemu) {
            // neither IM nor what xAPIC mode leaves of the destination is looked at
            return (q0 & InterruptRemapEntry.RESERVED_LOW) != 0
                    || (q1 & InterruptRemapEntry.RESERVED_HIGH) != 0;
        }
        return InterruptRemapEntry.IM.isSet(q0) && !Capability.PI.isSet(unit.cap())
                || (q0 & reservedLow(q0)) != 0 || (q1 & reservedHigh(q0)) != 0
                || InterruptRemapEntry.SVT.of(q1) > SVT_BUS_RANGE;
    }

    private long reservedLow(long q0) {
        return InterruptRemapEntry.IM.isSet(q0) ? InterruptRemapEntry.POSTED_RESERVED_LOW
                : InterruptRemapEntry.RESERVED_LOW
                        | (extended ? 0 : InterruptRemapEntry.RESERVED_XAPIC);
    }

    private static long reservedHigh(long q0) {
        return InterruptRemapEntry.IM.isSet(q0) ? InterruptRemapEntry.POSTED_RESERVED_HIGH
                : InterruptRemapEntry.RESERVED_HIGH;
    }

    private long[] reserved(long q0, long q1) {
        return new long[] {q0 & reservedLow(q0), q1 & reservedHigh(q0)};
    }

    private boolean isFor(int source, long q1) {
        int sid = (int) InterruptRemapEntry.SID.of(q1);
        int type = (int) InterruptRemapEntry.SVT.of(q1);
        if (type == SVT_NONE) {
            return true;
        }
        if (type == SVT_SOURCE) {
            int ignored = QUALIFIER_IGNORES[(int) InterruptRemapEntry.SQ.of(q1)];
            return (source & ~ignored) == (sid & ~ignored);
        }
        if (type > SVT_BUS_RANGE) {
            return false;
        }
        int bus = source >>> 8;
        return asQemu ? bus >= (sid & 0xff) && bus <= sid >>> 8
                : bus >= sid >>> 8 && bus <= (sid & 0xff);
    }
}
