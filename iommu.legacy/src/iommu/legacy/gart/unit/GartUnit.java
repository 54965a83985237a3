// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.gart.unit;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.BlockedRequests;
import iommu.api.unit.CacheLookup;
import iommu.api.unit.FaultRecord;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.Translation;
import iommu.api.unit.UnitListener;
import iommu.api.unit.WalkListener.Field;
import iommu.api.unit.WalkListener;
import iommu.legacy.gart.GartRegisters;
import iommu.legacy.gart.GattEntry;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * A GART: requests to its aperture are translated by one table for all requesters, and all others
 * pass as they are, on purpose. Switched off, it lets requests to the aperture out untranslated. An
 * entry that is not valid refuses the request. Interrupt messages pass.
 *
 * <p>Source: Linux, gart.h and amd_gart_64.c: what its code relies on.
 */
public final class GartUnit implements RemappingUnit {

    /** Names of the settings, without the vendor's name. */
    public static final Set<String> SETTINGS = Set.of("tlbEntries", "blockedReadAborts",
            "blockedWriteReport");

    private static final int NOT_VALID = 1;
    private static final int NO_MEMORY = 2;
    private static final int PAGE_MASK = 0xfff;
    private static final int WORDS = GartRegisters.BYTES / Integer.BYTES;
    private static final int USUAL_TLB = 64;
    private static final int MOST_TLB = 1 << 16;
    private static final int MOST_REPORT = 2;
    /** The first node's northbridge, whose table is everybody's. */
    private static final int NORTHBRIDGE = RequesterId.of(0, 0, 0x18, 3);
    private static final String CACHE_NAME = "GART TLB";

    private final PhysicalMemory memory;
    private final int[] registers = new int[WORDS];
    private final long[] cached;
    private final int[] cachedIndex;
    private final BlockedRequests blockedRequests;
    private UnitListener listener = UnitListener.NONE;

    /**
     * Makes one in the state that the profile's registers describe, with an empty cache.
     *
     * @throws IllegalArgumentException if the profile names an unknown setting
     */
    public GartUnit(UnitProfile profile, PhysicalMemory memory) {
        this.memory = memory;
        for (String key : profile.settings().keySet()) {
            if (!SETTINGS.contains(key)) {
                throw new IllegalArgumentException("unknown setting '" + key
                        + "' of a gart unit; known: " + String.join(", ", SETTINGS));
            }
        }
        int room = (int) within(profile, "tlbEntries", USUAL_TLB, 1, MOST_TLB);
        cached = new long[room];
        cachedIndex = new int[room];
        blockedRequests = BlockedRequests.of(within(profile, "blockedReadAborts", 1, 0, 1),
                within(profile, "blockedWriteReport", 0, 0, MOST_REPORT));
        profile.registers().forEach((offset, word) -> {
            check(offset, Integer.BYTES);
            registers[offset / Integer.BYTES] = word;
        });
        drop();
    }

