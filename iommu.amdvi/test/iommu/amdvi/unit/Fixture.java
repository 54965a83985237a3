// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.Command;
import iommu.amdvi.Control;
import iommu.amdvi.DeviceTableEntry;
import iommu.amdvi.PageTableEntry;
import iommu.api.bits.Register;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.FaultRecord;
import iommu.api.unit.Translation;
import iommu.api.unit.UnitListener;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** One unit, 64 MiB of memory, and hands that write tables, commands and registers. */
public final class Fixture implements UnitListener {

    public static final long MEMORY_BYTES = 64L << 20;
    public static final long OUTSIDE = 1L << 40;
    public static final int DEVICE = 0x28;
    public static final int OTHER = 0x30;
    public static final int DOMAIN = 5;
    public static final int RW = Access.READ | Access.WRITE;
    public static final long FEATURES = 0x29d3L;
    public static final long RUNNING = Control.IOMMU_EN.mask() | Control.EVENT_LOG_EN.mask()
            | Control.EVENT_INT_EN.mask() | Control.CMD_BUF_EN.mask();

    private static final long BUFFER_256 = 8L << 56;

    public final PhysicalMemory memory =
            new PhysicalMemory(List.of(new AddressRange(0, MEMORY_BYTES)), 42);
    public final AmdViUnit unit;
    public final List<FaultRecord> blocked = new ArrayList<>();
    public final List<Boolean> logged = new ArrayList<>();
    public final List<String> invalidated = new ArrayList<>();
    public final List<Boolean> switched = new ArrayList<>();
    public int interrupts;
    private long nextPage = 0x10_0000;
    public final long table = page();
    public final long commands = page();
    public final long log = page();
    public final long store = page();

    private Fixture(long features, Map<String, Long> settings, boolean began) {
        var words = new TreeMap<Integer, Integer>();
        words.put(0x30, (int) features);
        words.put(0x34, (int) (features >>> 32));
        if (began) {
            words.put(AmdViRegisters.DEV_TAB.offset(), (int) table);
            words.put(AmdViRegisters.EVENT_LOG.offset() + 4, 0);
            words.put(AmdViRegisters.CONTROL.offset(), (int) RUNNING);
        }
        unit = new AmdViUnit(new UnitProfile("amdvi", "fixture", 0xfed8_0000L, words, settings),
                memory);
        unit.listener(this);
    }

    /** A unit that was never enabled, its table of 128 entries and buffers of 256 in place. */
    public static Fixture off(Map<String, Long> settings) {
        return off(FEATURES, settings);
    }

    /** A unit that was enabled when it was made, as a captured one is, its log without a base. */
    public static Fixture began(Map<String, Long> settings) {
        return new Fixture(FEATURES, settings, true);
    }

    /** As {@link #off(Map)}, of a unit with other features. */
    public static Fixture off(long features, Map<String, Long> settings) {
        var fixture = new Fixture(features, settings, false);
        fixture.write(AmdViRegisters.DEV_TAB, fixture.table);
        fixture.write(AmdViRegisters.CMD_BUF, fixture.commands | BUFFER_256);
        fixture.write(AmdViRegisters.EVENT_LOG, fixture.log | BUFFER_256);
        return fixture;
    }

    /** A unit with everything enabled. */
    public static Fixture on() {
        return on(Map.of());
    }

    public static Fixture on(Map<String, Long> settings) {
        var fixture = off(settings);
        fixture.control(RUNNING);
        fixture.switched.clear();
        return fixture;
    }

    // ---- memory ---------------------------------------------------------------------------------

    /** Returns a cleared page. */
    public long page() {
        long at = nextPage;
        nextPage += PhysicalMemory.PAGE_BYTES;
        for (int i = 0; i < PhysicalMemory.PAGE_BYTES; i += 8) {
            memory.write64(at + i, 0);
        }
        return at;
    }

    /** Returns where the entry of a device lies. */
    public long entryOf(int device) {
        return table + (long) device * DeviceTableEntry.BYTES;
    }

    /** Gives a device a domain with a new table of so many levels; returns the table. */
    public long domain(int device, int domain, int levels) {
        long root = page();
        entry(device, domain, levels, root, RW);
        return root;
    }

