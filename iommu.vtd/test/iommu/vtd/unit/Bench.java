// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.bits.Register;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.FaultRecord;
import iommu.api.unit.UnitListener;
import iommu.vtd.Capability;
import iommu.vtd.ContextEntry;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.GlobalCommand;
import iommu.vtd.PasidDirectoryEntry;
import iommu.vtd.PasidEntry;
import iommu.vtd.RootEntry;
import iommu.vtd.ScalableContextEntry;
import iommu.vtd.ScalableRootEntry;
import iommu.vtd.SecondStageEntry;
import iommu.vtd.VtdRegisters;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** One unit, 64 MiB of memory, and hands that write tables into it entry by entry. */
public final class Bench implements UnitListener {

    public static final long MEMORY_BYTES = 64L << 20;
    public static final long OUTSIDE = 1L << 40;
    public static final long CAP = 0x00d2_008c_222f_0606L;
    public static final long ECAP = 0x00f0_0f4aL;
    public static final long SCALABLE_ECAP = 0x4800_80f0_0f4aL;
    public static final int DEVICE = 0x0108;
    public static final int DOMAIN = 7;

    public final PhysicalMemory memory =
            new PhysicalMemory(List.of(new AddressRange(0, MEMORY_BYTES)), 42);
    public final VtdUnit unit;
    public final long cap;
    public final long ecap;
    public final List<FaultRecord> blocked = new ArrayList<>();
    public final List<Boolean> recorded = new ArrayList<>();
    public final List<String> invalidated = new ArrayList<>();
    public final List<Boolean> switched = new ArrayList<>();
    public int interrupts;
    public int completions;
    public int pageRequests;
    private long queue;
    private long interruptTable;
    private long nextPage = 0x10_0000;
    public final long root = page();

    private Bench(long cap, long ecap, Map<String, Long> settings) {
        this.cap = cap;
        this.ecap = ecap;
        unit = new VtdUnit(profile(cap, ecap, settings), memory);
        unit.listener(this);
    }

    public static UnitProfile profile(long cap, long ecap, Map<String, Long> settings) {
        var words = new TreeMap<Integer, Integer>();
        words.put(8, (int) cap);
        words.put(12, (int) (cap >>> 32));
        words.put(16, (int) ecap);
        words.put(20, (int) (ecap >>> 32));
        return new UnitProfile("vtd", "bench", 0xfed9_0000L, words, settings);
    }

    public static Bench legacy() {
        return legacy(CAP, ECAP, Map.of());
    }

    public static Bench legacy(long cap, long ecap, Map<String, Long> settings) {
        var bench = new Bench(cap, ecap, settings);
        bench.setRoot(0);
        bench.enable();
        return bench;
    }

    public static Bench scalable() {
        return scalable(Map.of());
    }

    public static Bench scalable(Map<String, Long> settings) {
        return scalable(CAP, SCALABLE_ECAP, settings);
    }

