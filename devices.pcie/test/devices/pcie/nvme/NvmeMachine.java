// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.sim.EventQueue;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.FakeDriverPort;
import iommu.testkit.FakeFunction;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.RootPort;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;

/**
 * A controller, 16 MiB of memory, and a little host that knows the format by itself: one admin
 * queue pair and one of I/O, 16 entries each.
 */
final class NvmeMachine {

    static final long MEMORY_BYTES = 16 << 20;
    static final int ENTRIES = 16;
    static final int CAP = 0;
    static final int CC = 0x14;
    static final int CSTS = 0x1c;
    static final long ENABLE = 0x46_0001;
    private static final long[] SUBMISSIONS = {0x10000, 0x12000};
    private static final long[] COMPLETIONS = {0x11000, 0x13000};

    final EventQueue queue = new EventQueue();
    final PhysicalMemory memory =
            new PhysicalMemory(List.of(new AddressRange(0, MEMORY_BYTES)), 5);
    final RecordingUpstream root = new RecordingUpstream(memory);
    final FakeFunction function = new FakeFunction(0x100, 0x010802);
    final FakeDeviceContext context;
    final NvmeController device;
    final FakeDriverPort port;
    private final int[] tail = new int[2];
    private final int[] head = new int[2];
    private final int[] phase = {1, 1};
    private int command;

    NvmeMachine(Map<String, Long> options) {
        this(options, true);
    }

    /**
     * Makes a machine.
     *
     * @param table whether the function has MSI-X; otherwise it has a pin
     */
    NvmeMachine(Map<String, Long> options, boolean table) {
        function.set(0x3d, 1, 1);
        if (table) {
            function.set(6, 2, 0x10);
            function.set(0x34, 1, 0x40);
            function.set(0x40, 4, 0x20_0011);
            function.set(0x44, 4, 0x2000);
            function.set(0x48, 4, 0x3000);
        }
        context = new FakeDeviceContext(function, new RootPort(root, 0x100), queue, options);
        device = (NvmeController) new NvmeModel().device(context);
        function.device(device);
        port = new FakeDriverPort(function, memory, queue, 0x10_1000, MEMORY_BYTES);
    }

    long read(int offset) {
        return function.readRegister(0, offset, 4);
    }

    void write(int offset, long value) {
        function.writeRegister(0, offset, 4, value);
    }

    /** Lets everything happen that is to happen. */
    void settle() {
        while (queue.pending() > 0) {
            queue.step(Long.MAX_VALUE);
        }
    }

    void enable() {
        write(0x24, ENTRIES - 1 | ENTRIES - 1 << 16);
        write(0x28, SUBMISSIONS[0]);
        write(0x30, COMPLETIONS[0]);
        for (int i = 0; i < 2; i++) {
            tail[i] = head[i] = 0;
            phase[i] = 1;
            for (int at = 0; at < 4096; at += 8) {
                memory.write64(COMPLETIONS[i] + at, 0);
            }
        }
        write(CC, ENABLE);
        settle();
    }

    /** Enables it and makes the I/O queues. */
    NvmeMachine running() {
        enable();
        expect(admin(5, 0, COMPLETIONS[1], 0, 1 | ENTRIES - 1 << 16, 3 | 1 << 16));
        expect(admin(1, 0, SUBMISSIONS[1], 0, 1 | ENTRIES - 1 << 16, 1 | 1 << 16));
        return this;
    }

    private static void expect(int status) {
        if (status != 0) {
            throw new IllegalStateException("status " + Integer.toHexString(status));
        }
    }

    /** Puts an entry into a queue; returns its command identifier. */
    int put(int pair, int opcode, int namespace, long prp1, long prp2, long dwords10,
            int dword12) {
        byte[] entry = new byte[64];
        command = command + 1 & 0xffff;
        ByteBuffer.wrap(entry).order(ByteOrder.LITTLE_ENDIAN).putInt(0, opcode | command << 16)
                .putInt(4, namespace).putLong(24, prp1).putLong(32, prp2).putLong(40, dwords10)
                .putInt(48, dword12);
        memory.write(SUBMISSIONS[pair] + 64 * tail[pair], entry, 0, 64);
        tail[pair] = (tail[pair] + 1) % ENTRIES;
        return command;
    }

    void ring(int pair) {
        write(0x1000 + 8 * pair, tail[pair]);
    }

    /** Takes a completion, or returns null; its doorbell is left to {@link #attend}. */
    ByteBuffer take(int pair) {
        byte[] entry = new byte[16];
        memory.read(COMPLETIONS[pair] + 16 * head[pair], entry, 0, 16);
        if ((entry[14] & 1) != phase[pair]) {
            return null;
        }
        head[pair] = (head[pair] + 1) % ENTRIES;
        phase[pair] ^= head[pair] == 0 ? 1 : 0;
        return ByteBuffer.wrap(entry).order(ByteOrder.LITTLE_ENDIAN);
    }

    void attend(int pair) {
        write(0x1004 + 8 * pair, head[pair]);
    }

    static int status(ByteBuffer completion) {
        return (completion.getShort(14) & 0xffff) >>> 1;
    }

    /** Returns the status of a command, -1 if it is not answered. */
    int admin(int opcode, int namespace, long prp1, long prp2, int dword10, int dword11) {
        put(0, opcode, namespace, prp1, prp2,
                (long) dword11 << 32 | Integer.toUnsignedLong(dword10), 0);
        return await(0);
    }

    /** Returns the status of a command, -1 if it is not answered. */
    int io(int opcode, long prp1, long prp2, long sector, int blocks) {
        put(1, opcode, 1, prp1, prp2, sector, blocks - 1);
        return await(1);
    }

    private int await(int pair) {
        ring(pair);
        settle();
        ByteBuffer completion = take(pair);
        attend(pair);
        settle();
        return completion == null ? -1 : status(completion);
    }

    /** Fills memory with bytes that differ from place to place. */
    void fill(long address, int bytes) {
        for (long at = address; at < address + bytes; at += 8) {
            memory.write64(at, at * 0x9e37_79b9_7f4a_7c15L);
        }
    }

    byte[] bytes(long address, int count) {
        byte[] there = new byte[count];
        memory.read(address, there, 0, count);
        return there;
    }
}
