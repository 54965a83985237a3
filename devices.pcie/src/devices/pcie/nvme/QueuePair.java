// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import iommu.api.pcie.DriverPort;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A submission and a completion queue as a driver holds them. One thread.
 *
 * <p>Source: NVM Express Base Specification, "Submission Queue Entry", "Completion Queue Entry".
 */
final class QueuePair {

    private static final int DOUBLEWORD_BITS = 32;
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    final int id;
    final int entries;
    private final DriverPort port;
    private final QueueMemory submissions;
    private final QueueMemory completions;
    private final int tailDoorbell;
    private final int headDoorbell;
    /** An entry as it is written; what no command here has stays 0. */
    private final byte[] entry = new byte[NvmeCommands.SUBMISSION_BYTES];
    private int tail;
    private int head;
    private int phase = 1;
    private long found;
    private int result;
    /** Null without them. */
    private DoorbellPages shadow;

    /**
     * Allocates a pair: completions first, then submissions, each a piece of its own.
     *
     * <p>Source: Linux, nvme_alloc_queue.
     */
    static QueuePair allocate(DriverPort port, int id, int entries, int stride) {
        var completions = QueueMemory.allocate(port, entries * NvmeCommands.COMPLETION_BYTES);
        return new QueuePair(port, id, entries, QueueMemory.allocate(port,
                entries * NvmeCommands.SUBMISSION_BYTES), completions, stride);
    }

    /**
     * Makes a pair.
     *
     * @param stride of doorbells, in bytes
     */
    QueuePair(DriverPort port, int id, int entries, QueueMemory submissions,
            QueueMemory completions, int stride) {
        this.port = port;
        this.id = id;
        this.entries = entries;
        this.submissions = submissions;
        this.completions = completions;
        tailDoorbell = NvmeRegisters.DOORBELLS + 2 * id * stride;
        headDoorbell = tailDoorbell + stride;
    }

    QueueMemory submissions() {
        return submissions;
    }

    QueueMemory completions() {
        return completions;
    }

    /** Keeps doorbells in memory from now on; null for the properties alone. */
    void shadow(DoorbellPages pages) {
        shadow = id == 0 ? null : pages;
    }

    /**
     * Begins anew, with completions empty, which may have held something else.
     *
     * <p>Source: Linux, nvme_init_queue.
     */
    void clear() {
        head = tail = 0;
        phase = 1;
        completions.clear(port, entries * NvmeCommands.COMPLETION_BYTES);
    }

    /** Writes an entry, all of it at once; the doorbell is rung later. */
    void put(int opcode, int commandId, long namespace, long prp1, long prp2, long dwords10,
            long dwords12) {
        LONG.set(entry, 0, opcode | (long) commandId << 16 | namespace << DOUBLEWORD_BITS);
        LONG.set(entry, NvmeCommands.PRP1, prp1);
        LONG.set(entry, NvmeCommands.PRP2, prp2);
        LONG.set(entry, NvmeCommands.CDW10, dwords10);
        LONG.set(entry, NvmeCommands.CDW12, dwords12);
        port.write(submissions.address(tail * entry.length), entry, 0, entry.length);
        tail = (tail + 1) % entries;
    }

    /** Tells the controller of all entries so far. */
    void ring() {
        if (shadow == null || shadow.tell(id, false, tail)) {
            port.function().writeRegister(0, tailDoorbell, 4, tail);
        }
    }

    private long place() {
        return completions.address(head * NvmeCommands.COMPLETION_BYTES);
    }

    /** Takes the next completion; returns whether there is one. */
    boolean take() {
        long at = place();
        found = port.read64(at + NvmeCommands.SQHD_SQID) >>> DOUBLEWORD_BITS;
        if (NvmeCommands.PHASE.of(found) != phase) {
            return false;
        }
        result = (int) port.read64(at);
        if (++head == entries) {
            head = 0;
            phase ^= 1;
        }
        return true;
    }

    /** Tells the controller how far completions were taken. */
    void attended() {
        if (shadow == null || shadow.tell(id, true, head)) {
            port.function().writeRegister(0, headDoorbell, 4, head);
        }
    }

    /** Returns the command of the completion that was taken last. */
    int commandId() {
        return (int) found & 0xffff;
    }

    /** Returns its status. */
    int status() {
        return (int) NvmeCommands.STATUS.of(found);
    }

    /** Returns its dword 0. */
    int result() {
        return result;
    }
}
