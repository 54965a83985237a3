// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.interrupts;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Control;
import iommu.amdvi.DeviceTableEntry;
import iommu.amdvi.Event;
import iommu.amdvi.EventCode;
import iommu.amdvi.InterruptEntry;
import iommu.amdvi.WideInterruptEntry;
import iommu.amdvi.unit.caches.InterruptCache;
import iommu.amdvi.unit.tables.EntryFormatter;
import iommu.amdvi.unit.tables.WalkResult;
import iommu.api.bits.BitField;
import iommu.api.bits.RegisterFile;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Message;
import iommu.api.unit.CacheLookup;
import iommu.api.unit.Interrupt;
import iommu.api.unit.WalkListener;

/**
 * What becomes of an interrupt message: the device table entry aborts it, forwards it, or remaps it
 * through a table. Entries of that table are of 32 bits, or with GaEn of 128.
 *
 * <p>Messages that are neither fixed nor arbitrated pass only with a physical destination.
 * Uncertain: which event a blocked NMI, INIT or ExtInt leaves, and what a reserved interrupt type
 * does; here it is an IO_PAGE_FAULT with I, as for fixed ones. Not expressible as a message: LINT0
 * and LINT1. An interrupt for a guest is posted; whether that guest runs is not looked at,
 * and its log not written. Source: 48882, "Interrupt Remapping Tables".
 */
public final class InterruptRemapping {

    private static final BitField DELIVERY_MODE = bits(10, 8);
    /** DM of a message's address. */
    private static final BitField LOGICAL = bit(2);
    private static final long INTERRUPT_RANGE = 0xfee0_0000L;
    /** The entry decides; neither blocked nor unchanged. */
    private static final long UNDECIDED = 0;
    private static final int FIXED = 0;
    private static final int ARBITRATED = 1;
    private static final int SMI = 2;
    private static final int NMI = 4;
    private static final int INIT = 5;
    private static final int EXT_INT = 7;

    private final RegisterFile registers;
    private final PhysicalMemory memory;
    private final InterruptCache cache;
    private final WalkListener listener;

    public InterruptRemapping(RegisterFile registers, PhysicalMemory memory,
            InterruptCache cache) {
        this(registers, memory, cache, WalkListener.NONE);
    }

    private InterruptRemapping(RegisterFile registers, PhysicalMemory memory,
            InterruptCache cache, WalkListener listener) {
        this.registers = registers;
        this.memory = memory;
        this.cache = cache;
        this.listener = listener;
    }

    /** Returns the same over another cache, which tells entries to a listener. */
    public InterruptRemapping over(InterruptCache other, WalkListener hears) {
        return new InterruptRemapping(registers, memory, other, hears);
    }

    private boolean control(BitField field) {
        return field.isSet(registers.get(AmdViRegisters.CONTROL));
    }

    /**
     * Remaps a message.
     *
     * @param q2 interrupt quadword of the device's entry
     * @param result gets the fault
     * @return packed as {@link Interrupt}; a fault is told by {@code result} too
     */
    public long remap(int device, long address, int data, long q2, WalkResult result) {
        long early = withoutEntry(address, data, q2, result);
        if (early != UNDECIDED) {
            return early;
        }
        // 6. The entry comes from the cache or from memory.
        int index = (int) InterruptEntry.MESSAGE_INDEX.of(data);
        int known = cached(device, index);
        int slot = known;
        if (slot < 0) {
            long at = place(index, q2);
            if (!memory.contains(at, entryBytes())) {
                tell(index, q2, known, 0);
                return blocked(result, EventCode.PAGE_TAB_HARDWARE_ERROR,
                        Event.INTERRUPT | Event.MASTER_ABORT, at);
            }
            slot = cache.insert(device, index, low(at), high(at));
        }
        long outcome = deliver(cache.low(slot), cache.high(slot), q2, result);
        if (listener != WalkListener.NONE) {
            tell(index, q2, known, outcome);
        }
        return outcome;
    }

