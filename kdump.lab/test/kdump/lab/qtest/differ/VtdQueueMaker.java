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
            // a wait that asks for both ends QEMU by an assertion
            boolean both = !freeWaits && (descriptor[0] & 0x3f) == 0x35;
            lines.add(writeq(at, both ? descriptor[0] & ~0x10 : descriptor[0]));
            lines.add(writeq(at + 8, descriptor[1]));
            if (newer && bytes == WIDE && !random.oneIn(16)) {
                lines.add(writeq(at + 16, 0));
                lines.add(writeq(at + 24, 0));
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
        return switch (random.nextInt(9)) {
            case 0, 1 -> new long[] {1 | granularity | domain | source
                    | (long) random.nextInt(4) << 48, 0};
            case 2, 3 -> new long[] {2 | granularity | domain, address};
            case 4 -> new long[] {3 | source, random.oneIn(2) ? 1 : 0};
            case 5 -> new long[] {4 | granularity & 0x10, 0};
            case 6 -> new long[] {5 | (long) random.nextInt(8) << 4 | random.nextLong() << 32,
                VtdWorld.STATUS};
            case 7 -> random.oneIn(2) ? new long[] {7 | granularity | domain, 0}
                    : new long[] {6 | granularity | domain, address};
            default -> new long[] {5 | 1 << 5 | random.nextLong() << 32, VtdWorld.STATUS + 8};
        };
    }
}