    public void entry(int device, int domain, int levels, long root, int rights) {
        memory.write64(entryOf(device) + 8, domain);
        memory.write64(entryOf(device), low(levels, root, rights));
    }

    public static long low(int levels, long root, int rights) {
        return DeviceTableEntry.MODE.with(root | 3 | (long) rights << 61, levels);
    }

    public static long directory(long address, int next) {
        return PageTableEntry.NEXT_LEVEL.with(address | 1 | 3L << 61, next);
    }

    public static long leaf(long page, int rights) {
        return page | 1 | (long) rights << 61;
    }

    /** Returns the place of the entry for an address at a level; directories above are made. */
    public long entry(long root, int levels, long iova, int level) {
        long at = root;
        for (int l = levels; l > level; l--) {
            long e = at + PageTableEntry.index(iova, l) * 8L;
            if (memory.read64(e) == 0) {
                memory.write64(e, directory(page(), l - 1));
            }
            at = PageTableEntry.ADDRESS.inPlace(memory.read64(e));
        }
        return at + PageTableEntry.index(iova, level) * 8L;
    }

    /** Maps one 4 KiB page in a table of three levels. */
    public void map(long root, long iova, long page, int rights) {
        memory.write64(entry(root, 3, iova, 1), leaf(page, rights));
    }

    // ---- the unit -------------------------------------------------------------------------------

    /** Reads a register. */
    public long read(Register r) {
        return unit.readRegister(r.offset(), r.bytes());
    }

    public void write(Register r, long value) {
        unit.writeRegister(r.offset(), r.bytes(), value);
    }

    /** Writes the control register. */
    public void control(long value) {
        write(AmdViRegisters.CONTROL, value);
    }

    /** Puts a command at the tail and moves the tail behind it. */
    public void command(long q0, long q1) {
        long tail = read(AmdViRegisters.CMD_TAIL);
        memory.write64(commands + tail, q0);
        memory.write64(commands + tail + 8, q1);
        write(AmdViRegisters.CMD_TAIL, (tail + Command.BYTES) % 4096);
    }

    public static long opcode(int code, long operand) {
        return Command.OPCODE.with(operand, code);
    }

    public void invalidateEntry(int device) {
        command(opcode(Command.INVALIDATE_DEVTAB_ENTRY, device), 0);
    }

    public void invalidatePages(int domain, long q1) {
        command(opcode(Command.INVALIDATE_IOMMU_PAGES, (long) domain << 32), q1);
    }

    public void invalidateDomain(int domain) {
        invalidatePages(domain, Command.ALL_PAGES | 3);
    }

    public void invalidateAll() {
        command(opcode(Command.INVALIDATE_IOMMU_ALL, 0), 0);
    }

    /** Asks for a number in the store word; returns what stands there then. */
    public long complete(long number) {
        command(opcode(Command.COMPLETION_WAIT, store | 1), number);
        return memory.read64(store);
    }

    public long translate(long address, int access) {
        return unit.translate(DEVICE, address, access);
    }

    /** Returns the physical address of a read, or minus the event code. */
    public long read(long address) {
        return outcome(translate(address, Access.READ));
    }

    /** Returns the physical address of a write, or minus the event code. */
    public long write(long address) {
        return outcome(translate(address, Access.WRITE));
    }

    public static long outcome(long translation) {
        return Translation.isBlocked(translation) ? -Translation.reason(translation)
                : Translation.isUntranslated(translation) ? Long.MIN_VALUE
                : Translation.address(translation);
    }

    public long eventLow(int index) {
        return memory.read64(log + 16L * index);
    }

    public long eventHigh(int index) {
        return memory.read64(log + 16L * index + 8);
    }

    // ---- what the unit tells --------------------------------------------------------------------

    @Override
    public void blocked(FaultRecord fault, boolean wasLogged) {
        blocked.add(fault);
        logged.add(wasLogged);
    }

    @Override
    public void translation(boolean enabled) {
        switched.add(enabled);
    }

    @Override
    public void invalidated(String what) {
        invalidated.add(what);
    }

    @Override
    public void faultInterrupt() {
        interrupts++;
    }
}
