// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import iommu.api.memory.PhysicalMemory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Set;
import kdump.lab.qtest.machine.ConfigPorts;
import kdump.lab.qtest.machine.Machine;
import kdump.lab.qtest.options.Numbers;

/**
 * The line protocol: one command a line, one answer each, "OK", "OK VALUE" or "FAIL WHY". A command
 * that QEMU dies of (too few words, no number) is answered FAIL. Threads may take turns.
 *
 * <p>Source: QEMU documentation, "QTest Device Emulation Testing Framework", "QTest Protocol".
 */
public final class Protocol {

    /** Longest transfer of one command, so that a wrong length cannot exhaust the heap. */
    private static final long MAX_BYTES = 16 << 20;

    /** Longest {@code memset}, a page at a time: as much as ever fits. */
    private static final long MAX_SET_BYTES = 2L << 30;
    /** Data of fewer characters is an error. */
    private static final int MIN_DATA = 3;
    private static final String WRONG_SIZE = "ERR invalid argument size";
    private static final String CONTROLLER = "ioapic";
    private static final Set<String> DEVICES = Set.of(CONTROLLER, "/machine");
    private static final char PADDING = '=';
    private static final String DIGITS =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    private Machine machine;
    private ConfigPorts ports;
    private String intercepted;

    public Protocol(Machine machine) {
        this.machine = machine;
        this.ports = new ConfigPorts(machine);
    }

    /**
     * Goes on with a machine as after reset. Its memory becomes what the old one's holds, as a
     * reset leaves memory alone.
     */
    synchronized void reset(Machine anew) {
        anew.takeMemory(machine);
        anew.inputs().watch(machine.inputs());
        machine = anew;
        ports = new ConfigPorts(anew);
    }

    /**
     * Executes one line and returns the answer, after what inputs that are intercepted have done, a
     * line each.
     */
    public synchronized String answer(String line) {
        String answer;
        try {
            answer = execute(line.split(" ", -1));
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            answer = "FAIL Invalid arguments of '" + line.split(" ", -1)[0] + "'";
        }
        machine.idle();
        return machine.inputs().changes() + answer;
    }

    /** Lets readers of the log see what happened up to the last line. */
    public void flushLog() throws IOException {
        machine.log().flush();
    }

    private String execute(String[] words) {
        return switch (words[0]) {
            case "readb", "readw", "readl", "readq" -> String.format("OK 0x%016x",
                    value(machine.read(number(words, 1), width(words[0]))));
            case "writeb", "writew", "writel", "writeq" -> {
                machine.write(number(words, 1), bytes(number(words, 2), width(words[0])));
                yield "OK";
            }
            case "inb", "inw", "inl" ->
                String.format("OK 0x%04x", ports.in(port(words), width(words[0])));
            case "outb", "outw", "outl" -> {
                ports.out(port(words), width(words[0]), number(words, 2));
                yield "OK";
            }
            case "read" -> "OK 0x" + HexFormat.of().formatHex(
                    machine.read(number(words, 1), length(words, 1)));
            case "b64read" -> "OK " + Base64.getEncoder().encodeToString(
                    machine.read(number(words, 1), length(words, 0)));
            case "write" -> words[3].length() < MIN_DATA ? WRONG_SIZE
                    : write(words, hex(words[3], length(words, 1)));
            case "b64write" -> words[3].length() < MIN_DATA ? WRONG_SIZE
                    : write(words, base64(words[3], length(words, 1)));
            case "memset" -> memset(number(words, 1), number(words, 2), (byte) number(words, 3));
            case "endianness" -> "OK little";
            case "irq_intercept_in", "irq_intercept_out" ->
                intercept(words[0].endsWith("in"), words[1]);
            case "set_irq_in" -> "FAIL Unknown device";
            case "module_load" -> words.length > 2 ? "FAIL" : unknown(words[0]);
            case "clock_step", "clock_set" -> machine.clockByHand() ? clock(words)
                    : unknown(words[0]);
            default -> unknown(words[0]);
        };
    }

    private static String unknown(String word) {
        return "FAIL Unknown command '" + word + "'";
    }

