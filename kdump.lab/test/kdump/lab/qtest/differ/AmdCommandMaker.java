// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import static kdump.lab.qtest.differ.World.writel;
import static kdump.lab.qtest.differ.World.writeq;

import iommu.api.sim.RandomStream;
import java.util.ArrayList;
import java.util.List;

/** Makes steps with the command buffer. The tail stays in the buffer: else QEMU 7.2 hangs. */
final class AmdCommandMaker {

    private static final long BASE = AmdWorld.UNIT + 0x08;
    private static final long HEAD = AmdWorld.UNIT + 0x2000;
    private static final long TAIL = AmdWorld.UNIT + 0x2008;
    private static final int COMMAND_BYTES = 16;

    private final RandomStream random;
    private final AmdTableMaker tables;
    private final boolean newest;
    private final boolean hangs;
    private long base;
    private long bytes;
    private long tail;

    AmdCommandMaker(RandomStream random, AmdTableMaker tables, Oracle oracle) {
        this.random = random;
        this.tables = tables;
        newest = oracle == Oracle.QEMU_11;
        hangs = oracle == Oracle.QEMU_7_2;
    }

    /** Returns the lines that have the unit look at the entry of a device. */
    List<String> invalidate(int id) {
        var lines = new ArrayList<String>();
        add(lines, AmdWorld.invalidation(id));
        lines.add(writeq(TAIL, tail));
        return lines;
    }

    private void add(List<String> lines, long[] command) {
        lines.add(writeq(base + tail, command[0]));
        lines.add(writeq(base + tail + 8, command[1]));
        tail = (tail + COMMAND_BYTES) % bytes;
    }

    /** Gives the unit a buffer, in one write or two; what it holds by then is executed anew. */
    Step base() {
        base = AmdWorld.COMMANDS + 0x1000L * random.nextInt(2);
        long length = random.oneIn(3) ? 1 + random.nextInt(4) : 8;
        bytes = (long) COMMAND_BYTES << length;
        tail = 0;
        long value = base | length << 56;
        return random.oneIn(4)
                ? new Step("command buffer in halves", writel(BASE, value & 0xffff_ffffL),
                        writel(BASE + 4, value >>> 32))
                : new Step("command buffer", writeq(BASE, value));
    }

    /** Pushes a few commands, or moves a pointer. */
    Step push() {
        if (random.oneIn(30)) {
            return new Step("head", writeq(HEAD, (long) random.nextInt(2 * (int) bytes)));
        }
        if (random.oneIn(40)) {
            tail = (long) random.nextInt((int) bytes / COMMAND_BYTES) * COMMAND_BYTES;
            long beyond = hangs ? 0 : bytes * random.nextInt(3);
            return new Step("tail", writeq(TAIL, tail + beyond | random.nextInt(16)));
        }
        var lines = new ArrayList<String>();
        int count = 1 + random.nextInt(3);
        for (int i = 0; i < count; i++) {
            long[] command = command();
            if (random.oneIn(10)) {
                command[random.nextInt(2)] ^= 1L << random.nextInt(64);
            }
            add(lines, allowed(command));
        }
        lines.add(writeq(TAIL, tail));
        return new Step("commands " + count, lines, 0);
    }

    /**
     * Returns the command, changed where QEMU does what nobody can tell: an IOTLB invalidation with
     * S compares a member that is never set before QEMU 11; a store elsewhere could hit anything.
     */
    private long[] allowed(long[] command) {
        long opcode = command[0] >>> 60;
        if (opcode == 4 && !newest) {
            command[1] &= ~1;
        }
        if (opcode == 1) {
            command[0] = command[0] & ~0xf_ffff_ffff_fff0L | AmdWorld.STORE | command[0] & 8;
        }
        return command;
    }

    private long[] command() {
        long domain = (long) (1 + random.nextInt(3)) << 32;
        long source = tables.presentId();
        return switch (random.nextInt(12)) {
            case 0, 1 -> new long[] {1L << 60 | random.nextInt(16), random.nextLong()};
            case 2 -> new long[] {2L << 60 | source, 0};
            case 3, 4, 5 -> new long[] {3L << 60 | domain, pages() | random.nextInt(8)};
            case 6, 7, 8 -> new long[] {4L << 60 | source,
                pages() | (random.oneIn(4) ? 1 : 0)};
            case 9 -> new long[] {(5L + random.nextInt(3)) << 60 | source, 0};
            case 10 -> new long[] {8L << 60, 0};
            default -> new long[] {(long) random.nextInt(16) << 60, 0};
        };
    }

    private long pages() {
        long page = (long) random.nextInt(10) << 12;
        return switch (random.nextInt(4)) {
            case 0 -> 0x7fff_ffff_ffff_f000L;
            case 1 -> page | (1L << 12 + random.nextInt(20)) - 1 & ~0xfffL;
            default -> page;
        };
    }
}
