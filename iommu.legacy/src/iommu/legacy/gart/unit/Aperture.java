// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.gart.unit;

import iommu.api.memory.PhysicalMemory;
import iommu.api.unit.CacheLookup;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener.Field;
import iommu.api.unit.WalkListener;
import iommu.legacy.gart.GartRegisters;
import iommu.legacy.gart.GattEntry;
import java.util.Arrays;
import java.util.List;

/** The addresses that are translated, the table, and what is cached of it. One thread. */
final class Aperture {

    /** Reason: the entry is not valid. */
    static final int NOT_VALID = 1;
    /** Reason: there is no memory where the entry should be. */
    static final int NO_MEMORY = 2;
    /** What the cache is called. */
    static final String CACHE = "GART TLB";

    private static final int PAGE_MASK = 0xfff;
    /** Wider addresses do not go into a translation; nobody answers there anyhow. */
    private static final int TRANSLATION_BITS = 52;

    private final int[] registers;
    private final PhysicalMemory memory;
    private final long[] cached;
    private final int[] cachedIndex;

    /**
     * Makes one with an empty cache.
     *
     * @param registers of the unit, which writes them
     */
    Aperture(int[] registers, PhysicalMemory memory, int tlbEntries) {
        this.registers = registers;
        this.memory = memory;
        cached = new long[tlbEntries];
        cachedIndex = new int[tlbEntries];
        drop();
    }

    void drop() {
        Arrays.fill(cachedIndex, -1);
    }

    static String text(int reason) {
        return reason == NO_MEMORY ? "no memory where the GATT entry should be"
                : "GATT entry is not valid";
    }

    boolean isEnabled() {
        return GartRegisters.GARTEN.isSet(register(GartRegisters.CONTROL));
    }

    long register(int offset) {
        return Integer.toUnsignedLong(registers[offset / Integer.BYTES]);
    }

    long start() {
        return GartRegisters.apertureStart(register(GartRegisters.BASE));
    }

    long bytes() {
        return GartRegisters.apertureBytes(register(GartRegisters.CONTROL));
    }

    private boolean contains(long address) {
        return address >= start() && address < start() + bytes();
    }

    /** Returns whether requests of devices are translated. */
    boolean isForDevices() {
        return isEnabled()
                && !GartRegisters.DISGARTIO.isSet(register(GartRegisters.CONTROL));
    }

    long entryAddress(int index) {
        return GartRegisters.tableAddress(register(GartRegisters.TABLE))
                + (long) index * GattEntry.BYTES;
    }

    /** Returns an entry as memory has it; -1 if there is no memory. */
    long entry(int index) {
        long at = entryAddress(index);
        return memory.contains(at & -8, Long.BYTES)
                ? memory.read64(at & -8) >>> 8 * (at & 7) & 0xffff_ffffL : -1;
    }

    // ---- requests -------------------------------------------------------------------------------

    /** Returns what registers alone decide, 0 if the table does. */
    private long decide(long address) {
        if (contains(address)) {
            return isForDevices() ? 0 : Translation.untranslated();
        }
        return address >>> TRANSLATION_BITS != 0 ? Translation.untranslated()
                : Translation.to(address, GattEntry.PAGE_SHIFT);
    }

    /** Translates a request; allocates nothing. */
    long translate(long address) {
        long decided = decide(address);
        return decided != 0 ? decided : lookUp(address);
    }

    /** Translates an access of a processor. */
    long processor(long address) {
        return isEnabled() && contains(address)
                && !GartRegisters.DISGARTCPU.isSet(register(GartRegisters.CONTROL))
                ? lookUp(address) : Translation.untranslated();
    }

    private long lookUp(long address) {
        int index = (int) (address - start() >>> GattEntry.PAGE_SHIFT);
        int place = index % cached.length;
        long entry = cachedIndex[place] == index ? cached[place] : entry(index);
        long answer = grant(entry, address);
        if (!Translation.isBlocked(answer)) {
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

    /** Tells the walk; with {@code byCache} by what the cache says, otherwise by memory. */
    long tell(long address, boolean byCache, WalkListener walk) {
        long decided = decide(address);
        walk.step("GART registers", GartRegisters.CONTROL, new long[0], List.of(
                new Field("GARTEN", isEnabled() ? "1" : "0"),
                new Field("aperture", hex(start()) + " to " + hex(start() + bytes() - 1)),
                new Field("table", hex(entryAddress(0)))), decided == 0 ? "translated by the table"
                        : contains(address) ? "not translated" : "outside of the aperture",
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
                            ? "refused: " + text(Translation.reason(answer))
                            : "to " + hex(Translation.address(answer)),
                    hit ? CacheLookup.hit(CACHE, hex(used), used != entry)
                            : byCache ? CacheLookup.miss(CACHE) : CacheLookup.none());
        }
        return answer;
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }
}
