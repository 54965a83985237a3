// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ.devices;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.UnaryOperator;
import kdump.lab.qtest.options.Numbers;

/**
 * What a program does to an AHCI controller over the qtest protocol, and what it sees. It waits by
 * looking again, since QEMU's disk takes the host's time. One thread.
 */
final class AhciProgram {

    private static final long ABAR = 0xe000_0000L;
    private static final long PORT = ABAR + 0x100;
    private static final long LIST = 0x100000;
    private static final long RECEIVED = 0x101000;
    private static final long TABLES = 0x102000;
    static final long BUFFER = 0x200000;
    static final long NOWHERE = 0x7000_0000L;
    private static final long MESSAGE = 0x300000;
    private static final int MAX_POLLS = 20_000;
    private static final int[] PORT_REGISTERS =
            {0x00, 0x08, 0x10, 0x14, 0x18, 0x20, 0x24, 0x28, 0x2c, 0x30, 0x34, 0x38};

    private final UnaryOperator<String> machine;
    private final int function;
    private int leftOut = -1;
    private final List<String> seen = new ArrayList<>();

    /** @param function whose BARs nobody has placed yet */
    AhciProgram(UnaryOperator<String> machine, int function) {
        this.machine = machine;
        this.function = function;
    }

    /** Returns all that it has seen, oldest first. */
    List<String> seen() {
        return seen;
    }

    private String ask(String line, Object... numbers) {
        return machine.apply(String.format(line, numbers));
    }

    private void see(String what, String answer) {
        seen.add(what + " " + answer);
    }

    private void config(int offset, long value, char width) {
        ask("outl 0xcf8 0x%x", 0x8000_0000L | function << 8 | offset);
        ask("out%s 0xcfc 0x%x", width, value);
    }

    private long read(int offset) {
        return Numbers.unsigned(ask("readl 0x%x", PORT + offset).substring(3));
    }

    private void write(int offset, long value) {
        ask("writel 0x%x 0x%x", PORT + offset, value);
    }

    /** Sees memory. */
    void memory(long address, int bytes) {
        see("memory", ask("read 0x%x 0x%x", address, bytes));
    }

    /** Writes memory. */
    void fill(long address, int bytes, int pattern) {
        ask("memset 0x%x 0x%x 0x%x", address, bytes, pattern);
    }

    /** Sees all registers. */
    void registers(String when) {
        for (int offset : new int[] {0x00, 0x04, 0x08, 0x0c, 0x10, 0x24}) {
            see(when + " " + offset, ask("readl 0x%x", ABAR + offset));
        }
        for (int port = 0; port < 6; port++) {
            for (int offset : PORT_REGISTERS) {
                if (offset != leftOut) {
                    see(when + " port " + port + " " + offset,
                            ask("readl 0x%x", PORT + port * 0x80 + offset));
                }
            }
        }
    }

    /** Places BARs and resets the adapter. */
    void begin(boolean messages) {
        config(0x20, 0xc041, 'l');
        config(0x24, ABAR, 'l');
        config(4, 7, 'w');
        if (messages) {
            config(0x84, MESSAGE, 'l');
            config(0x8c, 0x1234, 'w');
            config(0x80, 0x0081_a805, 'l');
        }
        see("index", ask("outl 0xc050 0x110"));
        see("data", ask("inl 0xc054"));
        resetAdapter();
        registers("reset");
    }

    void resetAdapter() {
        ask("writel 0x%x 1", ABAR + 4);
        for (int i = 0; (Numbers.unsigned(ask("readl 0x%x", ABAR + 4).substring(3)) & 1) != 0
                && i < MAX_POLLS; i++) {
            ask("readl 0x%x", ABAR);
        }
        await(0x28, 0xf, 3);
        write(0x30, 0xffff_ffffL);
    }

    private void await(int offset, long mask, long value) {
        for (int i = 0; i < MAX_POLLS; i++) {
            if ((read(offset) & mask) == value) {
                return;
            }
        }
        see("never", offset + " " + value);
    }

    /** Has the port receive and run. */
    void start() {
        write(0x04, 0);
        write(0x00, LIST);
        write(0x0c, 0);
        write(0x08, RECEIVED);
        fill(RECEIVED, 0x100, 0);
        write(0x18, 0x16);
        await(0x24, 0xffff_ffffL, 0x101);
        attend();
        write(0x14, 0xffff_ffffL);
        ask("writel 0x%x 0x80000002", ABAR + 4);
        registers("receiving");
        see("signature", ask("read 0x%x 0x12", RECEIVED + 0x42));
        write(0x18, 0x17);
        registers("running");
    }

