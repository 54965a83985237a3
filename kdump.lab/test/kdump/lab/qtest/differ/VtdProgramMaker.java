// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import static kdump.lab.qtest.differ.World.writel;
import static kdump.lab.qtest.differ.World.writeq;

import iommu.api.sim.RandomStream;
import java.util.ArrayList;
import java.util.List;

/** Makes a random program from a seed: tables, then requests, invalidations, faults and changes. */
final class VtdProgramMaker {

    private static final long GCMD = VtdWorld.UNIT + 0x18;
    private static final long TE = 1L << 31;

    private final RandomStream random;
    private final VtdTableMaker tables;
    private final VtdQueueMaker queue;
    private final List<Step> steps = new ArrayList<>();
    private final boolean scalable;
    private long command;
    private int slot;
    /** The device that does most of the work. */
    private final int home;

    private VtdProgramMaker(long seed, Oracle oracle, String unit) {
        random = new RandomStream(seed, "program");
        scalable = unit.contains("scalable") && !random.oneIn(4);
        boolean firstStage = scalable && (unit.contains("x-flts") || unit.contains("fsts"));
        boolean newer = oracle != Oracle.QEMU_7_2;
        tables = new VtdTableMaker(random, newer, scalable, firstStage);
        queue = new VtdQueueMaker(random, newer, oracle == Oracle.QEMU_11, firstStage);
        home = random.oneIn(3) ? World.SOURCES.length - 1 : 0;
    }

    /** Returns the program of a seed for a unit of an oracle. */
    static Program of(long seed, Oracle oracle, String unit) {
        return new VtdProgramMaker(seed, oracle, unit).make();
    }

    private Program make() {
        steps.addAll(tables.initial());
        command = TE;
        setRoot(VtdWorld.ROOT);
        steps.add(queue.base());
        queueOn();
        int count = 6 + random.nextInt(14);
        for (int i = 0; i < count; i++) {
            next();
        }
        return VtdWorld.program(steps);
    }

    private void next() {
        switch (random.nextInt(20)) {
            case 0, 1, 2, 3, 4, 5, 6, 7, 8 -> transfer();
            case 9, 10, 11, 12 -> steps.add(tables.change());
            case 13, 14, 15 -> invalidate();
            case 16, 17 -> clearFaults();
            case 18 -> {
                if (home == 0 || random.nextInt(2) == 0) {
                    unit();
                } else {
                    renumber();
                }
            }
            default -> registers();
        }
    }

    private void transfer() {
        int device = random.nextInt(4) == 0 ? random.nextInt(World.SOURCES.length) : home;
        int bytes = random.oneIn(8) ? 16 : 8;
        if (random.oneIn(40)) {
            // a write there would be an interrupt
            steps.add(World.transfer(device, 0xfee0_1000L, slot++ & 63, bytes, false));
            return;
        }
        steps.add(World.transfer(device, tables.address(), slot++ & 63, bytes,
                random.nextInt(2) == 0));
    }

    /** Gives the bus behind the port a number; the root pointer makes the unit forget the old. */
    private void renumber() {
        var lines = new ArrayList<>(World.renumber(
                World.BUSES[random.nextInt(World.BUSES.length)], random.nextInt(2) == 0));
        lines.add(writel(GCMD, command | 1L << 30));
        steps.add(new Step("renumber", lines, 0));
    }

    private void setRoot(long root) {
        long mode = scalable ? 1L << 10 : random.oneIn(12) ? 1L << 11 : 0;
        steps.add(new Step("root", writeq(VtdWorld.UNIT + 0x20, root | mode),
                writel(GCMD, command | 1L << 30)));
    }

    private void command(long bits) {
        command = bits;
        steps.add(new Step("global command", writel(GCMD, bits)));
    }

    private void queueOn() {
        if (random.oneIn(3)) {
            steps.add(queue.base());
            command |= 1L << 26;
            steps.add(new Step("queue on", writel(GCMD, command)));
        }
    }

