// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import static kdump.lab.qtest.differ.World.writel;
import static kdump.lab.qtest.differ.World.writeq;

import iommu.api.sim.RandomStream;
import java.util.ArrayList;

/** Makes steps with the invalidation queue. */
final class VtdQueueMaker {

    /** The beginning of a program empties a queue only up to here. */
    private static final int MAX_DESCRIPTORS = 24;

    private static final int WIDE = 32;

    private final RandomStream random;
    private final boolean newer;
    private final boolean freeWaits;
    private int tail;
    private final boolean wide;
    private final int bytes;

    /**
     * Makes one.
     *
     * @param newer whether its QEMU looks at the upper halves of descriptors
     * @param freeWaits whether a wait may ask for everything
     * @param byPasid whether most are about PASIDs, which takes 256 bits
     */
    VtdQueueMaker(RandomStream random, boolean newer, boolean freeWaits, boolean byPasid) {
        this.random = random;
        this.newer = newer;
        this.freeWaits = freeWaits;
        wide = byPasid ? !random.oneIn(4) : random.oneIn(8);
        bytes = wide && !random.oneIn(4) ? WIDE : 16;
    }

    /** Sets base, size and width; the width of a program's queue stays, as it must. */
    Step base() {
        long value = VtdWorld.QUEUE | (wide ? 1 << 11 : 0) | random.nextInt(2);
        return new Step("queue address", writeq(VtdWorld.UNIT + 0x90, value));
    }

    /** Pushes a few descriptors, or does something wrong or odd with the queue. */
    Step push() {
        if (random.oneIn(12)) {
            return new Step("clear queue error", writel(VtdWorld.UNIT + 0x34, 0x10));
        }
        if (random.oneIn(25)) {
            return new Step("tail beyond the queue", writeq(VtdWorld.UNIT + 0x88, 0x7fff0));
        }
        var lines = new ArrayList<String>();
        int count = 1 + random.nextInt(3);
        for (int i = 0; i < count && tail < MAX_DESCRIPTORS; i++) {
            long at = VtdWorld.QUEUE + (long) tail++ * bytes;
            long[] descriptor = descriptor();
            if (random.oneIn(8)) {
                descriptor[random.nextInt(2)] ^= 1L << random.nextInt(64);
            }
            if (random.oneIn(40)) {
                // more bits of the type
                descriptor[0] ^= 1L << 9 + random.nextInt(3);
            }
            // a wait that asks for both ends QEMU by an assertion
            boolean both = !freeWaits && (descriptor[0] & 0x3f) == 0x35;
            lines.add(writeq(at, both ? descriptor[0] & ~0x10 : descriptor[0]));
            lines.add(writeq(at + 8, descriptor[1]));
            if (newer && bytes == WIDE) {
                boolean damaged = random.oneIn(12);
                boolean last = random.oneIn(2);
                lines.add(writeq(at + 16, damaged && !last ? 1L << random.nextInt(64) : 0));
                lines.add(writeq(at + 24, damaged && last ? 1L << random.nextInt(64) : 0));
            }
        }
        lines.add(writeq(VtdWorld.UNIT + 0x88, (long) tail * bytes));
        return new Step("queue " + count, lines, 0);
    }

    private long[] descriptor() {
        long domain = (long) (1 + random.nextInt(3)) << 16;
        long granularity = (long) random.nextInt(4) << 4;
        long source = (long) World.SOURCES[random.nextInt(World.SOURCES.length)] << 32;
        long address = (long) random.nextInt(10) << 12 | random.nextInt(4);
        return switch (random.nextInt(11)) {
            case 0, 1 -> new long[] {1 | granularity | domain | source
                    | (long) random.nextInt(4) << 48, 0};
            case 2, 3 -> new long[] {2 | granularity | domain, address};
            case 4 -> new long[] {3 | source | random.nextInt(32) << 16,
                address & ~0xfffL | (random.oneIn(2) ? 1 : 0)};
            case 5 -> new long[] {4 | granularity & 0x10 | (random.oneIn(2)
                    ? (long) random.nextInt(1 << 21) << 27 : 0), 0};
            case 6 -> new long[] {5 | (long) random.nextInt(8) << 4 | random.nextLong() << 32,
                VtdWorld.STATUS};
            case 7 -> new long[] {7 | granularity | domain | pasid(), 0};
            case 8 -> new long[] {6 | granularity | domain | pasid(),
                address | (random.oneIn(4) ? random.nextInt(1 << 7) : 0)};
            case 9 -> ofDevice();
            default -> new long[] {5 | 1 << 5 | random.nextLong() << 32, VtdWorld.STATUS + 8};
        };
    }

    private long pasid() {
        return (random.oneIn(6) ? (long) random.nextInt(1 << 20) : random.nextInt(3)) << 32;
    }

    /** By PASID: of device TLBs, the answer to a group of page requests; and unknown ones. */
    private long[] ofDevice() {
        long source = (long) World.SOURCES[random.nextInt(World.SOURCES.length)] << 16;
        return switch (random.nextInt(5)) {
            case 0, 1 -> new long[] {8 | source | pasid() | random.nextInt(32) << 4,
                (long) random.nextInt(8) << 12 | (random.oneIn(2) ? 1 << 11 : 0)
                        | (random.oneIn(4) ? 1 : 0)};
            case 2, 3 -> new long[] {9 | (random.oneIn(4) ? 0 : 1 << 4) | source | pasid()
                    | (random.oneIn(3) ? random.nextInt(16) << 12 : 0),
                (long) random.nextInt(1 << 10) << 2};
            // 10 to 16, whose type is 0
            default -> new long[] {10 + random.nextInt(7) & 0xf | source, 0};
        };
    }
}
