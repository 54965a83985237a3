// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import static kdump.lab.qtest.differ.World.writeq;

import iommu.api.sim.RandomStream;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.qtest.options.Numbers;

/** Makes tables that mostly translate, and changes that mostly matter. */
final class VtdTableMaker {

    private static final int SETS = 2;
    private static final int LEAVES = 8;
    private static final long SUPER_2M = 0x20_0000;
    private static final long SUPER_1G = 0x4000_0000L;
    private static final long NO_MEMORY = 0x40_0000_0000L;
    private static final long INTERRUPTS = 0xfee0_0000L;
    /** More levels of first-stage tables than four end QEMU by an assertion. */
    private static final long FSPM = 3 << 2;

    private final RandomStream random;
    private final boolean scalable;
    /**
     * Entries may disable faults. In scalable mode QEMU then uses a PASID entry that it has not
     * looked at, or not even read: such programs have no bad ones.
     */
    private final boolean quiet;
    private final boolean newer;
    private final boolean firstStage;
    /** All rights of an entry. */
    private final long whole;
    private final long[] pools;

    /**
     * Makes one.
     *
     * @param newer whether its QEMU tells types of PASID entries apart
     * @param firstStage whether tables are first-stage ones; only with {@code scalable}
     */
    VtdTableMaker(RandomStream random, boolean newer, boolean scalable, boolean firstStage) {
        this.random = random;
        this.newer = newer;
        this.scalable = scalable;
        this.firstStage = firstStage;
        whole = firstStage ? 7 : 3;
        quiet = random.oneIn(6);
        pools = new long[] {random.nextInt(LEAVES), random.nextInt(LEAVES),
            random.nextInt(LEAVES)};
    }

    private static long table(int set, int level) {
        return VtdWorld.TABLES + 0x4000L * set + 0x1000L * (4 - level);
    }

    /** Returns the steps that lay the tables down. */
    List<Step> initial() {
        var lines = new ArrayList<String>();
        for (int set = 0; set < SETS; set++) {
            for (int level = 4; level > 1; level--) {
                lines.add(writeq(table(set, level), table(set, level - 1) | whole));
            }
            lines.add(writeq(table(set, 2) + 8, SUPER_2M | 0x80 | rights()));
            lines.add(writeq(table(set, 3) + 8, 0x80 | rights()));
            for (int i = 0; i < LEAVES; i++) {
                lines.add(writeq(table(set, 1) + 8L * i, leaf()));
            }
        }
        lines.add(writeq(VtdWorld.ROOT, VtdWorld.CONTEXT | 1));
        lines.add(writeq(VtdWorld.OTHER_ROOT, VtdWorld.CONTEXT | 1));
        for (int bus : World.BUSES) {
            lines.add(writeq(VtdWorld.ROOT + 16L * bus, VtdWorld.CONTEXT | 1));
            lines.add(writeq(VtdWorld.OTHER_ROOT + 16L * bus, VtdWorld.CONTEXT | 1));
        }
        if (scalable) {
            lines.add(writeq(VtdWorld.ROOT + 8, VtdWorld.UPPER_CONTEXT | 1));
            lines.add(writeq(VtdWorld.OTHER_ROOT + 8, VtdWorld.CONTEXT | 1));
            lines.add(writeq(VtdWorld.DIRECTORY, VtdWorld.PASIDS | 1));
            for (int pasid = 0; pasid < 3; pasid++) {
                lines.addAll(pasidEntry(pasid));
            }
        }
        for (int device = 0; device < World.SOURCES.length; device++) {
            lines.addAll(context(device));
        }
        return List.of(new Step("tables", lines, 0));
    }

    private long rights() {
        return random.oneIn(3) ? random.nextInt((int) whole + 1) : whole;
    }

    private long page() {
        return World.DATA + 0x1000L * random.nextInt(World.DATA_PAGES);
    }

    private long leaf() {
        long target = switch (random.nextInt(24)) {
            case 0 -> NO_MEMORY;
            case 1 -> INTERRUPTS;
            case 2 -> VtdWorld.TABLES + 0x3000;
            default -> page();
        };
        return target | rights();
    }

    private long contextAt(int device) {
        int source = World.SOURCES[device] & 0xff;
        if (!scalable) {
            return VtdWorld.CONTEXT + 16L * source;
        }
        return (source < 0x80 ? VtdWorld.CONTEXT : VtdWorld.UPPER_CONTEXT) + 32L * (source & 0x7f);
    }

    private List<String> context(int device) {
        long at = contextAt(device);
        boolean fpd = quiet && random.nextInt(2) == 0;
        if (scalable) {
            return List.of(writeq(at, VtdWorld.DIRECTORY | 1 | (fpd ? 2 : 0) | rare(12, 3) << 2
                    | rare(12, 3) << 9), writeq(at + 8, random.nextInt(3)
                            | (quiet ? 0 : rare(16, 20)) | rare(16, 1) << 20));
        }
        int set = random.nextInt(SETS);
        boolean narrow = random.oneIn(3);
        long type = random.oneIn(7) ? 2 : random.oneIn(7) ? 1 : rare(24, 2);
        long width = random.oneIn(16) ? random.nextInt(8) : narrow ? 1 : 2;
        return List.of(writeq(at, table(set, narrow ? 3 : 4) | type << 2 | (fpd ? 2 : 0) | 1),
                writeq(at + 8, (long) domain() << 8 | width | rare(16, 4) << 3));
    }