    /** Without a number a step goes to the next event. */
    private String clock(String[] words) {
        var clock = machine.clock();
        if (words[0].equals("clock_set")) {
            clock.advanceTo(number(words, 1));
        } else if (words.length > 1) {
            clock.advance(number(words, 1));
        } else if (clock.pending() > 0) {
            clock.step(Long.MAX_VALUE);
        }
        return "OK " + clock.nanos();
    }

    private static int width(String command) {
        return switch (command.charAt(command.length() - 1)) {
            case 'b' -> 1;
            case 'w' -> 2;
            case 'l' -> 4;
            default -> 8;
        };
    }

    private static long number(String[] words, int index) {
        return Numbers.unsigned(words[index]);
    }

    private static int port(String[] words) {
        long port = number(words, 1);
        if (port >>> 16 != 0) {
            throw new IllegalArgumentException("port " + words[1]);
        }
        return (int) port;
    }

    /** Interrupts can be intercepted at one device; outputs never change. */
    private String intercept(boolean inputs, String device) {
        if (!DEVICES.contains(device)) {
            return "FAIL Unknown device";
        }
        if (intercepted != null && !intercepted.equals(device)) {
            return "FAIL IRQ intercept already enabled";
        }
        if (intercepted == null && inputs && device.equals(CONTROLLER)) {
            machine.inputs().watch();
        }
        intercepted = device;
        return "OK";
    }

    private static int length(String[] words, int least) {
        long length = number(words, 2);
        if (length < least || length > MAX_BYTES) {
            throw new IllegalArgumentException("length " + words[2]);
        }
        return (int) length;
    }

    private String write(String[] words, byte[] data) {
        machine.write(number(words, 1), data);
        return "OK";
    }

    /** Zeros that are there already take no room. */
    private String memset(long address, long length, byte value) {
        if (length < 0 || length > MAX_SET_BYTES) {
            throw new IllegalArgumentException("length " + length);
        }
        byte[] page = new byte[PhysicalMemory.PAGE_BYTES];
        Arrays.fill(page, value);
        PhysicalMemory memory = machine.memory();
        for (long at = address; at != address + length;) {
            long inPage = PhysicalMemory.PAGE_BYTES - (at & PhysicalMemory.PAGE_BYTES - 1);
            int count = (int) Math.min(inPage, address + length - at);
            if (value != 0 || !memory.contains(at, count) || memory.pageIsKnown(at)) {
                machine.write(at, Arrays.copyOf(page, count));
            }
            at += count;
        }
        return "OK";
    }

    /** Returns the digits after the first two characters; what is missing is 0, what is none -1. */
    private static byte[] hex(String text, int length) {
        byte[] data = new byte[length];
        for (int i = 0; i < length && 2 * i + 4 <= text.length(); i++) {
            data[i] = (byte) (Character.digit(text.charAt(2 * i + 2), 16) << 4
                    | Character.digit(text.charAt(2 * i + 3), 16));
        }
        return data;
    }

    /**
     * Decodes in place, so that what is too short ends in its own text: whole groups of four
     * digits, of which padding counts as 0; other characters are skipped.
     */
    private static byte[] base64(String text, int length) {
        byte[] data = Arrays.copyOf(text.getBytes(StandardCharsets.ISO_8859_1),
                Math.max(length, text.length()));
        int digits = 0;
        int group = 0;
        int out = 0;
        char before = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            int digit = c == PADDING ? 0 : DIGITS.indexOf(c);
            if (digit >= 0) {
                group = group << 6 | digit;
                if (++digits % 4 == 0) {
                    data[out++] = (byte) (group >> 16);
                    if (before != PADDING) {
                        data[out++] = (byte) (group >> 8);
                    }
                    if (c != PADDING) {
                        data[out++] = (byte) group;
                    }
                }
                before = c;
            }
        }
        return Arrays.copyOf(data, length);
    }

    private static long value(byte[] data) {
        long value = 0;
        for (int i = data.length - 1; i >= 0; i--) {
            value = value << 8 | data[i] & 0xff;
        }
        return value;
    }

    private static byte[] bytes(long value, int width) {
        byte[] data = new byte[width];
        for (int i = 0; i < width; i++) {
            data[i] = (byte) (value >>> 8 * i);
        }
        return data;
    }
}
