// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import static kdump.lab.qtest.differ.World.writeq;

import java.util.ArrayList;
import java.util.List;

/** Where AMD-Vi's things lie in the programs, how they begin, and what is looked at. */
final class AmdWorld {

    static final long UNIT = 0xfed8_0000L;
    static final long CONTROL = UNIT + 0x18;
    static final long DEVICES = 0x10_0000;
    static final long OTHER_DEVICES = 0x10_2000;
    /** Two sets of page tables, each of level 4, 3, 2, 1. */
    static final long TABLES = 0x10_4000;
    /** Tables of level 6 and 5 above both. */
    static final long LEVEL_6 = 0x10_c000;
    static final long LEVEL_5 = 0x10_d000;
    static final long COMMANDS = 0x11_0000;
    static final long STORE = 0x11_2000;
    static final long END = 0x11_3000;

    private static final long COMMAND_BASE = UNIT + 0x08;
    private static final long COMMAND_HEAD = UNIT + 0x2000;
    private static final long COMMAND_TAIL = UNIT + 0x2008;
    private static final int[] REGISTERS = {0x00, 0x08, 0x10, 0x18, 0x20, 0x28, 0x30, 0x38,
        0x2000, 0x2008, 0x2010, 0x2018, 0x2020, 0x2030, 0x2038};

    /** Looks at what software can see of the unit. */
    private static final List<String> LOOKS = looks();

    private AmdWorld() { }

    private static List<String> looks() {
        var lines = new ArrayList<String>();
        for (int offset : REGISTERS) {
            lines.add(String.format("readq 0x%x", UNIT + offset));
        }
        lines.add(String.format("read 0x%x 0x20", STORE));
        return List.copyOf(lines);
    }

    /** Returns the program of these steps. */
    static Program program(List<Step> steps) {
        return new Program(beginning(), List.copyOf(steps), World.end(writeq(CONTROL, 0)), LOOKS);
    }

    /** Returns the steps that leave the unit as after reset but for ComWaitInt, which stays. */
    private static List<Step> beginning() {
        var steps = new ArrayList<>(List.of(quietUnit(), World.memory(DEVICES, END)));
        steps.addAll(World.preload());
        return steps;
    }

    private static Step quietUnit() {
        var lines = new ArrayList<String>();
        lines.add(writeq(CONTROL, 0));
        lines.addAll(buffer());
        lines.add(writeq(COMMANDS, 8L << 60));
        lines.add(writeq(COMMANDS + 8, 0));
        lines.add(writeq(COMMANDS + 16, 1L << 60 | 2));
        lines.add(writeq(COMMANDS + 24, 0));
        lines.add(writeq(CONTROL, 0x1001));
        lines.add(writeq(COMMAND_TAIL, 0x20));
        lines.add(writeq(CONTROL, 0));
        lines.addAll(buffer());
        for (int offset : REGISTERS) {
            if (offset != 0x08 && offset != 0x18) {
                lines.add(writeq(UNIT + offset, 0));
            }
        }
        return new Step("quiet unit", lines, 0);
    }

    private static List<String> buffer() {
        return List.of(writeq(COMMAND_BASE, COMMANDS | 8L << 56), writeq(COMMAND_HEAD, 0),
                writeq(COMMAND_TAIL, 0));
    }
}