    public static Bench scalable(long cap, long ecap, Map<String, Long> settings) {
        var bench = new Bench(cap, ecap, settings);
        bench.setRoot(1);
        bench.enable();
        return bench;
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

    // ---- legacy tables --------------------------------------------------------------------------

    public long rootEntry(int source) {
        return root + (source >>> 8) * (long) RootEntry.BYTES;
    }

    /** Returns the place of a context entry; its table is made if there is none. */
    public long contextEntry(int source) {
        long at = rootEntry(source);
        if (memory.read64(at) == 0) {
            memory.write64(at, page() | 1);
        }
        return RootEntry.CTP.inPlace(memory.read64(at))
                + (source & 0xff) * (long) ContextEntry.BYTES;
    }

    /** Gives a source a context with a new table of so many levels; returns the table. */
    public long context(int source, int domain, int levels) {
        long table = page();
        context(source, domain, levels, ContextEntry.TT_UNTRANSLATED, table);
        return table;
    }

    public void context(int source, int domain, int levels, int type, long table) {
        long at = contextEntry(source);
        long q1 = ContextEntry.DID.with(0, domain);
        memory.write64(at + 8, ContextEntry.AW.with(q1, levels - 2));
        memory.write64(at, ContextEntry.TT.with(table | 1, type));
    }

    // ---- scalable tables ------------------------------------------------------------------------

    public long scalableContextEntry(int source) {
        long at = rootEntry(source) + ScalableRootEntry.half(source & 0xff);
        if (memory.read64(at) == 0) {
            memory.write64(at, page() | 1);
        }
        return ScalableRootEntry.CTP.inPlace(memory.read64(at))
                + (source & 0x7f) * (long) ScalableContextEntry.BYTES;
    }

    /** Gives a source context, directory and PASID table; returns the place of the PASID entry. */
    public long pasidEntry(int source, long pasid) {
        long at = scalableContextEntry(source);
        if (memory.read64(at) == 0) {
            memory.write64(at + 8, ScalableContextEntry.RID_PASID.with(0, pasid));
            memory.write64(at, page() | 2L << 9 | 1);
        }
        long directory = ScalableContextEntry.PASIDDIRPTR.inPlace(memory.read64(at))
                + (pasid >>> 6) * PasidDirectoryEntry.BYTES;
        if (memory.read64(directory) == 0) {
            memory.write64(directory, page() | 1);
        }
        return PasidDirectoryEntry.SMPTBLPTR.inPlace(memory.read64(directory))
                + (pasid & 0x3f) * PasidEntry.BYTES;
    }

    /** Gives a source a second-stage domain of four levels in scalable mode; returns the table. */
    public long pasid(int source, int domain, long pasid) {
        long table = page();
        long at = pasidEntry(source, pasid);
        memory.write64(at + 8, domain);
        memory.write64(at, pasidWord(table, PasidEntry.PGTT_SECOND_STAGE, 2));
        return table;
    }

    public static long pasidWord(long table, int type, int width) {
        return PasidEntry.AW.with(PasidEntry.PGTT.with(table | 1, type), width);
    }

    // ---- page tables ----------------------------------------------------------------------------

    /** Returns the place of the entry for an address at a level; tables above are made RW. */
    public long entry(long table, int levels, long iova, int level) {
        long at = table;
        for (int l = levels; l > level; l--) {
            long e = at + SecondStageEntry.index(iova, l) * 8L;
            if (memory.read64(e) == 0) {
                memory.write64(e, page() | 3);
            }
            at = SecondStageEntry.ADDR.inPlace(memory.read64(e));
        }
        return at + SecondStageEntry.index(iova, level) * 8L;
    }

    /** Maps one 4 KiB page in a table of four levels. */
    public void map(long table, long iova, long page, int access) {
        memory.write64(entry(table, 4, iova, 1), page | access);
    }

    // ---- the unit -------------------------------------------------------------------------------

    public void setRoot(int mode) {
        write(VtdRegisters.RTADDR, root | (long) mode << 10);
        command(GlobalCommand.SRTP.mask());
    }

    /** Switches interrupt remapping on, with a table of 256 entries. */
    public void remapInterrupts() {
        interruptTable = page();
        write(VtdRegisters.IRTA, interruptTable | 7);
        command(GlobalCommand.SIRTP.mask());
        command(GlobalCommand.IRE.mask());
    }

    public long interruptEntry(int index) {
        return interruptTable + 16L * index;
    }

    public void enable() {
        write(VtdRegisters.GCMD, persistent() | GlobalCommand.TE.mask());
    }

    public void disable() {
        write(VtdRegisters.GCMD, persistent() & ~GlobalCommand.TE.mask());
    }

    /** Gives commands that act once, the persistent ones kept. */
    public void command(long bits) {
        write(VtdRegisters.GCMD, persistent() | bits);
    }

    public long persistent() {
        return read(VtdRegisters.GSTS) & ~GlobalCommand.ONE_SHOT;
    }

    public long read(Register r) {
        return unit.readRegister(r.offset(), r.bytes());
    }

    public void write(Register r, long value) {
        unit.writeRegister(r.offset(), r.bytes(), value);
    }

    public void invalidateContexts() {
        write(VtdRegisters.CCMD, VtdRegisters.ICC.mask() | 1L << 61);
    }

    public void invalidateIotlb() {
        write(VtdRegisters.iotlb(ecap), VtdRegisters.IVT.mask() | 1L << 60);
    }

    /** Drops all of the first domain's pages, and keeps what leads to them. */
    public void invalidateLeaves() {
        write(VtdRegisters.iva(ecap), VtdRegisters.IH.mask() | 0x12);
        write(VtdRegisters.iotlb(ecap), VtdRegisters.IVT.mask() | 3L << 60 | (long) DOMAIN << 32);
    }

    /** Switches the queue on if it is off, and has one descriptor executed. */
    public void submit(long q0, long q1) {
        if (queue == 0) {
            queue = page();
            write(VtdRegisters.IQA, queue);
            command(GlobalCommand.QIE.mask());
        }
        long tail = read(VtdRegisters.IQT);
        memory.write64(queue + tail, q0);
        memory.write64(queue + tail + 8, q1);
        write(VtdRegisters.IQT, (tail + 16) % PhysicalMemory.PAGE_BYTES);
    }

    public long translate(long address, int access) {
        return unit.translate(DEVICE, address, access);
    }

    public long read(long address) {
        return translate(address, Access.READ);
    }

    public long write(long address) {
        return translate(address, Access.WRITE);
    }

    /** Returns a capability with one field replaced. */
    public static long cap(iommu.api.bits.BitField field, long value) {
        return field.with(CAP, value);
    }

    /** Returns capabilities with 5-level tables and an input width of 57 bits. */
    public static long wideCap() {
        return Capability.MGAW.with(Capability.SAGAW.with(CAP, 0xe), 56);
    }

    public static long deviceTlbEcap() {
        return ExtendedCapability.DT.with(ECAP, 1);
    }

    // ---- what the unit tells --------------------------------------------------------------------

    @Override
    public void blocked(FaultRecord fault, boolean wasRecorded) {
        blocked.add(fault);
        recorded.add(wasRecorded);
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

    @Override
    public void completionInterrupt() {
        completions++;
    }

    @Override
    public void pageRequestInterrupt() {
        pageRequests++;
    }
}