    private static long within(UnitProfile profile, String key, long otherwise, long least,
            long most) {
        long value = profile.setting(key, otherwise);
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    key + " = " + value + ", not " + least + " to " + most);
        }
        return value;
    }

    private long register(int offset) {
        return Integer.toUnsignedLong(registers[offset / Integer.BYTES]);
    }

    private long start() {
        return GartRegisters.apertureStart(register(GartRegisters.BASE));
    }

    private long bytes() {
        return GartRegisters.apertureBytes(register(GartRegisters.CONTROL));
    }

    private boolean isAperture(long address) {
        return address >= start() && address < start() + bytes();
    }

    private boolean translatesRequests() {
        return translating()
                && !GartRegisters.DISGARTIO.isSet(register(GartRegisters.CONTROL));
    }

    private long entryAddress(int index) {
        return GartRegisters.tableAddress(register(GartRegisters.TABLE))
                + (long) index * GattEntry.BYTES;
    }

    /** Returns an entry as memory has it; -1 if there is no memory. */
    private long entry(int index) {
        long at = entryAddress(index);
        return memory.contains(at & -8, Long.BYTES)
                ? memory.read64(at & -8) >>> 8 * (at & 7) & 0xffff_ffffL : -1;
    }

    // ---- requests -------------------------------------------------------------------------------

    /** Returns what registers alone decide, 0 if the table does. */
    private long decide(long address) {
        return !isAperture(address) ? Translation.to(address, GattEntry.PAGE_SHIFT)
                : !translatesRequests() ? Translation.untranslated() : 0;
    }

    @Override
    public long translate(int requester, long address, int access) {
        long decided = decide(address);
        if (decided != 0) {
            return decided;
        }
        int index = (int) (address - start() >>> GattEntry.PAGE_SHIFT);
        int place = index % cached.length;
        long entry = cachedIndex[place] == index ? cached[place] : entry(index);
        long answer = grant(entry, address);
        if (Translation.isBlocked(answer)) {
            registers[GartRegisters.CACHE / Integer.BYTES] |=
                    (int) GartRegisters.GARTPTEERR.mask();
            listener.blocked(record(RequesterId.sourceId(requester), address, access,
                    Translation.reason(answer)), true);
        } else {
            cached[place] = entry;
            cachedIndex[place] = index;
        }
        return answer;
    }

    private static long grant(long entry, long address) {
        return entry < 0 ? Translation.blocked(NO_MEMORY)
                : !GattEntry.VALID.isSet(entry) ? Translation.blocked(NOT_VALID)
                : Translation.to(GattEntry.page(entry) | address & PAGE_MASK,
                        GattEntry.PAGE_SHIFT);
    }

    @Override
    public long explain(int requester, long address, int access, WalkListener walkListener) {
        return tell(address, false, walkListener);
    }

    @Override
    public long follow(int requester, int pasid, long address, int access,
            WalkListener walkListener) {
        if (pasid >= 0) {
            throw new UnsupportedOperationException("this unit takes no requests with PASID");
        }
        return tell(address, true, walkListener);
    }

    private long tell(long address, boolean byCache, WalkListener walk) {
        long decided = decide(address);
        walk.step("GART registers", GartRegisters.CONTROL, new long[0], List.of(
                new Field("GARTEN", translating() ? "1" : "0"),
                new Field("aperture", hex(start()) + " to " + hex(start() + bytes() - 1)),
                new Field("table", hex(entryAddress(0)))), decided == 0 ? "translated by the table"
                        : isAperture(address) ? "not translated" : "outside of the aperture",
                CacheLookup.none());
        if (decided != 0) {
            return decided;
        }
        int index = (int) (address - start() >>> GattEntry.PAGE_SHIFT);
        long entry = entry(index);
        boolean hit = byCache && cachedIndex[index % cached.length] == index;
        long used = hit ? cached[index % cached.length] : entry;
        long answer = grant(used, address);
        if (entry >= 0) {
            walk.step("GATT entry " + index, entryAddress(index), new long[] {entry}, List.of(
                    new Field("V", GattEntry.VALID.isSet(entry) ? "1" : "0"),
                    new Field("page", hex(GattEntry.page(entry)))), Translation.isBlocked(answer)
                            ? "refused: " + fault(Translation.reason(answer)).text()
                            : "to " + hex(Translation.address(answer)),
                    hit ? CacheLookup.hit(CACHE_NAME, hex(used), used != entry)
                            : byCache ? CacheLookup.miss(CACHE_NAME) : CacheLookup.none());
        }
        return answer;
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }

    @Override
    public boolean translating() {
        return GartRegisters.GARTEN.isSet(register(GartRegisters.CONTROL));
    }

    // ---- the table ------------------------------------------------------------------------------

    @Override
    public int tableOf(int requester) {
        return requester & -1 << 16 | NORTHBRIDGE;
    }

    /** {@inheritDoc} What lies outside of the aperture passes; RAM beneath it is nobody's. */
    @Override
    public void mappings(MappingVisitor visitor) {
        if (translatesRequests()) {
            int entries = (int) (bytes() >>> GattEntry.PAGE_SHIFT);
            visitor.structure(entryAddress(0), (long) entries * GattEntry.BYTES);
            visitor.structure(start(), bytes());
            for (int i = 0; i < entries; i++) {
                long entry = entry(i);
                if (entry >= 0 && GattEntry.VALID.isSet(entry)) {
                    visitor.mapping(NORTHBRIDGE, 0,
                            start() + ((long) i << GattEntry.PAGE_SHIFT), GattEntry.page(entry),
                            1L << GattEntry.PAGE_SHIFT, Access.READ | Access.WRITE);
                }
            }
        }
        visitor.passThrough(NORTHBRIDGE, 0);
    }

    // ---- registers ------------------------------------------------------------------------------

    @Override
    public int registerBytes() {
        return GartRegisters.BYTES;
    }

    private static void check(int offset, int bytes) {
        if (bytes != Integer.BYTES || offset < 0 || offset > GartRegisters.BYTES - bytes
                || offset % bytes != 0) {
            throw new IllegalArgumentException("a register access of " + bytes + " bytes at 0x"
                    + Integer.toHexString(offset));
        }
    }

    @Override
    public long readRegister(int offset, int bytes) {
        check(offset, bytes);
        return register(offset);
    }

    @Override
    public void writeRegister(int offset, int bytes, long value) {
        check(offset, bytes);
        boolean before = translating();
        if (offset == GartRegisters.CACHE) {
            registers[offset / Integer.BYTES] &=
                    ~((int) value & (int) GartRegisters.GARTPTEERR.mask());
            if (GartRegisters.INVGART.isSet(value)) {
                drop();
                listener.invalidated(CACHE_NAME);
            }
        } else {
            registers[offset / Integer.BYTES] = (int) value;
        }
        if (translating() != before) {
            listener.translation(!before);
        }
    }

    private void drop() {
        Arrays.fill(cachedIndex, -1);
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
        return reason == NO_MEMORY ? new FaultRecord(requester, address, access, reason,
                "gart:NO_MEMORY", "no memory where the GATT entry should be")
                : new FaultRecord(requester, address, access, reason, "gart:NOT_VALID",
                        "GATT entry is not valid");
    }

    @Override
    public BlockedRequests blockedRequests() {
        return blockedRequests;
    }
}
