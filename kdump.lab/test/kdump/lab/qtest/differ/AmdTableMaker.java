// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import static kdump.lab.qtest.differ.World.writeq;

import iommu.api.sim.RandomStream;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.qtest.options.Numbers;

/**
 * Makes AMD-Vi tables that mostly translate, and changes that mostly matter. Entries lead to tables
 * further down or to data, never up: QEMU follows a circle for ever.
 */
final class AmdTableMaker {

    private static final int SETS = 2;
    private static final int LEAVES = 8;
    /** Entries of the lowest tables beyond the leaves, for pages that tell their size. */
    private static final int LARGE_LEAVES = 16;
    private static final int LEVEL_SHIFT = 9;
    private static final int RIGHTS_SHIFT = 61;
    private static final long RW = 3L << RIGHTS_SHIFT;
    private static final long SUPER_2M = 0x20_0000;
    private static final long SUPER_1G = 0x4000_0000L;
    private static final long NO_MEMORY = 0x40_0000_0000L;

    /** Bits of the upper half of a device's entry that QEMU takes for reserved. */
    private static final long RESERVED_2 = 3L << 52;
    private static final long RESERVED_3 = 0x3fL << 48 | 0x7fff;

    private final RandomStream random;
    private final boolean newest;
    private final long[] pools;
    private int bus = World.BUSES[0];

    /** @param newest whether it is for QEMU 11 */
    AmdTableMaker(RandomStream random, boolean newest) {
        this.random = random;
        this.newest = newest;
        pools = new long[] {random.nextInt(LEAVES), random.nextInt(LARGE_LEAVES),
            random.nextInt(LEAVES)};
    }

    private static long table(int set, int level) {
        return level == 6 ? AmdWorld.LEVEL_6 : level == 5 ? AmdWorld.LEVEL_5
                : AmdWorld.TABLES + 0x4000L * set + 0x1000L * (4 - level);
    }

    private static long directory(long table, int next) {
        return table | 1 | (long) next << LEVEL_SHIFT;
    }

    /** Returns the steps that lay the tables down. */
    List<Step> initial() {
        var lines = new ArrayList<String>();
        lines.add(writeq(AmdWorld.LEVEL_6, directory(AmdWorld.LEVEL_5, 5) | RW));
        lines.add(writeq(AmdWorld.LEVEL_5, directory(table(0, 4), 4) | RW));
        for (int set = 0; set < SETS; set++) {
            for (int level = 4; level > 1; level--) {
                lines.add(writeq(table(set, level),
                        directory(table(set, level - 1), level - 1) | RW));
            }
            lines.add(writeq(table(set, 2) + 8, SUPER_2M | 1 | rights()));
            lines.add(writeq(table(set, 3) + 8, 1 | rights()));
            for (int i = 0; i < LARGE_LEAVES; i++) {
                lines.add(writeq(table(set, 1) + 8L * i,
                        i < LEAVES ? leaf() : encoded()));
            }
        }
        for (int id : ids()) {
            lines.addAll(entry(devices(), id));
            lines.addAll(entry(otherDevices(), id));
        }
        return List.of(new Step("tables", lines, 0));
    }

    private long rights() {
        return (random.oneIn(3) ? (long) random.nextInt(4) : 3) << RIGHTS_SHIFT;
    }

    private long page() {
        return World.DATA + 0x1000L * random.nextInt(World.DATA_PAGES);
    }

    private long leaf() {
        long target = random.oneIn(24) ? NO_MEMORY : page();
        return target | rights() | (random.oneIn(8) ? 0 : 1)
                | (random.oneIn(12) ? (long) random.nextInt(8) << LEVEL_SHIFT : 0);
    }

    /** A page whose size the address tells: mostly small ones. */
    private long encoded() {
        int bits = random.oneIn(6) ? random.nextInt(41) : random.nextInt(4);
        return (page() & -(0x2000L << bits) | (0x1000L << bits) - 0x1000) | 7L << LEVEL_SHIFT
                | rights() | (random.oneIn(8) ? 0 : 1);
    }

    /** Returns where one of the device tables lies. */
    long devices() {
        return newest ? AmdWorld.WIDE_DEVICES : AmdWorld.DEVICES;
    }

    /** Returns where the other one lies. */
    long otherDevices() {
        return newest ? AmdWorld.OTHER_WIDE_DEVICES : AmdWorld.OTHER_DEVICES;
    }

    /** Returns the ids by which the unit can know devices. */
    private int[] ids() {
        return newest ? new int[] {0x28, 0x2c, 0x80, 0x100, 0x200}
                : new int[] {0x28, 0x2c, 0x80, 0};
    }

    /** Returns one of the ids. */
    int id() {
        return ids()[random.nextInt(ids().length)];
    }

    /** Takes the number of the bus whose number changes. */
    void renumbered(int newBus) {
        bus = newBus;
    }

