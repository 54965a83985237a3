// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import static kdump.lab.qtest.differ.World.writel;
import static kdump.lab.qtest.differ.World.writeq;

import iommu.api.sim.RandomStream;
import java.util.ArrayList;
import java.util.List;

/** Makes a random AMD-Vi program from a seed: tables, then requests, commands and changes. */
final class AmdProgramMaker {

    private static final long IOMMU_EN = 1;
    private static final long EVENT_LOG_EN = 1 << 2;
    private static final long EVENT_INTERRUPTS = 1 << 3;
    private static final long COMMANDS_EN = 1 << 12;

    private final Oracle oracle;
    private final boolean newest;
    private final RandomStream random;
    private final AmdTableMaker tables;
    private final AmdCommandMaker commands;
    private final List<Step> steps = new ArrayList<>();
    private final AmdEventMaker events;
    private long control;
    private int slot;

    private AmdProgramMaker(long seed, Oracle oracle) {
        this.oracle = oracle;
        newest = oracle == Oracle.QEMU_11;
        random = new RandomStream(seed, "program");
        tables = new AmdTableMaker(random, newest);
        commands = new AmdCommandMaker(random, tables, oracle);
        events = new AmdEventMaker(random);
    }

    /** Returns the program of a seed. */
    static Program of(long seed, Oracle oracle) {
        return new AmdProgramMaker(seed, oracle).make();
    }

    private Program make() {
        steps.addAll(tables.initial());
        steps.add(deviceTable(tables.devices()));
        steps.add(commands.base());
        if (newest) {
            steps.add(events.base());
        }
        control(IOMMU_EN | EVENT_LOG_EN | (random.oneIn(8) ? 0 : COMMANDS_EN)
                | (newest && random.oneIn(2) ? EVENT_INTERRUPTS : 0));
        if (newest) {
            for (int id : new int[] {0x28, 0x2c, 0x80, 0x100}) {
                steps.add(invalidation(id));
            }
        }
        int count = 8 + random.nextInt(16);
        for (int i = 0; i < count; i++) {
            next();
        }
        return AmdWorld.program(oracle, steps);
    }

    private void next() {
        switch (random.nextInt(newest ? 24 : 20)) {
            case 0, 1, 2, 3, 4, 5, 6, 7, 8 -> transfer();
            case 9, 10, 11, 12 -> steps.add(tables.change());
            case 13, 14, 15, 16, 17 -> steps.add(commands.push());
            case 18 -> {
                unit();
                renumber(World.BUSES[random.nextInt(2)]);
            }
            case 20, 21, 22 -> {
                int id = random.oneIn(2) ? 0x28 : tables.presentId();
                steps.add(tables.changedEntry(id));
                if (!random.oneIn(4)) {
                    steps.add(invalidation(id));
                }
            }
            case 23 -> steps.add(events.next());
            default -> steps.add(registers());
        }
    }

    /**
     * Gives the bus of a device another number. QEMU 11 remembers of the device itself whether it
     * is remapped, we of its id: there the unit is made to look at the entry of the new one.
     */
    private void renumber(int bus) {
        var lines = new ArrayList<>(World.renumber(bus, random.nextInt(2) == 0));
        tables.renumbered(bus);
        if (newest) {
            // commands that wait are for the old number
            lines.add(0, writeq(AmdWorld.CONTROL, control | IOMMU_EN | COMMANDS_EN));
            lines.addAll(commands.invalidate(bus << 8));
            lines.add(writeq(AmdWorld.CONTROL, control));
        }
        steps.add(new Step("renumber", lines, 0));
    }

    private Step invalidation(int id) {
        return new Step(String.format("invalidate the entry of %02x", id),
                commands.invalidate(id), 0);
    }

    private void transfer() {
        int device = random.nextInt(4) == 0 ? random.nextInt(World.SOURCES.length) : 0;
        int bytes = random.oneIn(8) ? 16 : 8;
        if (random.oneIn(40)) {
            // a write there would be an interrupt
            steps.add(World.transfer(device, 0xfee0_1000L, slot++ & 63, bytes, false));
            return;
        }
        steps.add(World.transfer(device, tables.address(), slot++ & 63, bytes,
                random.nextInt(2) == 0));
    }

    /** Points the unit at a device table, of a size that QEMU does not look at. */
    private Step deviceTable(long devices) {
        long value = devices | random.nextInt(16);
        long at = AmdWorld.UNIT;
        return switch (random.nextInt(6)) {
            case 4 -> new Step("device table in quarters",
                    String.format("writew 0x%x 0x%x", at, value & 0xffff),
                    String.format("writew 0x%x 0x%x", at + 2, value >>> 16));
            case 5 -> new Step("device table in bytes",
                    String.format("writeb 0x%x 0x%x", at + random.nextInt(3), value & 0xff),
                    String.format("writeb 0x%x 0x%x", at, value >>> 8 & 0xff));
            case 0 -> new Step("device table in halves", writel(at, value), writel(at + 4, 0));
            case 1 -> new Step("device table, lower half alone", writel(at, value));
            default -> new Step("device table", writeq(at, value));
        };
    }

    private void control(long bits) {
        control = bits;
        steps.add(new Step("control", writeq(AmdWorld.CONTROL, bits)));
    }

    private void unit() {
        switch (random.nextInt(7)) {
            case 0, 1 -> control(control ^ IOMMU_EN);
            case 2 -> control(control ^ COMMANDS_EN);
            case 3 -> control(control ^ 1L << random.nextInt(64));
            case 4 -> steps.add(commands.base());
            default -> steps.add(deviceTable(random.nextInt(2) == 0 ? tables.otherDevices()
                    : tables.devices()));
        }
    }

    /** Registers that set nothing off; where the base of the event log does, another one twice. */
    private Step registers() {
        int[] offsets = {newest ? 0x20 : 0x10, 0x20, 0x28, 0x30, 0x38, 0xe0, 0x1a0, 0x2010,
            0x2018, 0x2020, 0x2030, 0x2038, 0x2040, 0x3ff8};
        long at = AmdWorld.UNIT + offsets[random.nextInt(offsets.length)];
        if (random.oneIn(3)) {
            String width = random.oneIn(2) ? "b" : "w";
            at += width.equals("b") ? random.nextInt(8) : 2 * random.nextInt(4);
            return new Step("register", String.format("write%s 0x%x 0x%x", width, at,
                    random.nextInt(1 << 16)), String.format("read%s 0x%x", width, at),
                    String.format("readw 0x%x", at & -2));
        }
        if (random.nextInt(2) == 0) {
            at += random.oneIn(2) ? 4 : 0;
            return new Step("register", writel(at, random.nextLong() & 0xffff_ffffL),
                    String.format("readl 0x%x", at));
        }
        return new Step("register", writeq(at, random.nextLong()),
                String.format("readq 0x%x", at), String.format("readl 0x%x", at + 4));
    }
}
