// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import static kdump.lab.qtest.differ.World.writel;
import static kdump.lab.qtest.differ.World.writeq;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** Where VT-d's things lie in the programs, how they begin, and what is looked at. */
public final class VtdWorld {

    public static final long UNIT = 0xfed9_0000L;
    static final long ROOT = 0x10_0000;
    static final long CONTEXT = 0x10_1000;
    static final long UPPER_CONTEXT = 0x10_2000;
    static final long DIRECTORY = 0x10_3000;
    static final long PASIDS = 0x10_4000;
    /** Two sets of second-stage tables, each of level 4, 3, 2, 1. */
    static final long TABLES = 0x10_5000;
    static final long OTHER_ROOT = 0x10_d000;
    static final long QUEUE = 0x11_0000;
    static final long STATUS = 0x11_2000;
    static final long END = 0x11_3000;

    /** Looks at what software can see of the unit. */
    private static final List<String> LOOKS = List.of("readl 0xfed9001c", "readl 0xfed90034",
            "readq 0xfed90220", "readq 0xfed90228", "readl 0xfed90038", "readq 0xfed90028",
            "readq 0xfed900f8", "readq 0xfed90080", "readq 0xfed90088", "readl 0xfed9009c",
            "readl 0xfed900a0", "readq 0xfed90020", "readq 0xfed90090", "readl 0xfed90094",
            "read 0x112000 0x10");

    private VtdWorld() { }

    /** Returns the program of these steps. */
    static Program program(List<Step> steps) {
        return new Program(beginning(), List.copyOf(steps), World.end(writel(UNIT + 0x18, 0)),
                LOOKS);
    }

    /** Returns the steps that leave the unit as after reset but for RTPS and IRTPS, which stay. */
    private static List<Step> beginning() {
        var steps = new ArrayList<>(List.of(quietQueue(), quietUnit(), World.memory(ROOT, END)));
        steps.addAll(World.preload());
        steps.add(knownFault());
        steps.add(clearFault());
        return steps;
    }

    /**
     * What a record held stays readable once it is cleared: let it be the same each time.
     * Translation stays on: QEMU takes two milliseconds to switch it.
     */
    private static Step knownFault() {
        var lines = new ArrayList<>(List.of(writeq(UNIT + 0x20, ROOT),
                writel(UNIT + 0x18, 1L << 30), writel(UNIT + 0x18, 1L << 31)));
        lines.addAll(World.transferLines(0, 0, World.BUFFER + World.BUFFER_BYTES,
                World.SLOT_BYTES, false));
        return new Step("known fault", lines, World.BARS[0]);
    }

    private static Step clearFault() {
        return new Step("clear fault", writel(UNIT + 0x22c, 1L << 31),
                writel(UNIT + 0x34, 0x11));
    }

    /**
     * A queue can be disabled only when idle after a wait: every place gets one, of 128 bits.
     */
    private static Step quietQueue() {
        byte[] waits = new byte[0x2000];
        for (int at = 0; at < waits.length; at += 16) {
            waits[at] = 0x25;
            waits[at + 9] = (byte) (STATUS >>> 8);
            waits[at + 10] = (byte) (STATUS >>> 16);
        }
        return new Step("quiet queue", String.format("b64write 0x%x 0x%x %s", QUEUE, waits.length,
                Base64.getEncoder().encodeToString(waits)), writel(UNIT + 0x34, 0x11),
                writeq(UNIT + 0x90, QUEUE), writeq(UNIT + 0x88, 0x3c0), writel(UNIT + 0x18, 0),
                writeq(UNIT + 0x88, 0),
                writeq(UNIT + 0x90, QUEUE), writel(UNIT + 0x18, 1 << 26),
                writeq(UNIT + 0x88, 0x10), writel(UNIT + 0x18, 0), writeq(UNIT + 0x88, 0));
    }

    private static Step quietUnit() {
        return new Step("quiet unit", writel(UNIT + 0x34, 0x11), writel(UNIT + 0x22c, 1L << 31),
                writel(UNIT + 0x34, 0x11), writel(UNIT + 0x38, 1L << 31),
                writel(UNIT + 0xa0, 1L << 31), writel(UNIT + 0x9c, 1), writeq(UNIT + 0x90, QUEUE),
                writel(UNIT + 0x3c, 0), writel(UNIT + 0x40, 0), writel(UNIT + 0xa4, 0),
                writel(UNIT + 0xa8, 0),
                writel(UNIT + 0xe0, 0), writel(UNIT + 0xe4, 0), writel(UNIT + 0xe8, 0),
                writel(UNIT + 0xec, 0), writeq(UNIT + 0xc0, 0), writeq(UNIT + 0xc8, 0),
                writeq(UNIT + 0xd0, 0), writeq(UNIT + 0xb8, 0), writeq(UNIT + 0x20, 0),
                writel(UNIT + 0x18, 1 << 30), writel(UNIT + 0x18, 1 << 24),
                writeq(UNIT + 0xf0, 0),
                writeq(UNIT + 0x28, 0xa000_0000_0000_0000L),
                writeq(UNIT + 0xf8, 0x9000_0000_0000_0000L));
    }
}
