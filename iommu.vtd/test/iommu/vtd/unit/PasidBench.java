// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.bits.BitField;
import iommu.api.pcie.Access;
import iommu.vtd.Capability;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.FirstStageEntry;
import iommu.vtd.PasidEntry;
import iommu.vtd.ScalableContextEntry;
import iommu.vtd.SecondStageEntry;
import java.util.Map;

/** A unit that can do all of scalable mode, and one PASID of one device on it. */
public final class PasidBench {

    public static final int PASID = 0x45;
    public static final int DOMAIN = 0x21;
    public static final long IOVA = 0x7fff_1234_5000L;
    public static final long PAGE = 0x123_4000L;
    public static final long SNOOPED = PasidEntry.PWSNP.mask();
    public static final int RW_USER = 7;
    public static final long CAP = union(Bench.wideCap(), Capability.FL1GP, Capability.FL5LP);
    public static final long ECAP = union(ExtendedCapability.PSS.with(Bench.SCALABLE_ECAP, 19),
            ExtendedCapability.FLTS, ExtendedCapability.NEST, ExtendedCapability.PASID,
            ExtendedCapability.SMPWC, ExtendedCapability.SLADS, ExtendedCapability.EAFS,
            ExtendedCapability.ERS, ExtendedCapability.SRS, ExtendedCapability.PRS,
            ExtendedCapability.DT);

    public final Bench bench;
    /** First-stage table, and second-stage table if there is one. */
    public long first;
    public long second;

    public PasidBench(Map<String, Long> settings) {
        this(CAP, ECAP, settings);
    }

    public PasidBench(long cap, long ecap, Map<String, Long> settings) {
        bench = Bench.scalable(cap, ecap, settings);
        entry();
        or(contextEntry(), ScalableContextEntry.PASIDE.mask());
    }

    private static long union(long word, BitField... fields) {
        long all = word;
        for (BitField field : fields) {
            all |= field.mask();
        }
        return all;
    }

    /** A PASID with a first-stage table of four levels that maps {@link #IOVA} for users. */
    public static PasidBench firstStage(Map<String, Long> settings) {
        var made = new PasidBench(settings);
        made.useFirstStage();
        return made;
    }

    public static PasidBench firstStage() {
        return firstStage(Map.of());
    }

    public void useFirstStage() {
        first = bench.page();
        write(0, Bench.pasidWord(0, PasidEntry.PGTT_FIRST_STAGE, 0));
        write(1, DOMAIN | SNOOPED);
        write(2, first);
        mapFirst(IOVA, PAGE, RW_USER);
    }

    /** A nested PASID: its tables and pages are where the second stage has them, at the same. */
    public static PasidBench nested(Map<String, Long> settings) {
        var made = new PasidBench(settings);
        made.useNested();
        return made;
    }

    public void useNested() {
        useFirstStage();
        second = bench.page();
        write(0, Bench.pasidWord(second, PasidEntry.PGTT_NESTED, 2));
        for (long page = 0x10_0000; page < 0x20_0000; page += 0x1000) {
            bench.map(second, page, page, 3);
        }
        bench.map(second, PAGE, PAGE, 3);
    }

    public static PasidBench nested() {
        return nested(Map.of());
    }

    /** A PASID with a second-stage table of four levels that maps {@code iova}. */
    public static PasidBench secondStage(long iova, long flags, Map<String, Long> settings) {
        var made = new PasidBench(settings);
        made.useSecondStage(iova, flags);
        return made;
    }

    public void useSecondStage(long iova, long flags) {
        second = bench.page();
        write(0, Bench.pasidWord(second, PasidEntry.PGTT_SECOND_STAGE, 2) | flags);
        write(1, DOMAIN | SNOOPED);
        bench.map(second, iova, PAGE, 3);
    }

    // ---- tables ---------------------------------------------------------------------------------

    public long contextEntry() {
        return bench.scalableContextEntry(Bench.DEVICE);
    }

    /** Returns the place of the PASID entry. */
    public long entry() {
        long at = contextEntry();
        if (bench.memory.read64(at) == 0) {
            bench.pasidEntry(Bench.DEVICE, 0);
        }
        return bench.pasidEntry(Bench.DEVICE, PASID);
    }

    /** Returns the place of the directory entry. */
    public long directory() {
        return ScalableContextEntry.PASIDDIRPTR.inPlace(bench.memory.read64(contextEntry()))
                + (PASID >>> 6) * 8L;
    }

    public void write(int quadword, long value) {
        bench.memory.write64(entry() + 8L * quadword, value);
    }

    public void or(long at, long bits) {
        bench.memory.write64(at, bench.memory.read64(at) | bits);
    }

    public void clear(long at, long bits) {
        bench.memory.write64(at, bench.memory.read64(at) & ~bits);
    }

    /** Sets bits of a quadword of the PASID entry. */
    public void orEntry(int quadword, long bits) {
        or(entry() + 8L * quadword, bits);
    }

    /** Returns the place of a first-stage entry; tables above are made, RW for users. */
    public long firstEntry(long iova, int level) {
        int levels = (bench.memory.read64(entry() + 16) & 4) != 0 ? 5 : 4;
        long at = first;
        for (int l = levels; l > level; l--) {
            long e = at + SecondStageEntry.index(iova, l) * 8L;
            if (bench.memory.read64(e) == 0) {
                bench.memory.write64(e, bench.page() | RW_USER);
            }
            at = FirstStageEntry.ADDR.inPlace(bench.memory.read64(e));
        }
        return at + SecondStageEntry.index(iova, level) * 8L;
    }

    public void mapFirst(long iova, long page, long flags) {
        bench.memory.write64(firstEntry(iova, 1), page | flags);
    }

    public long leaf() {
        return firstEntry(IOVA, 1);
    }

    // ---- requests -------------------------------------------------------------------------------

    public long translate(long address, int access) {
        return bench.unit.translate(Bench.DEVICE, PASID, address, access);
    }

    public long read() {
        return translate(IOVA, Access.READ);
    }

    public long write() {
        return translate(IOVA, Access.WRITE);
    }
}
