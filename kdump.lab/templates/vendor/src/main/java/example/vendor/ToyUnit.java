// SPDX-License-Identifier: Apache-2.0
package example.vendor;

import static example.vendor.ToyLayout.*;

import iommu.api.bits.Register;
import iommu.api.bits.RegisterFile;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.CacheLookup;
import iommu.api.unit.FaultRecord;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.Translation;
import iommu.api.unit.UnitListener;
import iommu.api.unit.WalkListener;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The hardware: registers, a translation cache, fault records. It sits on one bus: of a requester's
 * id it looks at device and function. It knows no kernel. One thread.
 */
final class ToyUnit implements RemappingUnit {

    /** Setting: how many pages the cache holds, a power of two. */
    static final String TLB_ENTRIES = "tlbEntries";
    private static final int REGISTER_BYTES = 4096;
    private static final long EMPTY = -1;

    private final RegisterFile registers = new RegisterFile(REGISTER_BYTES, registers());
    private final ToyWalk walk;
    /**
     * Direct-mapped: function and page, and what its entry said when it was read. What is not
     * mapped is not kept: kernels invalidate nothing when they map.
     */
    private final long[] keys;
    private final long[] entries;
    private UnitListener listener = UnitListener.NONE;

    ToyUnit(UnitProfile profile, PhysicalMemory memory) {
        for (String name : profile.settings().keySet()) {
            if (!name.equals(TLB_ENTRIES)) {
                throw new IllegalArgumentException("unknown setting '" + name + "'");
            }
        }
        long size = profile.setting(TLB_ENTRIES, 64);
        if (size < 1 || size > 1 << 16 || Long.bitCount(size) != 1) {
            throw new IllegalArgumentException(TLB_ENTRIES + " = " + size
                    + ", expected a power of two up to 65536");
        }
        keys = new long[(int) size];
        entries = new long[(int) size];
        Arrays.fill(keys, EMPTY);
        walk = new ToyWalk(memory);
        registers().forEach(register -> restore(register, profile.registers()));
        registers.onWrite(CONTROL, (written, mask) -> control());
        registers.onWrite(INVALIDATE, (written, mask) -> invalidate(written));
    }

    /** A machine that goes on has registers; what is not named is as after a reset. */
    private void restore(Register register, Map<Integer, Integer> words) {
        long value = registers.get(register);
        for (int at = 0; at < register.bytes(); at += Integer.BYTES) {
            Integer word = words.get(register.offset() + at);
            if (word != null) {
                value = value & ~(0xffff_ffffL << 8 * at)
                        | Integer.toUnsignedLong(word) << 8 * at;
            }
        }
        registers.set(register, value);
    }

    // ---- registers ------------------------------------------------------------------------------

    @Override
    public int registerBytes() {
        return REGISTER_BYTES;
    }

    @Override
    public long readRegister(int offset, int bytes) {
        return registers.read(offset, bytes);
    }

    @Override
    public void writeRegister(int offset, int bytes, long value) {
        registers.write(offset, bytes, value);
    }

    private void control() {
        boolean on = ENABLE.isSet(registers.get(CONTROL));
        if (on != translating()) {
            registers.set(STATUS, ENABLED, on ? 1 : 0);
            listener.translation(on);
        }
    }

    private void invalidate(long written) {
        if (ALL.isSet(written)) {
            Arrays.fill(keys, EMPTY);
            listener.invalidated("all");
            return;
        }
        long page = ADDRESS.of(written);
        for (int i = 0; i < keys.length; i++) {
            if (keys[i] != EMPTY && (keys[i] & (1L << 20) - 1) == page) {
                keys[i] = EMPTY;
            }
        }
        listener.invalidated("a page");
    }

    // ---- translation ----------------------------------------------------------------------------

    @Override
    public boolean translating() {
        return ENABLED.isSet(registers.get(STATUS));
    }

    @Override
    public long translate(int requester, long address, int access) {
        if (!translating()) {
            return Translation.untranslated();
        }
        long entry;
        if (address >>> 32 != 0) {
            entry = Translation.blocked(TOO_WIDE);
        } else {
            long key = key(requester, address);
            int slot = slot(key);
            if (keys[slot] == key) {
                entry = entries[slot];
            } else {
                entry = walk.entry(registers.get(TABLE), requester, address);
                if (entry >= 0 && (READ.isSet(entry) || WRITE.isSet(entry))) {
                    keys[slot] = key;
                    entries[slot] = entry;
                }
            }
        }
        long outcome = ToyWalk.checked(entry, address, access);
        if (Translation.isBlocked(outcome)) {
            blocked(requester, address, access, Translation.reason(outcome));
        }
        return outcome;
    }

    private static long key(int requester, long address) {
        return (requester & FUNCTIONS - 1L) << 20 | address >>> PAGE_SHIFT;
    }

    private int slot(long key) {
        return (int) (key ^ key >>> 20) & keys.length - 1;
    }

    /** What would become of a request now: the cache is asked first, stale or not. */
    @Override
    public long follow(int requester, int pasid, long address, int access, WalkListener steps) {
        long key = key(requester, address);
        if (pasid >= 0 || !translating() || address >>> 32 != 0) {
            return RemappingUnit.super.follow(requester, pasid, address, access, steps);
        }
        boolean hit = keys[slot(key)] == key;
        long held = entries[slot(key)];
        long now = walk.entry(registers.get(TABLE), requester, address);
        steps.step("translation cache", address, new long[0], List.of(),
                hit ? "answers" : "is asked in vain", hit
                        ? CacheLookup.hit("TLB", "0x" + Long.toHexString(held), held != now)
                        : CacheLookup.miss("TLB"));
        return hit ? ToyWalk.checked(held, address, access)
                : explain(requester, address, access, steps);
    }

    @Override
    public long explain(int requester, long address, int access, WalkListener steps) {
        return translating() ? walk.explain(registers.get(TABLE), requester, address, access, steps)
                : Translation.untranslated();
    }

    @Override
    public void mappings(MappingVisitor visitor) {
        if (translating()) {
            walk.mappings(registers.get(TABLE), visitor);
        }
    }

    /** All functions of a number share a table, whatever bus their id names. */
    @Override
    public int tableOf(int requester) {
        return requester & FUNCTIONS - 1;
    }

    // ---- faults ---------------------------------------------------------------------------------

    private void blocked(int requester, long address, int access, int reason) {
        boolean recorded = false;
        for (int i = 0; i < RECORDS && !recorded; i++) {
            if (!VALID.isSet(registers.get(faultCause(i)))) {
                registers.set(faultAddress(i), address);
                registers.set(faultCause(i), VALID.mask() | SOURCE.with(0, requester & 0xffff)
                        | REASON.with(0, reason)
                        | ((access & Access.WRITE) != 0 ? WRITES.mask() : 0));
                recorded = true;
            }
        }
        boolean first = recorded && !FAULT.isSet(registers.get(STATUS));
        registers.set(STATUS, recorded ? FAULT : OVERFLOW, 1);
        FaultRecord known = fault(reason);
        listener.blocked(new FaultRecord(requester, address, access, reason, known.key(),
                known.text()), recorded);
        if (first && INTERRUPT.isSet(registers.get(CONTROL))) {
            listener.faultInterrupt();
        }
    }

    @Override
    public FaultRecord fault(int reason) {
        boolean known = reason > 0 && reason < REASONS.size();
        return new FaultRecord(0, 0, 0, reason, MyVendor.NAME + ":" + reason,
                known ? REASONS.get(reason) : "reason " + reason);
    }

    @Override
    public void listener(UnitListener heard) {
        listener = heard;
    }
}
