// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ.messages;

import static kdump.lab.qtest.differ.World.writel;
import static kdump.lab.qtest.differ.World.writeq;

import iommu.api.sim.RandomStream;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.qtest.differ.AmdWorld;
import kdump.lab.qtest.differ.Oracle;
import kdump.lab.qtest.differ.Step;

/**
 * Makes random programs of interrupt messages through AMD-Vi: device table entries and interrupt
 * entries of all kinds, messages of all types, of a device beside the unit and of one behind a
 * port, while GaEn, XTEn and the tables change.
 */
final class AmdMessageMaker {

    private static final long UNIT = AmdWorld.UNIT;
    private static final long DEVICES = AmdWorld.WIDE_DEVICES;
    private static final long OTHER_DEVICES = AmdWorld.OTHER_WIDE_DEVICES;
    private static final long[] TABLES = {0x14_0000, 0x15_0000};
    private static final long COMMANDS = 0x16_0000;
    private static final long END = 0x16_1000;
    private static final long NO_MEMORY = 0x40_0000_0000L;
    private static final long COMMAND_TAIL = UNIT + 0x2008;
    private static final int ENTRIES = 8;
    private static final long IOMMU_EN = 1;
    private static final long EVENTS_ON = 0xc;
    private static final long COMMANDS_EN = 1 << 12;
    private static final long GA_EN = 1 << 17;
    private static final long XT_EN = 1L << 50;
    private static final long[] SWITCHES = {IOMMU_EN, 4, 8, GA_EN, GA_EN, XT_EN, XT_EN};
    private static final int[] SOURCES = {0x28, 0x100};
    private static final long[] BARS = {0xe000_0000L, 0xe030_0000L};
    private static final int PORT = 0x30;
    private static final int MESSAGE_CONTROL = 0x40;
    /** Looks at what software can see of the unit. */
    static final List<String> LOOKS = List.of("readq 0xfed80000", "readq 0xfed80010",
            "readq 0xfed80018", "readq 0xfed82000", "readq 0xfed82010", "readq 0xfed82018",
            "readq 0xfed82020", String.format("read 0x%x 0x100", AmdWorld.EVENTS));

    private final RandomStream random;
    /** Whether a processor would wake up of some messages. */
    private final boolean sleeps;
    private final List<Step> steps = new ArrayList<>();
    private long control;
    private int tail;

    private AmdMessageMaker(long seed, Oracle oracle) {
        random = new RandomStream(seed, "messages");
        sleeps = oracle != Oracle.QEMU_11;
    }

    /** Returns the steps of a seed. */
    static List<Step> of(long seed, Oracle oracle) {
        return new AmdMessageMaker(seed, oracle).make();
    }

    /** Returns the options of a machine for these programs. */
    static List<String> options(String unit) {
        return List.of("-machine", "q35", "-m", "64", "-device", unit, "-device", "edu,addr=5",
                "-device", "pcie-root-port,id=rp,addr=6.0", "-device", "edu,bus=rp");
    }

    /** Returns the lines that leave the unit as after reset, but with tables and a log. */
    static List<String> beginning() {
        var lines = new ArrayList<>(config(PORT, 0x18, 0x1_0100));
        lines.addAll(config(PORT, 0x20, 0xe030_e030L));
        lines.addAll(config(PORT, 0x04, 6));
        for (int i = 0; i < SOURCES.length; i++) {
            lines.addAll(config(SOURCES[i], 0x10, BARS[i]));
            lines.addAll(config(SOURCES[i], 0x04, 6));
            lines.addAll(config(SOURCES[i], MESSAGE_CONTROL, 0x80_0005 | 1 << 16));
        }
        lines.addAll(List.of(writeq(AmdWorld.CONTROL, 0), writeq(AmdWorld.STATUS, 0x67),
                String.format("memset 0x%x 0x%x 0", DEVICES, END - DEVICES),
                writeq(UNIT, DEVICES | 7), writeq(AmdWorld.EVENT_BASE, AmdWorld.EVENTS | 8L << 56),
                writeq(UNIT + 0x2010, 0), writeq(UNIT + 0x2018, 0),
                writeq(UNIT + 0x08, COMMANDS | 8L << 56), writeq(UNIT + 0x2000, 0),
                writeq(COMMAND_TAIL, 0)));
        return lines;
    }

    private static List<String> config(int id, int offset, long value) {
        return List.of(String.format("outl 0xcf8 0x%x", 0x8000_0000L | id << 8 | offset),
                String.format("outl 0xcfc 0x%x", value));
    }

    private List<Step> make() {
        for (int source : SOURCES) {
            steps.add(entry(source, DEVICES));
            steps.add(entry(source, OTHER_DEVICES));
        }
        control(IOMMU_EN | COMMANDS_EN | (random.oneIn(8) ? 0 : EVENTS_ON)
                | (random.oneIn(2) ? 0 : GA_EN) | (random.oneIn(2) ? 0 : XT_EN));
        for (long table : TABLES) {
            for (int i = 0; i < ENTRIES; i++) {
                steps.add(interruptEntry(table, i));
            }
        }
        int count = 8 + random.nextInt(16);
        for (int i = 0; i < count; i++) {
            next();
        }
        return List.copyOf(steps);
    }