    void stop() {
        write(0x18, 0x06);
        registers("stopped");
    }

    /** COMRESET. */
    void resetLink() {
        write(0x2c, 0x301);
        write(0x2c, 0x300);
        await(0x28, 0xf, 3);
        write(0x30, 0xffff_ffffL);
        attend();
        registers("link reset");
    }

    private void attend() {
        write(0x30, 0xffff_ffffL);
        write(0x10, 0xffff_ffffL);
        ask("writel 0x%x 1", ABAR + 8);
        fill(MESSAGE, 4, 0);
    }

    /** One command in a slot; a piece is an address and its bytes. */
    void command(int slot, int command, long sector, int count, int feature, long... pieces) {
        byte[] fis = new byte[20];
        fis[0] = 0x27;
        fis[1] = (byte) 0x80;
        fis[2] = (byte) command;
        fis[3] = (byte) feature;
        fis[7] = (byte) (command >= 0xe0 ? 0xa0 : 0x40);
        for (int i = 0; i < 3; i++) {
            fis[4 + i] = (byte) (sector >>> 8 * i);
            fis[8 + i] = (byte) (sector >>> 24 + 8 * i);
        }
        fis[12] = (byte) count;
        fis[13] = (byte) (count >>> 8);
        if (queued(command)) {
            fis[3] = (byte) count;
            fis[11] = (byte) (count >>> 8);
            fis[12] = (byte) (slot << 3);
            fis[13] = 0;
        }
        long table = TABLES + slot * 0x1000L;
        fill(table, 0x200, 0);
        ask("write 0x%x 0x14 0x%s", table, HexFormat.of().formatHex(fis));
        for (int i = 0; i < pieces.length; i += 2) {
            ask("writeq 0x%x 0x%x", table + 0x80 + 8L * i, pieces[i]);
            ask("writeq 0x%x 0x%x", table + 0x88 + 8L * i, pieces[i + 1] - 1 << 32);
        }
        boolean toDisk = command == 0x35 || command == 0x61 || command == 0x34 || command == 0xca;
        ask("writeq 0x%x 0x%x", LIST + slot * 32,
                5 | (toDisk ? 0x40 : 0) | (long) pieces.length / 2 << 16);
        ask("writeq 0x%x 0x%x", LIST + slot * 32 + 8, table);
    }

    private static boolean queued(int command) {
        return command >>> 4 == 6;
    }

    /** Issues slots, waits until all are done or one has failed, and sees what came of it. */
    void issue(int command, int slots) {
        if (queued(command)) {
            write(0x34, slots);
        }
        write(0x38, slots);
        for (int i = 0; i < MAX_POLLS; i++) {
            if ((read(0x38) | read(0x34)) == 0 || (read(0x10) & 0x4000_0000) != 0) {
                break;
            }
        }
        String name = String.format("command %02x", command);
        boolean pio = command == 0xec || command == 0x24 || command == 0x34 || command == 0x20;
        if (!pio) {
            see(name + " PxIS", ask("readl 0x%x", PORT + 0x10));
            int from = queued(command) ? 0x44 : 0x42; // QEMU's status of acceptance is an old one
            see(name + " registers", ask("read 0x%x 0x%x", RECEIVED + from, 0x4e - from));
        } else {
            see(name + " PIO setup", ask("read 0x%x 0x0d", RECEIVED + 0x22));
        }
        see(name + " bits", ask("read 0x%x 8", RECEIVED + 0x58));
        see(name + " message", ask("readl 0x%x", MESSAGE));
        see(name + " IS", ask("readl 0x%x", ABAR + 8));
        see(name + " count", ask("read 0x%x 8", LIST));
        // QEMU: a queued command that fails stays issued; the slot in hand is always 0
        leftOut = slots != 1 ? 0x18
                : queued(command) && (read(0x10) & 0x4000_0000) != 0 ? 0x38 : -1;
        attend();
        registers(name);
        leftOut = -1;
    }

    /** One command in slot 0. */
    void run(int command, long sector, int count, long... pieces) {
        command(0, command, sector, count, 0, pieces);
        issue(command, 1);
    }
}
