// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import static kdump.lab.qtest.differ.World.writel;
import static kdump.lab.qtest.differ.World.writeq;

import iommu.api.sim.RandomStream;

/** Makes steps with the event log of QEMU 11, and with the status that tells of it. */
final class AmdEventMaker {

    private static final long HEAD = AmdWorld.UNIT + 0x2010;
    private static final long TAIL = AmdWorld.UNIT + 0x2018;
    private static final int MOST_LENGTH = 5;
    private static final int EVENT_BYTES = 16;
    private static final long NO_MEMORY = 0x40_0000_0000L;

    private final RandomStream random;
    private long bytes;

    AmdEventMaker(RandomStream random) {
        this.random = random;
    }

    /** Gives the unit a log of a few events, at times in two writes, or where no memory is. */
    Step base() {
        long length = random.nextInt(MOST_LENGTH);
        bytes = EVENT_BYTES << length;
        long value = (random.oneIn(10) ? NO_MEMORY : AmdWorld.EVENTS) | length << 56;
        return random.oneIn(4)
                ? new Step("event log in halves", writel(AmdWorld.EVENT_BASE, value & 0xffff_ffffL),
                        writel(AmdWorld.EVENT_BASE + 4, value >>> 32))
                : new Step("event log", writeq(AmdWorld.EVENT_BASE, value));
    }

    /** Reads events, or clears what is pending, or moves the log. */
    Step next() {
        return switch (random.nextInt(8)) {
            case 0 -> base();
            case 1, 2, 3 -> new Step("events read",
                    writeq(HEAD, random.nextInt((int) bytes / EVENT_BYTES + 1) * EVENT_BYTES));
            case 4 -> new Step("event tail", writeq(TAIL, (long) random.nextInt((int) bytes)));
            default -> new Step("status", random.oneIn(2)
                    ? writeq(AmdWorld.STATUS, random.nextInt(0x80))
                    : String.format("writew 0x%x 0x%x", AmdWorld.STATUS, random.nextInt(0x80)));
        };
    }
}