    private void next() {
        switch (random.nextInt(20)) {
            case 0, 1, 2 -> steps.add(interruptEntry(TABLES[random.nextInt(2)],
                    random.nextInt(ENTRIES)));
            case 3, 4, 5 -> steps.add(entry(SOURCES[random.nextInt(2)],
                    random.oneIn(4) ? OTHER_DEVICES : DEVICES));
            case 6 -> control(control ^ SWITCHES[random.nextInt(SWITCHES.length)]);
            case 7 -> deviceTable();
            case 8 -> steps.add(invalidation());
            case 9 -> steps.add(log());
            default -> message();
        }
    }

    private void control(long bits) {
        control = bits;
        steps.add(new Step("control", writeq(AmdWorld.CONTROL, bits)));
    }

    private void deviceTable() {
        long base = random.oneIn(6) ? NO_MEMORY : random.oneIn(2) ? OTHER_DEVICES : DEVICES;
        steps.add(new Step("device table", writeq(UNIT, base | random.nextInt(16))));
    }

    private Step entry(int source, long devices) {
        long at = devices + 32L * source;
        long q0 = random.oneIn(3) ? 0 : 3 | 3L << 61;
        long q2 = (random.oneIn(8) ? 0 : 1) | (long) random.nextInt(16) << 1
                | (long) random.nextInt(2) << 5 | TABLES[random.nextInt(2)]
                | (random.oneIn(3) ? (long) random.nextInt(4) : 2) << 60
                | (long) random.nextInt(8) << 56 | (random.oneIn(2) ? 0 : 3L << 62);
        if (random.oneIn(12)) {
            q2 = q2 & 0xfff0_0000_0000_003fL | NO_MEMORY;
        }
        long[] words = {q0, random.oneIn(3) ? random.nextLong() : 1, q2,
            random.oneIn(20) ? random.nextLong() : 0};
        if (random.oneIn(5)) {
            words[random.nextInt(4)] ^= 1L << random.nextInt(64);
        }
        var lines = new ArrayList<String>();
        for (int i = 0; i < words.length; i++) {
            lines.add(writeq(at + 8L * i, words[i]));
        }
        return new Step(String.format("device table entry of %02x", source), lines, 0);
    }

    /** An interrupt entry of the width that there is, or at times of the other. */
    private Step interruptEntry(long table, int number) {
        // the type of an arbitrated message is in the bits of its index
        int index = number | (random.oneIn(3) ? 0x100 : 0);
        long low = (random.oneIn(8) ? 0 : 1) | (long) random.nextInt(2) << 1
                | (random.oneIn(4) ? (long) random.nextInt(8) : random.nextInt(2)) << 2
                | (long) random.nextInt(4) << 5 | (random.oneIn(8) ? 1 << 7 : 0);
        if ((control & GA_EN) != 0 ^ random.oneIn(8)) {
            return new Step("wide interrupt entry " + index,
                    writeq(table + 16L * index, low | random.nextLong() << 8),
                    writeq(table + 16L * index + 8, random.nextLong()));
        }
        return new Step("interrupt entry " + index,
                writel(table + 4L * index, low | random.nextLong() & 0xffff_ff00L));
    }

    private Step invalidation() {
        int opcode = random.oneIn(2) ? 5 : 2;
        long at = COMMANDS + 16L * tail++;
        return new Step("invalidation " + opcode,
                writeq(at, (long) opcode << 60 | SOURCES[random.nextInt(2)]
                        | (random.oneIn(6) ? 1L << 16 + random.nextInt(44) : 0)),
                writeq(at + 8, 0), writeq(COMMAND_TAIL, 16L * tail));
    }

    private Step log() {
        return random.oneIn(3)
                ? new Step("event log", writeq(AmdWorld.EVENT_BASE, AmdWorld.EVENTS
                        | (long) random.nextInt(5) << 56))
                : new Step("status", writeq(AmdWorld.STATUS, 0x67));
    }

    private void message() {
        int device = random.oneIn(4) ? 1 : 0;
        int[] quiet = {0, 0, 1, 1, 3, 7};
        int mode = sleeps ? quiet[random.nextInt(quiet.length)]
                : random.oneIn(3) ? random.nextInt(8) : random.nextInt(2);
        int index = random.oneIn(10) ? random.nextInt(0x100) : random.nextInt(ENTRIES + 1);
        long address = 0xfee0_0000L | (long) random.nextInt(1 << 8) << 12
                | (random.oneIn(3) ? random.nextInt(1 << 10) << 2 : 0);
        // the index has the bits of the mode too
        long data = (long) mode << 8 | index | (random.oneIn(4) ? random.nextInt(32) << 11 : 0);
        long bar = BARS[device];
        var lines = new ArrayList<>(config(SOURCES[device], MESSAGE_CONTROL + 4, address));
        lines.addAll(config(SOURCES[device], MESSAGE_CONTROL + 8, 0));
        lines.addAll(config(SOURCES[device], MESSAGE_CONTROL + 12, data));
        lines.addAll(List.of(writel(bar + 0x60, 1), writel(bar + 0x64, 1)));
        steps.add(new Step(String.format("message %x, %x of %02x", address, data,
                SOURCES[device]), lines, 0));
    }
}