    /** Tells the entry as memory has it, and what the cache has of it. */
    private void tell(int index, long q2, int slot, long outcome) {
        long at = place(index, q2);
        if (!memory.contains(at, entryBytes())) {
            EntryFormatter.unreadable(listener, InterruptEntryFormatter.ENTRY, at,
                    EventCode.PAGE_TAB_HARDWARE_ERROR);
            return;
        }
        long now = deliver(low(at), high(at), q2, new WalkResult());
        InterruptEntryFormatter.tell(index, at, low(at), high(at), control(Control.GA_EN), now,
                slot < 0 ? CacheLookup.miss(InterruptEntryFormatter.CACHE)
                        : CacheLookup.hit(InterruptEntryFormatter.CACHE,
                                InterruptEntryFormatter.describe(outcome),
                                cache.low(slot) != low(at)
                                        || cache.high(slot) != high(at)), listener);
    }

    /** Returns what becomes of a message that needs no entry, or {@link #UNDECIDED}. */
    private long withoutEntry(long address, int data, long q2, WalkResult result) {
        // 1. IV = 0: nothing is remapped.
        if (!DeviceTableEntry.IV.isSet(q2)) {
            return Interrupt.unchanged();
        }
        // 2. A reserved bit of that half of the entry: ILLEGAL_DEV_TABLE_ENTRY with RZ.
        if (DeviceTableEntry.RESERVED_INTERRUPTS.isSet(q2)) {
            return illegal(result);
        }
        // 3. Messages that are not fixed or arbitrated pass by a bit of their own, SMIs always,
        // but none with DM = 1.
        int mode = deliveryMode(data);
        if (mode != FIXED && mode != ARBITRATED && !longIndex()) {
            return passes(mode, q2) && !isLogical(address) ? Interrupt.unchanged()
                    : unmapped(result, 0);
        }
        // 4. IntCtl: abort, forward or remap; its other value is reserved, as are long tables.
        int action = (int) DeviceTableEntry.INT_CTL.of(q2);
        long length = DeviceTableEntry.INT_TAB_LEN.of(q2);
        if (action == DeviceTableEntry.INT_FORWARD) {
            return Interrupt.unchanged();
        }
        if (action == DeviceTableEntry.INT_ABORT) {
            return unmapped(result, 0);
        }
        if (action != DeviceTableEntry.INT_REMAP || length > DeviceTableEntry.MAX_INT_TAB_LEN) {
            return illegal(result);
        }
        // 5. An index beyond the table has no entry. IG keeps that out of the log.
        if (InterruptEntry.MESSAGE_INDEX.of(data) >= 1 << length) {
            unmapped(result, 0);
            result.silent = DeviceTableEntry.IG.isSet(q2);
            return Interrupt.blocked(result.fault.number());
        }
        return UNDECIDED;
    }

    private long deliver(long low, long high, long q2, WalkResult result) {
        // 7. RemapEn = 0: the interrupt is not mapped. IG and SupIOPF keep that out of the log.
        if (!InterruptEntry.REMAP_EN.isSet(low)) {
            unmapped(result, 0);
            result.silent = DeviceTableEntry.IG.isSet(q2) || InterruptEntry.SUP_IO_PF.isSet(low);
            return Interrupt.blocked(result.fault.number());
        }
        return message(low, high, result);
    }

    /**
     * Returns the message for the first entry of a device's table that delivers something, or null.
     *
     * @param q2 interrupt quadword of the device's entry
     */
    public Message firstMessage(long q2) {
        long length = DeviceTableEntry.INT_TAB_LEN.of(q2);
        if (!DeviceTableEntry.IV.isSet(q2) || length > DeviceTableEntry.MAX_INT_TAB_LEN
                || DeviceTableEntry.INT_CTL.of(q2) != DeviceTableEntry.INT_REMAP) {
            return null;
        }
        for (int index = 0; index < 1 << length; index++) {
            long at = place(index, q2);
            if (memory.pageIsKnown(at & -PhysicalMemory.PAGE_BYTES)) {
                int low = memory.read32(at);
                if (InterruptEntry.REMAP_EN.isSet(low) && !InterruptEntry.GUEST_MODE.isSet(low)) {
                    return new Message(INTERRUPT_RANGE, index);
                }
            }
        }
        return null;
    }