    /** Returns so many random bits, once in so many; else 0. */
    private long rare(int oneIn, int bits) {
        return random.oneIn(oneIn) ? random.nextInt(1 << bits) : 0;
    }

    /** Returns a type, of those that QEMU walks in quiet programs. */
    private long pasidType() {
        long usual = firstStage ? 1 : 2;
        long other = random.oneIn(7) ? quiet ? 3 : 4
                : random.oneIn(8) ? quiet ? 3 - usual : random.nextInt(8) : usual;
        return quiet && newer ? usual : other;
    }

    private List<String> pasidEntry(int pasid) {
        long at = VtdWorld.PASIDS + 64L * pasid;
        int set = random.nextInt(SETS);
        boolean narrow = random.oneIn(3);
        long type = pasidType();
        boolean fpd = quiet && random.nextInt(2) == 0;
        if (firstStage) {
            return List.of(writeq(at, type << 6 | (narrow ? 1 : 2) << 2 | (fpd ? 2 : 0) | 1),
                    writeq(at + 8, domain()),
                    writeq(at + 16, damaged(table(set, 4), 12) & ~FSPM));
        }
        return List.of(writeq(at, table(set, narrow ? 3 : 4) | type << 6 | (narrow ? 1 : 2) << 2
                | (fpd ? 2 : 0) | 1), writeq(at + 8, domain()));
    }

    /** Returns a domain id. */
    int domain() {
        return 1 + random.nextInt(3);
    }

    /** Returns an address that some tables know, or that none can. */
    long address() {
        long offset = random.oneIn(4) ? 0xff8 : 8L * random.nextInt(3);
        return switch (random.nextInt(16)) {
            case 0 -> SUPER_2M + 0x1000L * random.nextInt(World.DATA_PAGES) + offset;
            case 1 -> SUPER_1G + World.DATA + 0x1000L * random.nextInt(World.DATA_PAGES) + offset;
            case 2 -> 0x1000L * random.nextInt(LEAVES) + offset;
            case 3 -> (1L << 38 + random.nextInt(26)) + 0x1000L * random.nextInt(2) + offset;
            case 4 -> (firstStage && random.oneIn(2) ? -1L << 38 + random.nextInt(11) : 0)
                    + 0x1000L * (LEAVES + random.nextInt(2)) + offset;
            default -> 0x1000L * pools[random.nextInt(pools.length)] + offset;
        };
    }

    /** Changes one entry, mostly one that is in use. */
    Step change() {
        int set = random.nextInt(SETS);
        return switch (random.nextInt(scalable ? 14 : 10)) {
            case 0, 1, 2, 3 -> word("leaf", table(set, 1) + 8 * pools[random.nextInt(3)],
                    damaged(leaf(), 6));
            case 4 -> word("large page", table(set, 2) + 8, damaged(SUPER_2M | 0x80 | rights(), 2));
            case 5 -> word("huge page", table(set, 3) + 8, damaged(0x80 | rights(), 2));
            case 6 -> {
                int level = 2 + random.nextInt(3);
                yield word("table of level " + level, table(set, level), damaged(
                        table(random.nextInt(SETS), level - 1) | rights(), 2));
            }
            case 7 -> word("root", VtdWorld.ROOT + 16 * random.nextInt(1 + World.BUSES.length)
                    + (random.oneIn(4) ? 8 : 0),
                    damaged(VtdWorld.CONTEXT | 1, 2));
            case 8, 9 -> changeContext(random.nextInt(World.SOURCES.length));
            case 10 -> word("directory", VtdWorld.DIRECTORY, quiet ? VtdWorld.PASIDS | 1
                    : damaged(VtdWorld.PASIDS | 1, 2) & ~2);
            default -> changePasid(random.nextInt(3));
        };
    }

    private Step changeContext(int device) {
        List<String> lines = context(device);
        if (random.nextInt(2) == 0) {
            return new Step("context of device " + device, lines, 0);
        }
        boolean upper = random.oneIn(3);
        String[] words = lines.get(upper ? 1 : 0).split(" ");
        return word("context of device " + device, Numbers.unsigned(words[1]),
                !scalable ? damaged(Numbers.unsigned(words[2]), 1)
                        : quiet ? Numbers.unsigned(words[2])
                        : damaged(Numbers.unsigned(words[2]), 1) & (upper ? -1 : ~2));
    }

    private Step changePasid(int pasid) {
        List<String> lines = pasidEntry(pasid);
        if (quiet || random.nextInt(2) == 0) {
            return new Step("entry of PASID " + pasid, lines, 0);
        }
        String[] words = lines.get(0).split(" ");
        return word("entry of PASID " + pasid, Numbers.unsigned(words[1]),
                damaged(Numbers.unsigned(words[2]), 1));
    }

    private static Step word(String what, long at, long value) {
        return new Step(what, writeq(at, value));
    }

    /** Returns a value with one bit wrong, once in so many. */
    private long damaged(long value, int oneIn) {
        if (!random.oneIn(oneIn)) {
            return value;
        }
        return switch (random.nextInt(8)) {
            case 0 -> 0;
            case 1 -> value & 0xfff | NO_MEMORY;
            case 2 -> value ^ 1;
            case 3 -> -1L;
            case 4 -> value ^ 1L << 39 + random.nextInt(25);
            default -> value ^ 1L << random.nextInt(12);
        };
    }
}
