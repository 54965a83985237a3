// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** What all programs share: devices, the pages that transfers reach, and transfers. */
public final class World {

    static final long DATA = 0x20_0000;
    static final int DATA_PAGES = 8;
    private static final long PRELOAD = 0x30_0000;
    private static final long DUMP = 0x31_0000;
    static final int BUFFER_BYTES = 1024;
    static final int SLOT_BYTES = 16;
    static final long BUFFER = 0x4_0000;

    /** The devices: requester ids and BARs. */
    static final int[] SOURCES = {0x28, 0x2c, 0x80, 0x100};
    static final long[] BARS = {0xe000_0000L, 0xe010_0000L, 0xe020_0000L, 0xe030_0000L};
    /** The last device is on one of these buses, behind a port. */
    static final int[] BUSES = {1, 2};
    private static final int BEHIND_PORT = 3;
    private static final int PORT = 0x30;
    /** Where config space lies in memory. */
    private static final long CONFIG = 0xb000_0000L;
    /** Options that make them. */
    static final List<String> OPTIONS = List.of("-machine", "q35", "-m", "64",
            "-device", "edu,addr=5.0,multifunction=on,dma_mask=0xffffffffffffffff",
            "-device", "edu,addr=5.4,dma_mask=0xffffffffffffffff",
            "-device", "edu,addr=10.0,dma_mask=0xffffffffffffffff",
            "-device", "pcie-root-port,id=rp,addr=6.0",
            "-device", "edu,bus=rp,dma_mask=0xffffffffffffffff");

    private World() { }

    /** Returns the line that writes eight bytes. */
    public static String writeq(long at, long value) {
        return String.format("writeq 0x%x 0x%x", at, value);
    }

    /** Returns the line that writes four bytes. */
    public static String writel(long at, long value) {
        return String.format("writel 0x%x 0x%x", at, value);
    }

    /** Returns the step that gives memory and devices what they begin with; zeros in the tables. */
    static Step memory(long tables, long end) {
        var lines = new ArrayList<String>();
        lines.add("memset 0 0x12000 0");
        lines.add(String.format("memset 0x%x 0x%x 0", tables, end - tables));
        // large pages reach further than the data
        lines.add(String.format("memset 0x%x 0x%x 0", DATA, 4 * DATA_PAGES * 0x1000));
        lines.add("memset 0x400000 0x10000 0");
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

    /** Returns the steps that fill the buffers of all devices. */
    static List<Step> preload() {
        var steps = new ArrayList<Step>();
        for (int device = 0; device < BEHIND_PORT; device++) {
            steps.add(preload(device, SOURCES[device], List.of()));
        }
        for (int i = BUSES.length - 1; i >= 0; i--) {
            var lines = new ArrayList<>(config(PORT, 0x20, 0xe030_e030L));
            lines.addAll(config(0, 0x60, CONFIG | 1));
            lines.addAll(renumber(BUSES[i], false));
            lines.addAll(config(PORT, 0x04, 2));
            steps.add(preload(BEHIND_PORT, BUSES[i] << 8, lines));
        }
        return steps;
    }

    private static Step preload(int device, int id, List<String> before) {
        var lines = new ArrayList<>(before);
        lines.addAll(config(id, 0x10, BARS[device]));
        lines.addAll(config(id, 0x04, 6));
        lines.addAll(transferLines(device, PRELOAD, BUFFER, BUFFER_BYTES, false));
        return new Step("preload device " + device, lines, BARS[device]);
    }

    private static List<String> config(int id, int offset, long value) {
        return List.of(String.format("outl 0xcf8 0x%x", 0x8000_0000L | id << 8 | offset),
                String.format("outl 0xcfc 0x%x", value));
    }

    /**
     * Returns the lines that give the bus behind the port a number; what units know by the old one
     * is to be invalidated.
     *
     * @param inMemory whether config space is reached as memory
     */
    static List<String> renumber(int bus, boolean inMemory) {
        long numbers = bus << 16 | bus << 8;
        return inMemory ? List.of(writel(CONFIG + (PORT << 12) + 0x18, numbers),
                String.format("readl 0x%x", CONFIG + (bus << 20)))
                : config(PORT, 0x18, numbers);
    }

    /**
     * Returns the steps that show what the devices hold.
     *
     * @param off the line that switches translation off
     */
    static List<Step> end(String off) {
        var steps = new ArrayList<Step>();
        for (int device = 0; device < SOURCES.length; device++) {
            var lines = new ArrayList<String>();
            lines.add(off);
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

    static List<String> transferLines(int device, long from, long to, int bytes,
            boolean toMemory) {
        long bar = BARS[device];
        return List.of(writeq(bar + 0x80, from), writeq(bar + 0x88, to),
                writeq(bar + 0x90, bytes), writeq(bar + 0x98, toMemory ? 3 : 1));
    }
}