    /** With 2048 interrupts a device the index takes the bits of the delivery mode. */
    private boolean longIndex() {
        return Control.NUM_INT_REMAP_MODE.of(registers.get(AmdViRegisters.CONTROL)) == 1;
    }

    /** Returns the delivery mode of a message. */
    public static int deliveryMode(int data) {
        return (int) DELIVERY_MODE.of(data);
    }

    /** Returns whether the destination of a message is logical. */
    public static boolean isLogical(long address) {
        return LOGICAL.isSet(address);
    }

    /** Returns whether a device's entry lets messages pass that are not fixed or arbitrated. */
    public static boolean passes(int mode, long q2) {
        return switch (mode) {
            case SMI -> true;
            case NMI -> DeviceTableEntry.NMI_PASS.isSet(q2);
            case INIT -> DeviceTableEntry.INIT_PASS.isSet(q2);
            case EXT_INT -> DeviceTableEntry.E_INT_PASS.isSet(q2);
            default -> false;
        };
    }

    private long message(long low, long high, WalkResult result) {
        boolean wide = control(Control.GA_EN);
        if (InterruptEntry.GUEST_MODE.isSet(low) && wide) {
            return Interrupt.posted(WideInterruptEntry.GUEST_ROOT.inPlace(high));
        }
        long type = InterruptEntry.INT_TYPE.of(low);
        if (InterruptEntry.GUEST_MODE.isSet(low) || type > ARBITRATED) {
            unmapped(result, Event.PRESENT | Event.RESERVED);
            result.silent = InterruptEntry.SUP_IO_PF.isSet(low);
            return Interrupt.blocked(result.fault.number());
        }
        long destination = !wide ? InterruptEntry.DESTINATION.of(low)
                : WideInterruptEntry.destination(low, high)
                        & (control(Control.XT_EN) ? 0xffff_ffffL : 0xff);
        long vector = wide ? WideInterruptEntry.VECTOR.of(high) : InterruptEntry.VECTOR.of(low);
        return Interrupt.delivered((int) vector, (int) type, InterruptEntry.DM.isSet(low),
                InterruptEntry.RQ_EOI.isSet(low), false, destination);
    }

    private int cached(int device, int index) {
        return control(Control.IRT_CACHE_DIS) ? -1 : cache.find(device, index);
    }

    private int entryBytes() {
        return control(Control.GA_EN) ? WideInterruptEntry.BYTES : InterruptEntry.BYTES;
    }

    private long place(int index, long q2) {
        return (DeviceTableEntry.INT_ROOT.of(q2) << 6) + (long) index * entryBytes();
    }

    private long low(long at) {
        return control(Control.GA_EN) ? memory.read64(at)
                : Integer.toUnsignedLong(memory.read32(at));
    }

    private long high(long at) {
        return control(Control.GA_EN) ? memory.read64(at + 8) : 0;
    }

    private static long illegal(WalkResult result) {
        return blocked(result, EventCode.ILLEGAL_DEV_TABLE_ENTRY,
                Event.INTERRUPT | Event.RESERVED, 0);
    }

    private static long unmapped(WalkResult result, int flags) {
        return blocked(result, EventCode.IO_PAGE_FAULT, Event.INTERRUPT | flags, 0);
    }

    private static long blocked(WalkResult result, EventCode code, int flags, long address) {
        result.fail(code, flags, address);
        return Interrupt.blocked(code.number());
    }
}
