// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

/** A submission queue as the controller holds it. */
final class SubmissionQueue {

    final int id;
    final long base;
    final int size;
    final CompletionQueue completions;
    int head;
    int tail;
    /** Whether its doorbell was rung since it was last looked at. */
    boolean rung;

    SubmissionQueue(int id, long base, int size, CompletionQueue completions) {
        this.id = id;
        this.base = base;
        this.size = size;
        this.completions = completions;
    }

    boolean isEmpty() {
        return head == tail;
    }

    /** Returns where the next entry lies. */
    long next() {
        return base + (long) head * NvmeCommands.SUBMISSION_BYTES;
    }

    void fetched() {
        head = head + 1 == size ? 0 : head + 1;
    }
}
