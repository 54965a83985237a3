// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import java.io.IOException;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;

/**
 * The line protocol: one command a line, one answer each, "OK", "OK VALUE" or "FAIL WHY". A command
 * that QEMU dies of (too few words, no number) is answered FAIL. One thread.
 *
 * <p>Source: QEMU documentation, "QTest Device Emulation Testing Framework", "QTest Protocol".
 */
final class Protocol {

    /** Longest transfer of one command, so that a wrong length cannot exhaust the heap. */
    private static final long MAX_BYTES = 16 << 20;

    private final Machine machine;
    private final ConfigPorts ports;

    Protocol(Machine machine) {
        this.machine = machine;
        this.ports = new ConfigPorts(machine.config());
    }

    /** Executes one line and returns the answer. */
    String answer(String line) {
        String answer;
        try {
            answer = execute(line.split(" "));
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            answer = "FAIL Invalid arguments of '" + line.split(" ")[0] + "'";
        }
        machine.idle();
        return answer;
    }

    /** Lets readers of the log see what happened up to the last line. */
    void flushLog() throws IOException {
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
            case "read" -> "OK 0x" + HexFormat.of().formatHex(read(words));
            case "b64read" -> "OK " + Base64.getEncoder().encodeToString(read(words));
            case "write" -> write(words, hex(words[3]));
            case "b64write" -> write(words, Base64.getDecoder().decode(words[3]));
            case "memset" -> {
                byte[] data = new byte[length(words)];
                Arrays.fill(data, (byte) number(words, 3));
                yield write(words, data);
            }
            case "endianness" -> "OK little";
            case "irq_intercept_in", "irq_intercept_out" -> words.length > 1 ? "OK"
                    : "FAIL Unknown device";
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
        return (int) number(words, 1) & 0xffff;
    }

    private static int length(String[] words) {
        long length = number(words, 2);
        if (length < 0 || length > MAX_BYTES) {
            throw new IllegalArgumentException("length " + words[2]);
        }
        return (int) length;
    }

    private byte[] read(String[] words) {
        return machine.read(number(words, 1), length(words));
    }

    /** Data that is too short is padded with zeros. */
    private String write(String[] words, byte[] data) {
        machine.write(number(words, 1), Arrays.copyOf(data, length(words)));
        return "OK";
    }

    private static byte[] hex(String text) {
        return HexFormat.of().parseHex(text, text.startsWith("0x") ? 2 : 0, text.length());
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
