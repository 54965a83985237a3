// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary.unit;

import static iommu.legacy.calgary.CalgaryRegisters.CONFIG_RW;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.unit.CacheLookup;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkListener.Field;
import iommu.api.unit.WalkListener;
import iommu.legacy.calgary.CalgaryRegisters;
import iommu.legacy.calgary.ChannelError;
import iommu.legacy.calgary.TableSize;
import iommu.legacy.calgary.TranslationEntry;
import java.util.List;

/** One PHB: decides what becomes of a request of an agent on its buses. One thread. */
final class HostBridge {

    private static final long LOW_END = 1L << 32;
    private static final String CACHE = "TCE cache";

    private final int number;
    private final RegisterSpace registers;
    private final PhysicalMemory memory;
    private final EntryCache cache;
    private final PeripheralMemory peripherals;

    HostBridge(int number, RegisterSpace registers, PhysicalMemory memory,
            UnitSettings settings) {
        this.number = number;
        this.registers = registers;
        this.memory = memory;
        cache = new EntryCache(settings.cacheEntries());
        peripherals = new PeripheralMemory(number, registers, settings.isCalIoc2());
    }

    private int register(int offset) {
        return registers.get32(CalgaryRegisters.phb(number, offset));
    }

    boolean translates() {
        return CalgaryRegisters.TCE_ENABLE.isSet(register(CONFIG_RW));
    }

    boolean refusesAll() {
        return CalgaryRegisters.SLOT_DISABLE.isSet(register(CONFIG_RW));
    }

    long tableBase() {
        return CalgaryRegisters.TAR_BASE.inPlace(registers.get64(CalgaryRegisters.tar(number)));
    }

    int tableSize() {
        return (int) CalgaryRegisters.TAR_SIZE.of(registers.get64(CalgaryRegisters.tar(number)));
    }

    /** Looks at the register that stops it: a stop that is wanted has come about by then. */
    void looksAtStop() {
        int control = CalgaryRegisters.phb(number, CalgaryRegisters.PAGE_MIG_CTRL);
        if (CalgaryRegisters.SOFT_STOP.isSet(registers.get32(control))) {
            registers.set32(control, registers.get32(control)
                    | (int) CalgaryRegisters.HARD_STOP.mask());
        }
    }

    /** Drops what is cached: the table address register was written. */
    void dropCache() {
        cache.drop();
    }

    /** Notes an error; the first one stays until software has cleared it. */
    boolean record(int agent) {
        int csr = CalgaryRegisters.phb(number, CalgaryRegisters.CSR);
        if ((registers.get32(csr) & ~CalgaryRegisters.CSR_AGENT.mask()) != 0) {
            return false;
        }
        registers.set32(csr, (int) CalgaryRegisters.CSR_AGENT.with(
                CalgaryRegisters.CSR_ERROR.mask(), agent));
        registers.set32(CalgaryRegisters.phb(number, CalgaryRegisters.PLSSR),
                (int) CalgaryRegisters.PLSSR_ERROR.mask());
        return true;
    }

    // ---- a request ------------------------------------------------------------------------------

    /** Translates a request; allocates nothing. */
    long translate(long address, int access) {
        long decided = decide(address);
        if (decided != 0) {
            return decided;
        }
        int index = (int) (address >>> TranslationEntry.PAGE_SHIFT);
        if (cache.holds(index)) {
            return grant(cache.entry(index), address, access);
        }
        long at = entryAddress(index);
        if (!memory.contains(at, TranslationEntry.BYTES)) {
            return blocked(ChannelError.NO_MEMORY);
        }
        long entry = TranslationEntry.swap(memory.read64(at));
        if (TranslationEntry.access(entry) != 0) {
            cache.keep(index, entry);
        }
        return grant(entry, address, access);
    }

    /**
     * Returns what registers alone decide, 0 if the table does: a slot that is disabled, no
     * translation, addresses that are never translated, those that no entry is for.
     */
    private long decide(long address) {
        if (refusesAll()) {
            return blocked(ChannelError.SLOT_DISABLED);
        }
        if (!translates()) {
            return Translation.untranslated();
        }
        if (Long.compareUnsigned(address, LOW_END) >= 0) {
            return blocked(CalgaryRegisters.DAC_DISABLE.isSet(register(CONFIG_RW))
                    ? ChannelError.DUAL_ADDRESS : ChannelError.BEYOND_TABLE);
        }
        if (peripherals.contains(address)) {
            return Translation.to(address, TranslationEntry.PAGE_SHIFT);
        }
        return address >>> TranslationEntry.PAGE_SHIFT >= TableSize.entries(tableSize())
                ? blocked(ChannelError.BEYOND_TABLE) : 0;
    }

    private long entryAddress(int index) {
        return tableBase() + (long) index * TranslationEntry.BYTES;
    }

    private static long grant(long entry, long address, int access) {
        if ((TranslationEntry.access(entry) & access) == access) {
            return Translation.to(TranslationEntry.RPN.inPlace(entry) | address & 0xfff,
                    TranslationEntry.PAGE_SHIFT);
        }
        return blocked(TranslationEntry.access(entry) == 0 ? ChannelError.NO_ENTRY
                : access == Access.READ ? ChannelError.NO_READ : ChannelError.NO_WRITE);
    }

    private static long blocked(ChannelError error) {
        return Translation.blocked(error.ordinal());
    }

    // ---- the same, told -------------------------------------------------------------------------

    /** Tells the walk; with {@code cached} by what the cache says, otherwise by memory. */
    long tell(long address, int access, boolean cached, WalkListener listener) {
        long decided = decide(address);
        String name = "PHB " + number;
        listener.step(name + " registers",
                CalgaryRegisters.phb(number, CONFIG_RW), new long[0], List.of(
                new Field("TCE_ENABLE", translates() ? "1" : "0"),
                new Field("TAR base", hex(tableBase())),
                new Field("TAR size", tableSize() + ", " + TableSize.entries(tableSize())
                        + " entries")), decision(decided), CacheLookup.none());
        if (decided != 0) {
            return decided;
        }
        int index = (int) (address >>> TranslationEntry.PAGE_SHIFT);
        long at = entryAddress(index);
        if (!memory.contains(at, TranslationEntry.BYTES)) {
            return blocked(ChannelError.NO_MEMORY);
        }
        long word = memory.read64(at);
        long entry = TranslationEntry.swap(word);
        boolean hit = cached && cache.holds(index);
        long used = hit ? cache.entry(index) : entry;
        long answer = grant(used, address, access);
        listener.step("TCE " + index, at, new long[] {word}, List.of(
                new Field("R", TranslationEntry.READ.isSet(entry) ? "1" : "0"),
                new Field("W", TranslationEntry.WRITE.isSet(entry) ? "1" : "0"),
                new Field("RPN", hex(TranslationEntry.RPN.of(entry)))), decision(answer),
                hit ? CacheLookup.hit(CACHE, hex(used), used != entry)
                        : cached ? CacheLookup.miss(CACHE) : CacheLookup.none());
        return answer;
    }

    private static String decision(long answer) {
        return answer == 0 ? "translated by the table"
                : Translation.isBlocked(answer)
                        ? "refused: " + ChannelError.of(Translation.reason(answer)).text()
                : Translation.isUntranslated(answer) ? "not translated"
                        : "to " + hex(Translation.address(answer));
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }
}
