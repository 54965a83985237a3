// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ.messages;

import static kdump.lab.qtest.differ.World.writel;
import static kdump.lab.qtest.differ.World.writeq;

import iommu.api.sim.RandomStream;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.qtest.differ.Step;
import kdump.lab.qtest.differ.VtdWorld;

/**
 * Makes random programs of interrupt messages through VT-d's remapping: entries of all kinds,
 * messages of both formats that a device sends with its own id, registers that change meanwhile.
 */
final class MessageProgramMaker {

    private static final long UNIT = VtdWorld.UNIT;
    private static final long COMMAND = UNIT + 0x18;
    private static final long FAULT_STATUS = UNIT + 0x34;
    private static final long TABLE_ADDRESS = UNIT + 0xb8;
    private static final long RECORD_HIGH = UNIT + 0x22c;
    private static final long TABLE = 0x10_0000;
    private static final long NO_MEMORY = 0x40_0000_0000L;
    private static final int ENTRIES = 16;
    private static final int REMAPS = 1 << 25;
    private static final int SET_TABLE = 1 << 24;
    private static final int COMPATIBLE = 1 << 23;
    private static final int DEVICE = 0x28;
    private static final long EDU = 0xe000_0000L;
    private static final int MESSAGE_CONTROL = 0x40;
    /** Looks at what software can see of the unit. */
    static final List<String> LOOKS = List.of("readl 0xfed9001c", "readl 0xfed90034",
            "readq 0xfed90220", "readq 0xfed90228", "readl 0xfed90038", "readq 0xfed900b8");

    private final RandomStream random;
    private final List<Step> steps = new ArrayList<>();
    private int command;

    private MessageProgramMaker(long seed) {
        random = new RandomStream(seed, "messages");
    }

    /** Returns the steps of a seed. */
    static List<Step> of(long seed) {
        return new MessageProgramMaker(seed).make();
    }

    /** Returns the options of a machine for these programs. */
    static List<String> options(String unit) {
        return List.of("-machine", "q35", "-m", "16", "-device", unit, "-device", "edu,addr=5");
    }

    /** Returns the lines that leave the unit as after reset, but for a record that is known. */
    static List<String> beginning() {
        var lines = new ArrayList<>(config(0x10, EDU));
        lines.addAll(config(0x04, 6));
        lines.addAll(config(MESSAGE_CONTROL, 0x80_0005 | 1 << 16));
        lines.addAll(List.of(writel(COMMAND, 0), writel(FAULT_STATUS, 0x1f),
                writel(RECORD_HIGH, 1L << 31), writel(UNIT + 0x38, 1L << 31),
                String.format("memset 0x%x 0x1000 0", TABLE), writeq(TABLE_ADDRESS, TABLE | 3),
                writel(COMMAND, SET_TABLE), writel(COMMAND, REMAPS)));
        lines.addAll(message(0xfee0_0010L, 0));
        lines.addAll(List.of(writel(RECORD_HIGH, 1L << 31), writel(FAULT_STATUS, 0x1f),
                writel(COMMAND, 0)));
        return lines;
    }

    private static List<String> config(int offset, long value) {
        return List.of(String.format("outl 0xcf8 0x%x", 0x8000_0000L | DEVICE << 8 | offset),
                String.format("outl 0xcfc 0x%x", value));
    }

    /** Returns the lines that have the device send a message. */
    private static List<String> message(long address, long data) {
        var lines = new ArrayList<>(config(MESSAGE_CONTROL + 4, address));
        lines.addAll(config(MESSAGE_CONTROL + 8, 0));
        lines.addAll(config(MESSAGE_CONTROL + 12, data));
        lines.addAll(List.of(writel(EDU + 0x60, 1), writel(EDU + 0x64, 1)));
        return lines;
    }

    private List<Step> make() {
        var lines = new ArrayList<String>();
        for (int i = 0; i < ENTRIES; i++) {
            lines.addAll(entry(i));
        }
        steps.add(new Step("entries", lines, 0));
        table();
        command(REMAPS | (random.oneIn(3) ? COMPATIBLE : 0));
        int count = 6 + random.nextInt(12);
        for (int i = 0; i < count; i++) {
            next();
        }
        return List.copyOf(steps);
    }

    private void next() {
        switch (random.nextInt(16)) {
            case 0, 1 -> steps.add(new Step("entry", entry(random.nextInt(ENTRIES)), 0));
            case 2 -> table();
            case 3 -> command(command ^ (random.oneIn(2) ? REMAPS : COMPATIBLE));
            case 4, 5, 6 -> steps.add(new Step("fault cleared", writel(RECORD_HIGH, 1L << 31),
                    writel(FAULT_STATUS, 1)));
            default -> message();
        }
    }

    private List<String> entry(int index) {
        long low = random.oneIn(8) ? 0 : 1;
        low |= (long) random.nextInt(1 << 7) << 1 & (random.oneIn(4) ? -1 : 0x5c);
        low |= (long) random.nextInt(256) << 16 | (long) random.nextInt(4) << 40;
        if (random.oneIn(6)) {
            low |= 1L << 8 + random.nextInt(56);
        }
        int kind = random.nextInt(4);
        long source = kind == 2 ? random.nextInt(2) << 8 : DEVICE ^ (random.oneIn(3)
                ? random.nextInt(8) : 0);
        long high = source | (long) random.nextInt(4) << 16
                | (kind == 3 && !random.oneIn(4) ? 1L : kind) << 18;
        if (random.oneIn(10)) {
            high |= 1L << 20 + random.nextInt(44);
        }
        return List.of(writeq(TABLE + 16L * index, low), writeq(TABLE + 16L * index + 8, high));
    }

    private void table() {
        long base = random.oneIn(12) ? NO_MEMORY : TABLE;
        int size = random.oneIn(3) ? random.nextInt(3) : 3;
        steps.add(new Step("table", writeq(TABLE_ADDRESS, base | size
                | (random.oneIn(10) ? 1 << 11 : 0)), writel(COMMAND, command | SET_TABLE)));
    }

    private void command(int bits) {
        command = bits;
        steps.add(new Step("command", writel(COMMAND, bits)));
    }

    private void message() {
        int index = random.oneIn(10) ? random.nextInt(1 << 16) : random.nextInt(ENTRIES + 1);
        int part = random.oneIn(3) ? random.nextInt(index + 1) : 0;
        boolean isCompatible = random.oneIn(8);
        long address = 0xfee0_0000L | (isCompatible ? (long) random.nextInt(1 << 16) << 4 & ~0x10
                : (long) (index - part & 0x7fff) << 5 | index - part >>> 15 << 2 | 0x10
                        | (part > 0 ? 8 : 0));
        long data = part > 0 ? part : random.oneIn(4) ? random.nextInt(1 << 16) : 0;
        steps.add(new Step(String.format("message %x, %x", address, data), message(address, data),
                0));
    }
}
