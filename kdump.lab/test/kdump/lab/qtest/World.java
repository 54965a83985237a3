// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** Where things lie in the programs, and the steps that put them there. */
final class World {

    static final long UNIT = 0xfed9_0000L;
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
    static final long DATA = 0x20_0000;
    static final int DATA_PAGES = 8;
    private static final long PRELOAD = 0x30_0000;
    private static final long DUMP = 0x31_0000;
    static final int BUFFER_BYTES = 1024;
    static final int SLOT_BYTES = 16;
    static final long BUFFER = 0x4_0000;

    /** The devices: requester ids and BARs. */
    static final int[] SOURCES = {0x28, 0x2c, 0x80};
    static final long[] BARS = {0xe000_0000L, 0xe010_0000L, 0xe020_0000L};
    /** Options that make them. */
    static final List<String> OPTIONS = List.of("-machine", "q35", "-m", "64",
            "-device", "edu,addr=5.0,multifunction=on,dma_mask=0xffffffffffffffff",
            "-device", "edu,addr=5.4,dma_mask=0xffffffffffffffff",
            "-device", "edu,addr=10.0,dma_mask=0xffffffffffffffff");

    private World() { }

    static String writeq(long at, long value) {
        return String.format("writeq 0x%x 0x%x", at, value);
    }

    static String writel(long at, long value) {
        return String.format("writel 0x%x 0x%x", at, value);
    }

    /** Returns the steps that leave the unit as after reset but for RTPS and IRTPS, which stay. */
    static List<Step> beginning() {
        return List.of(quietQueue(), quietUnit(), memory(), preload(0), preload(1), preload(2),
                knownFault(), clearFault());
    }

    /**
     * What a record held stays readable once it is cleared: let it be the same each time.
     * Translation stays on: QEMU takes two milliseconds to switch it.
     */
    private static Step knownFault() {
        var lines = new ArrayList<>(List.of(writeq(UNIT + 0x20, ROOT),
                writel(UNIT + 0x18, 1L << 30), writel(UNIT + 0x18, 1L << 31)));
        lines.addAll(transferLines(0, 0, BUFFER + BUFFER_BYTES, SLOT_BYTES, false));
        return new Step("known fault", lines, BARS[0]);
    }

    private static Step clearFault() {
        return new Step("clear fault", writel(UNIT + 0x22c, 1L << 31),
                writel(UNIT + 0x34, 0x11));
    }

    /** A queue can be disabled only when idle after a wait: every place gets one. */
    private static Step quietQueue() {
        byte[] waits = new byte[0x2000];
        for (int at = 0; at < waits.length; at += 16) {
            waits[at] = 0x25;
            waits[at + 9] = (byte) (STATUS >>> 8);
            waits[at + 10] = (byte) (STATUS >>> 16);
        }
        return new Step("quiet queue", String.format("b64write 0x%x 0x%x %s", QUEUE, waits.length,
                Base64.getEncoder().encodeToString(waits)), writel(UNIT + 0x34, 0x11),
                writeq(UNIT + 0x88, 0x3c0), writel(UNIT + 0x18, 0), writeq(UNIT + 0x88, 0),
                writeq(UNIT + 0x90, QUEUE), writel(UNIT + 0x18, 1 << 26),
                writeq(UNIT + 0x88, 0x10), writel(UNIT + 0x18, 0), writeq(UNIT + 0x88, 0));
    }

    private static Step quietUnit() {
        return new Step("quiet unit", writel(UNIT + 0x34, 0x11), writel(UNIT + 0x22c, 1L << 31),
                writel(UNIT + 0x34, 0x11), writel(UNIT + 0x38, 1L << 31),
                writel(UNIT + 0xa0, 1L << 31), writel(UNIT + 0x9c, 1), writeq(UNIT + 0x90, QUEUE),
                writel(UNIT + 0x3c, 0), writel(UNIT + 0x40, 0), writel(UNIT + 0xa4, 0),
                writel(UNIT + 0xa8, 0),
                writeq(UNIT + 0xb8, 0), writeq(UNIT + 0x20, 0), writel(UNIT + 0x18, 1 << 30),
                writel(UNIT + 0x18, 1 << 24), writeq(UNIT + 0xf0, 0),
                writeq(UNIT + 0x28, 0xa000_0000_0000_0000L),
                writeq(UNIT + 0xf8, 0x9000_0000_0000_0000L));
    }

    private static Step memory() {
        var lines = new ArrayList<String>();
        lines.add("memset 0 0xb000 0");
        lines.add(String.format("memset 0x%x 0x%x 0", ROOT, END - ROOT));
        lines.add(String.format("memset 0x%x 0x%x 0", DATA,
                (DATA_PAGES + 1) * 0x1000));
        byte[] bytes = new byte[BUFFER_BYTES];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) ((i * 7 ^ i >>> 3) << 2);
        }
        for (int page = 0; page < DATA_PAGES; page++) {
            for (int place : new int[] {0, 0xff0}) {
                lines.add(String.format("memset 0x%x 0x10 0x%x", DATA + page * 0x1000L + place,
                        page << 4 | (place == 0 ? 4 : 8) | 0x80));
            }
        }
        lines.add(String.format("b64write 0x%x 0x%x %s", PRELOAD, BUFFER_BYTES,
                Base64.getEncoder().encodeToString(bytes)));
        return new Step("memory", lines, 0);
    }

    private static Step preload(int device) {
        var lines = new ArrayList<String>();
        int at = 0x8000_0000 | SOURCES[device] << 8;
        lines.add(String.format("outl 0xcf8 0x%x", at | 0x10));
        lines.add(String.format("outl 0xcfc 0x%x", BARS[device]));
        lines.add(String.format("outl 0xcf8 0x%x", at | 4));
        lines.add("outl 0xcfc 6");
        lines.addAll(transferLines(device, PRELOAD, BUFFER, BUFFER_BYTES, false));
        return new Step("preload device " + device, lines, BARS[device]);
    }

    /** Returns the steps that show what the devices hold. */
    static List<Step> end() {
        var steps = new ArrayList<Step>();
        for (int device = 0; device < SOURCES.length; device++) {
            var lines = new ArrayList<String>();
            lines.add(writel(UNIT + 0x18, 0));
            lines.addAll(transferLines(device, BUFFER, DUMP + device * 0x1000L, BUFFER_BYTES,
                    true));
            steps.add(new Step("dump device " + device, lines, BARS[device]));
            steps.add(new Step("buffer of device " + device,
                    String.format("read 0x%x 0x%x", DUMP + device * 0x1000L, BUFFER_BYTES)));
        }
        return steps;
    }

    /** Returns a transfer between memory and a slot of a device. */
    static Step transfer(int device, long address, int slot, int bytes, boolean toMemory) {
        long place = BUFFER + (long) slot * SLOT_BYTES;
        return new Step(String.format("device %02x %s 0x%x, %d bytes", SOURCES[device],
                toMemory ? "writes" : "reads", address, bytes),
                transferLines(device, toMemory ? place : address, toMemory ? address : place,
                        bytes, toMemory), BARS[device]);
    }

    private static List<String> transferLines(int device, long from, long to, int bytes,
            boolean toMemory) {
        long bar = BARS[device];
        return List.of(writeq(bar + 0x80, from), writeq(bar + 0x88, to),
                writeq(bar + 0x90, bytes), writeq(bar + 0x98, toMemory ? 3 : 1));
    }
}