    /** Returns the id of a device; of one that is not there QEMU 11 does not look at the entry. */
    int presentId() {
        int id = World.SOURCES[random.nextInt(World.SOURCES.length)];
        return !newest ? id & 0xff : id == World.BUSES[0] << 8 ? bus << 8 : id;
    }

    private List<String> entry(long devices, int id) {
        long at = devices + 32L * id;
        int set = random.nextInt(SETS);
        int mode = random.oneIn(3) ? random.nextInt(8) : 4;
        long root = mode == 0 || mode == 7 ? table(set, 4) : table(set, mode);
        long valid = random.oneIn(10) ? random.nextInt(4) : 3;
        // HAD, and from PPR to the low bits of the guest's root
        long others = random.oneIn(5) ? (long) random.nextInt(4) << 7
                | (long) random.nextInt(1 << 9) << 52 : 0;
        return List.of(writeq(at, root | valid | (long) mode << LEVEL_SHIFT | others
                        | (random.oneIn(5) ? rights() : RW)),
                writeq(at + 8, domain() | (random.oneIn(6) ? random.nextLong() << 16 : 0)),
                writeq(at + 16, random.oneIn(5) ? random.nextLong() & ~RESERVED_2 : 0),
                writeq(at + 24, random.oneIn(8) ? random.nextLong() & ~RESERVED_3 : 0));
    }

    /** Returns a domain id. */
    int domain() {
        return 1 + random.nextInt(3);
    }

    /** Returns an address that some tables know, or that none should. */
    long address() {
        long offset = random.oneIn(4) ? 0xff8 : 8L * random.nextInt(3);
        long data = 0x1000L * random.nextInt(World.DATA_PAGES);
        return switch (random.nextInt(20)) {
            case 0, 1 -> SUPER_2M + data + offset;
            case 2 -> SUPER_1G + World.DATA + data + offset;
            case 3 -> 0x1000L * random.nextInt(LARGE_LEAVES + 1) + offset;
            case 4 -> (1L << 38 + random.nextInt(26)) + 0x1000L * random.nextInt(2) + offset;
            case 5 -> (1L << 38 + random.nextInt(26)) + 0x1000L * pools[0] + offset;
            case 6 -> (1L << 21 + random.nextInt(20)) + 0x1000L * pools[0] + offset;
            default -> 0x1000L * pools[random.nextInt(pools.length)] + offset;
        };
    }

    /** Changes one entry, mostly one that is in use. */
    Step change() {
        int set = random.nextInt(SETS);
        return switch (random.nextInt(12)) {
            case 0, 1, 2 -> word("page", table(set, 1) + 8 * pools[random.nextInt(3)],
                    damaged(random.oneIn(3) ? encoded() : leaf(), 6));
            case 3 -> word("page of 2 MiB", table(set, 2) + 8,
                    damaged(random.oneIn(3) ? encoded() : page() | 1 | rights(), 3));
            case 4 -> word("page of 1 GiB", table(set, 3) + 8,
                    damaged(random.oneIn(3) ? encoded() : 1 | rights(), 3));
            case 5, 6, 7 -> {
                int level = 2 + random.nextInt(5);
                yield word("table of level " + level, table(set, level),
                        damaged(below(level), 3));
            }
            default -> changedEntry(id());
        };
    }

    /** Changes the entry of a device, now and then so that it cannot be used. */
    Step changedEntry(int id) {
        long devices = random.oneIn(4) ? otherDevices() : devices();
        return random.nextInt(2) == 0 ? new Step("device table entry", entry(devices, id), 0)
                : damagedEntry(devices, id);
    }

    /** An entry that leads to any table below, with the level it has, or at times another. */
    private long below(int level) {
        int next = random.oneIn(3) ? 1 + random.nextInt(Math.min(level, 5) - 1)
                : Math.min(level, 5) - 1;
        if (level == 6 && random.oneIn(2)) {
            next = 5;
        }
        return directory(table(random.nextInt(SETS), next),
                random.oneIn(6) ? random.nextInt(8) : next) | rights();
    }

    private Step damagedEntry(long devices, int id) {
        List<String> lines = entry(devices, id);
        String[] words = lines.get(random.nextInt(lines.size())).split(" ");
        long value = Numbers.unsigned(words[2]);
        return word(String.format("device table entry of %02x", id), Numbers.unsigned(words[1]),
                random.oneIn(2) ? value ^ 1L << random.nextInt(Long.SIZE) : damaged(value, 1));
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
            case 1 -> value & 0xfff | value & RW | NO_MEMORY;
            case 2 -> value ^ 1;
            case 3 -> -1L;
            case 4 -> value ^ 1L << 39 + random.nextInt(25);
            default -> value ^ 1L << random.nextInt(12);
        };
    }
}
