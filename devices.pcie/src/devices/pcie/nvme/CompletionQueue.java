// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

/** A completion queue as the controller holds it. */
final class CompletionQueue {

    final int id;
    final long base;
    final int size;
    final int vector;
    final boolean interrupts;
    int head;
    int tail;
    int phase = 1;

    CompletionQueue(int id, long base, int size, int vector, boolean interrupts) {
        this.id = id;
        this.base = base;
        this.size = size;
        this.vector = vector;
        this.interrupts = interrupts;
    }

    boolean isFull() {
        return (tail + 1 == size ? 0 : tail + 1) == head;
    }

    /** Returns whether the host has not seen all. */
    boolean hasNews() {
        return head != tail;
    }

    /** Returns where the next entry goes. */
    long next() {
        return base + (long) tail * NvmeCommands.COMPLETION_BYTES;
    }

    void posted() {
        if (++tail == size) {
            tail = 0;
            phase ^= 1;
        }
    }
}
