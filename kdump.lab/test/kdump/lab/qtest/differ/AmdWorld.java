// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import static kdump.lab.qtest.differ.World.writeq;

import java.util.ArrayList;
import java.util.List;

/**
 * Where AMD-Vi's things lie in the programs, how they begin, and what is looked at. QEMU 11 knows
 * devices by the number of their bus, remaps those alone whose entries were invalidated, and writes
 * its event log.
 */
public final class AmdWorld {

    public static final long UNIT = 0xfed8_0000L;
    public static final long CONTROL = UNIT + 0x18;
    static final long DEVICES = 0x10_0000;
    static final long OTHER_DEVICES = 0x10_2000;
    /** Two sets of page tables, each of level 4, 3, 2, 1. */
    static final long TABLES = 0x10_4000;
    /** Tables of level 6 and 5 above both. */
    static final long LEVEL_6 = 0x10_c000;
    static final long LEVEL_5 = 0x10_d000;
    static final long COMMANDS = 0x11_0000;
    static final long STORE = 0x11_2000;
    private static final long END = 0x11_3000;
    /** Of QEMU 11: two device tables for all buses that there are, and the event log. */
    public static final long WIDE_DEVICES = 0x12_0000;
    public static final long OTHER_WIDE_DEVICES = 0x12_8000;
    public static final long EVENTS = 0x13_0000;
    private static final long WIDE_END = 0x13_1000;
    public static final long EVENT_BASE = UNIT + 0x10;
    public static final long STATUS = UNIT + 0x2020;
    /** All bits of the status that a write of 1 clears. */
    private static final int CLEARED = 0x67;

    private static final long COMMAND_BASE = UNIT + 0x08;
    private static final long COMMAND_HEAD = UNIT + 0x2000;
    private static final long COMMAND_TAIL = UNIT + 0x2008;
    private static final int[] REGISTERS = {0x00, 0x08, 0x10, 0x18, 0x20, 0x28, 0x30, 0x38,
        0x2000, 0x2008, 0x2010, 0x2018, 0x2020, 0x2030, 0x2038};

    /** Looks at what software can see of the unit. */
    private static final List<String> LOOKS = looks();
    private static final List<String> LOOKS_AT_EVENTS = looksAtEvents();

    private AmdWorld() { }

    private static List<String> looks() {
        var lines = new ArrayList<String>();
        for (int offset : REGISTERS) {
            lines.add(String.format("readq 0x%x", UNIT + offset));
        }
        lines.add(String.format("read 0x%x 0x20", STORE));
        return List.copyOf(lines);
    }

    private static List<String> looksAtEvents() {
        var lines = new ArrayList<>(looks());
        lines.add(String.format("read 0x%x 0x100", EVENTS));
        return List.copyOf(lines);
    }

    /** Returns the program of these steps. */
    static Program program(Oracle oracle, List<Step> steps) {
        boolean newest = oracle == Oracle.QEMU_11;
        return new Program(newest ? newestBeginning() : beginning(), List.copyOf(steps),
                World.end(writeq(CONTROL, 0)), newest ? LOOKS_AT_EVENTS : LOOKS);
    }

    /** Returns the command that has the unit look at the entry of a device. */
    static long[] invalidation(int device) {
        return new long[] {2L << 60 | device, 0};
    }

    /** Returns the steps that leave QEMU 11's unit as after reset, and all devices passing. */
    private static List<Step> newestBeginning() {
        var quiet = new ArrayList<>(quietUnit().lines());
        quiet.add(0, writeq(STATUS, CLEARED));
        quiet.add(String.format("memset 0x%x 0x%x 0", WIDE_DEVICES, WIDE_END - WIDE_DEVICES));
        quiet.add(writeq(UNIT, WIDE_DEVICES));
        quiet.addAll(buffer());
        int at = 0;
        for (int device : new int[] {0x28, 0x2c, 0x80, 0x100, 0x200}) {
            long[] command = invalidation(device);
            quiet.add(writeq(COMMANDS + at, command[0]));
            quiet.add(writeq(COMMANDS + at + 8, command[1]));
            at += 16;
        }
        quiet.addAll(List.of(writeq(CONTROL, 0x1001), writeq(COMMAND_TAIL, at),
                writeq(CONTROL, 0)));
        quiet.addAll(buffer());
        quiet.addAll(List.of(writeq(UNIT, 0), writeq(STATUS, CLEARED), writeq(EVENT_BASE, 0)));
        var steps = new ArrayList<>(List.of(new Step("quiet unit", quiet, 0),
                World.memory(DEVICES, WIDE_END)));
        steps.addAll(World.preload());
        return steps;
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
        // where untranslated transfers of the program before may have gone
        for (int shift = 22; shift < 26; shift++) {
            lines.add(String.format("memset 0x%x 0x12000 0", 1 << shift));
        }
        return new Step("quiet unit", lines, 0);
    }

    private static List<String> buffer() {
        return List.of(writeq(COMMAND_BASE, COMMANDS | 8L << 56), writeq(COMMAND_HEAD, 0),
                writeq(COMMAND_TAIL, 0));
    }
}