    private void invalidate() {
        boolean queued = (command & 1L << 26) != 0;
        if (queued && !random.oneIn(6)) {
            steps.add(queue.push());
        } else if (random.nextInt(2) == 0) {
            steps.add(contextCommand());
        } else {
            steps.add(iotlbCommand());
        }
    }

    private Step contextCommand() {
        int source = World.SOURCES[random.nextInt(World.SOURCES.length)];
        long value = 1L << 63 | (long) random.nextInt(4) << 61 | (long) random.nextInt(4) << 32
                | (long) source << 16 | tables.domain();
        return new Step("context command", writeq(VtdWorld.UNIT + 0x28, value));
    }

    private Step iotlbCommand() {
        long address = tables.address() & ~0xfffL | (random.oneIn(3) ? random.nextInt(64)
                : random.nextInt(3));
        long value = 1L << 63 | (long) random.nextInt(4) << 60 | (long) tables.domain() << 32;
        return new Step("IOTLB command", writeq(VtdWorld.UNIT + 0xf0, address),
                writeq(VtdWorld.UNIT + 0xf8, value));
    }

    private void clearFaults() {
        steps.add(switch (random.nextInt(4)) {
            case 0 -> new Step("clear status", writel(VtdWorld.UNIT + 0x34, 0xff));
            case 1 -> new Step("clear record", writel(VtdWorld.UNIT + 0x22c, 1L << 31));
            case 2 -> new Step("fault event mask",
                    writel(VtdWorld.UNIT + 0x38, (long) random.nextInt(2) << 31));
            default -> new Step("clear faults", writel(VtdWorld.UNIT + 0x22c, 1L << 31),
                    writel(VtdWorld.UNIT + 0x34, 0x11));
        });
    }

    private void unit() {
        switch (random.nextInt(6)) {
            case 0 -> command(command ^ TE);
            case 1 -> command(command ^ 1L << 26);
            case 2 -> setRoot(random.oneIn(3) ? VtdWorld.OTHER_ROOT : VtdWorld.ROOT);
            case 3 -> command(command ^ 1L << 23 + random.nextInt(3));
            case 4 -> steps.add(new Step("root address alone",
                    writeq(VtdWorld.UNIT + 0x20, VtdWorld.OTHER_ROOT)));
            default -> queueOn();
        }
    }

    /** Registers that set nothing off. */
    private void registers() {
        int[] narrow = {0x3c, 0x40, 0x44, 0x64, 0x68, 0x6c, 0xa0, 0xa4, 0xa8, 0xac, 0x9c, 0xdc,
            0xe0, 0xe4, 0xe8, 0xec};
        int[] wide = {0x58, 0x70, 0x78, 0xb8, 0x80, 0x08, 0x10, 0xc0, 0xc8, 0xd0};
        int[] pairs = {0x30, 0x60, 0x68, 0x98, 0x00, 0x48, 0xc0, 0xd0, 0xd8};
        if (random.oneIn(4)) {
            long at = VtdWorld.UNIT + pairs[random.nextInt(pairs.length)];
            steps.add(new Step("two registers", writeq(at, random.nextLong()),
                    String.format("readq 0x%x", at), String.format("writeb 0x%x 0xff", at),
                    String.format("writew 0x%x 0xffff", at + 2), String.format("readw 0x%x", at)));
            return;
        }
        if (random.nextInt(2) == 0) {
            long at = VtdWorld.UNIT + narrow[random.nextInt(narrow.length)];
            // vectors of interrupts stay 0: the processor is to sleep on
            long value = at == VtdWorld.UNIT + 0x3c || at == VtdWorld.UNIT + 0xa4
                    ? random.nextLong() & 0xffff_0000L : random.nextLong() & 0xffff_ffffL;
            steps.add(new Step("register", writel(at, value), String.format("readl 0x%x", at)));
        } else {
            long at = VtdWorld.UNIT + wide[random.nextInt(wide.length)];
            steps.add(new Step("register", writeq(at, random.nextLong()),
                    String.format("readq 0x%x", at), String.format("readl 0x%x", at + 4)));
        }
    }
}
