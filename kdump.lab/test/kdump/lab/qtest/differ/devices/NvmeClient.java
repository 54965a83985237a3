// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ.devices;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.function.UnaryOperator;
import kdump.lab.qtest.options.Numbers;

/** A program's side of an NVMe controller at 00:04.0, line by line. */
final class NvmeClient {

    static final long PAGE = 0x20_0000;
    static final long DATA = 0x40_0000;

    private static final long BAR = 0xe000_0000L;
    private static final long[] SUBMISSIONS = {0x10_0000, 0x10_2000};
    private static final long[] COMPLETIONS = {0x10_1000, 0x10_3000};
    private static final int ENTRIES = 32;
    private static final int POLLS = 200_000;

    private final UnaryOperator<String> machine;
    private final int[] tail = new int[2];
    private final int[] head = new int[2];
    private final int[] phase = new int[2];
    private int command;

    NvmeClient(UnaryOperator<String> machine) {
        this.machine = machine;
        config(0x10, BAR);
        config(0x14, 0);
        config(0x04, 6);
    }

    String answer(String line) {
        return machine.apply(line);
    }

    private void config(int offset, long value) {
        answer("outl 0xcf8 0x" + Integer.toHexString(0x8000_2000 | offset));
        answer("outl 0xcfc 0x" + Long.toHexString(value));
    }

    String read(int offset) {
        return answer(String.format("readl 0x%x", BAR + offset)).substring(3);
    }

    void write(int offset, long value) {
        answer(String.format("writel 0x%x 0x%x", BAR + offset, value));
    }

    String memory(long address, int bytes) {
        return " " + answer(String.format("read 0x%x 0x%x", address, bytes));
    }

    /** Programs the admin queues. */
    void program() {
        write(0x24, ENTRIES - 1 | ENTRIES - 1 << 16);
        write(0x28, SUBMISSIONS[0]);
        write(0x2c, 0);
        write(0x30, COMPLETIONS[0]);
        write(0x34, 0);
    }

    void enable() {
        for (int i = 0; i < 2; i++) {
            tail[i] = head[i] = 0;
            phase[i] = 1;
            answer(String.format("memset 0x%x 0x1000 0", COMPLETIONS[i]));
        }
        program();
        write(0x14, 0x46_0001);
    }

    /** Enables it, with an I/O queue pair. */
    void running() {
        enable();
        admin(5, 0, COMPLETIONS[1], 0, 1 | ENTRIES - 1 << 16, 1);
        admin(1, 0, SUBMISSIONS[1], 0, 1 | ENTRIES - 1 << 16, 0x10001);
    }

    /** Returns the completion of an admin command. */
    String admin(int opcode, int namespace, long prp1, long prp2, int dword10, int dword11) {
        return execute(0, opcode, namespace, prp1, prp2,
                (long) dword11 << 32 | Integer.toUnsignedLong(dword10), 0);
    }

    /** Returns the completion of an I/O command. */
    String io(int opcode, int namespace, long prp1, long prp2, long sector, int blocks) {
        return execute(1, opcode, namespace, prp1, prp2, sector, blocks - 1);
    }

    /** Returns completions of commands that are told of at once, by doorbells in memory first. */
    String shadowed(int opcode, int count, long prp1, long sector, int blocks) {
        for (int i = 0; i < count; i++) {
            put(1, opcode, 1, prp1, 0, sector, blocks - 1);
        }
        answer(String.format("writel 0x%x 0x%x", PAGE + 8, tail[1]));
        write(0x1008, tail[1]);
        List<String> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(completion(1, true));
        }
        Collections.sort(all); // a disk does them in any order
        return all.toString();
    }

    private String execute(int pair, int opcode, int namespace, long prp1, long prp2,
            long dwords10, int dword12) {
        put(pair, opcode, namespace, prp1, prp2, dwords10, dword12);
        write(0x1000 + 8 * pair, tail[pair]);
        return completion(pair, false);
    }

    private void put(int pair, int opcode, int namespace, long prp1, long prp2, long dwords10,
            int dword12) {
        byte[] entry = new byte[64];
        ByteBuffer.wrap(entry).order(ByteOrder.LITTLE_ENDIAN).putInt(0, opcode | ++command << 16)
                .putInt(4, namespace).putLong(24, prp1).putLong(32, prp2).putLong(40, dwords10)
                .putInt(48, dword12);
        answer(String.format("write 0x%x 0x40 0x%s", SUBMISSIONS[pair] + 64 * tail[pair],
                HexFormat.of().formatHex(entry)));
        tail[pair] = (tail[pair] + 1) % ENTRIES;
    }

    private String completion(int pair, boolean shadowed) {
        long at = COMPLETIONS[pair] + 16 * head[pair];
        for (int i = 0; i < POLLS; i++) {
            long last = Numbers.unsigned(answer(String.format("readl 0x%x", at + 12))
                    .substring(3));
            if ((last >>> 16 & 1) == phase[pair]) {
                head[pair] = (head[pair] + 1) % ENTRIES;
                phase[pair] ^= head[pair] == 0 ? 1 : 0;
                String completion = answer(String.format("read 0x%x 0x10", at));
                if (shadowed) {
                    answer(String.format("writel 0x%x 0x%x", PAGE + 8 * pair + 4, head[pair]));
                }
                write(0x1004 + 8 * pair, head[pair]);
                return "[" + completion + "]";
            }
        }
        return "[nothing]";
    }
}
