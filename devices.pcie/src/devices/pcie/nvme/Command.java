// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.Medium;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A place for one command in the controller, from when it is fetched until its interrupt is sent.
 * Each step is an event of its own. One thread.
 */
final class Command implements Runnable {

    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int CHUNK_BYTES = 4096;
    /** Largest read request and largest payload of a write. */
    private static final int READ_REQUEST_BYTES = 512;
    private static final int PAYLOAD_BYTES = 256;
    private static final long STEP_NANOS = 300;

    /** Where a command stands. */
    private enum Step { FREE, WAITING, LIST, DATA, COMPLETION, INTERRUPT }

    private final NvmeController controller;
    private final DeviceContext context;
    private final DmaPort dma;
    private final byte[] entry = new byte[NvmeCommands.SUBMISSION_BYTES];
    private final byte[] completion = new byte[NvmeCommands.COMPLETION_BYTES];
    /** Null before its first command: most places are never used. */
    private byte[] data;
    private final PrpPages pages = new PrpPages();
    private Step step = Step.FREE;
    private SubmissionQueue queue;
    private int token;
    private boolean working;
    private boolean scheduled;
    private boolean parked;
    private boolean dead;
    private boolean toHost;
    private boolean onMedium;
    private long sector;
    private int bytes;
    private int done;
    private int status;
    private int result;

    Command(NvmeController controller, DeviceContext context, DmaPort dma) {
        this.controller = controller;
        this.context = context;
        this.dma = dma;
    }

    /** Fetches the next entry of a queue; false if that was aborted. */
    boolean fetch(SubmissionQueue from, int with) {
        token = with;
        if (dma.read(from.next(), entry, 0, entry.length) != CompletionStatus.SUCCESS) {
            return false;
        }
        if (data == null) {
            data = new byte[CHUNK_BYTES];
        }
        queue = from;
        from.fetched();
        step = Step.WAITING;
        result = 0;
        bytes = 0;
        done = 0;
        toHost = false;
        onMedium = false;
        return true;
    }

    boolean isFree() {
        return step == Step.FREE;
    }

    boolean isWaiting() {
        return step == Step.WAITING;
    }

    boolean isAdmin() {
        return queue.id == 0;
    }

    boolean isOf(SubmissionQueue from) {
        return step != Step.FREE && queue == from;
    }

    boolean isOf(int queueId, int commandId) {
        return step != Step.FREE && queue.id == queueId && commandId == id();
    }

    // ---- what the entry says --------------------------------------------------------------------

    int dword(int offset) {
        return (int) INT.get(entry, offset);
    }

    long quadword(int offset) {
        return (long) LONG.get(entry, offset);
    }

    int opcode() {
        return (int) NvmeCommands.OPC.of(dword(NvmeCommands.CDW0));
    }

    int id() {
        return (int) NvmeCommands.CID.of(Integer.toUnsignedLong(dword(NvmeCommands.CDW0)));
    }

    long namespace() {
        return Integer.toUnsignedLong(dword(NvmeCommands.NSID));
    }

    /** Returns the page that admin commands send to the host or get from it. */
    byte[] data() {
        return data;
    }

    // ---- what is done with it -------------------------------------------------------------------

    /** Goes on in the name of its request. */
    void resume() {
        context.resume(token);
    }

    /** Returns whether it counts among those that are worked on, and says whether from now on. */
    boolean working(boolean from) {
        boolean before = working;
        working = from;
        return before;
    }

    /** Ends with a status, and with a result for dword 0. */
    void finish(int with, int value) {
        status = with == NvmeCommands.SUCCESS ? with : with | NvmeCommands.DNR;
        result = value;
        after(Step.COMPLETION, STEP_NANOS);
    }

    /** Puts zeros on the medium. */
    void zero(long at, int count) {
        Arrays.fill(data, (byte) 0);
        for (int stored = 0; stored < count; stored += CHUNK_BYTES) {
            context.store(Medium.BLOCKS, at + stored / Medium.SECTOR_BYTES, data, 0,
                    Math.min(CHUNK_BYTES, count - stored));
        }
    }

    /** Takes the time of the medium, and ends. */
    void touchMedium(long nanos) {
        bytes = 0;
        status = NvmeCommands.SUCCESS;
        after(Step.COMPLETION, nanos + STEP_NANOS);
    }

    /**
     * Moves data between the host's pages and the medium, or {@link #data} where that is none.
     */
    void transfer(boolean host, boolean medium, long at, int count) {
        toHost = host;
        onMedium = medium;
        sector = at;
        bytes = count;
        status = pages.begin(quadword(NvmeCommands.PRP1), quadword(NvmeCommands.PRP2),
                controller.pageBytes(), count);
        if (status != NvmeCommands.SUCCESS) {
            finish(status, 0);
        } else {
            afterPages();
        }
    }

    private void afterPages() {
        if (!pages.isComplete()) {
            after(Step.LIST, STEP_NANOS);
        } else {
            after(Step.DATA, STEP_NANOS + (toHost && onMedium
                    ? controller.useMedium(bytes) : 0));
        }
    }

    private void after(Step next, long nanos) {
        step = next;
        schedule(nanos);
    }

    /** There is one event at a time: one that comes anyway does what is to be done by then. */
    private void schedule(long nanos) {
        if (!scheduled) {
            scheduled = true;
            context.schedule(nanos, this);
        }
    }

    @Override
    public void run() {
        scheduled = false;
        if (dead || step == Step.FREE || controller.isWedged()) {
            return;
        }
        if (!controller.maySend()) {
            parked = true;
            return;
        }
        context.resume(token);
        switch (step) {
            case LIST -> {
                status = pages.fetch(dma);
                if (status == NvmeCommands.SUCCESS) {
                    afterPages();
                } else {
                    failed();
                }
            }
            case DATA -> move();
            case COMPLETION -> complete();
            case INTERRUPT -> {
                CompletionQueue news = queue.completions;
                step = Step.FREE;
                controller.raise(news);
                controller.engine().freed(this);
            }
            default -> { }
        }
    }

    /** Goes on where bus mastering was off. */
    void unpark() {
        if (parked) {
            parked = false;
            schedule(STEP_NANOS);
        }
    }

    private void failed() {
        if (status == NvmeCommands.DATA_TRANSFER_ERROR) {
            controller.aborted();
        }
        finish(status, 0);
    }

    private void move() {
        int count = Math.min(bytes - done, CHUNK_BYTES);
        long at = sector + done / Medium.SECTOR_BYTES;
        if (toHost && onMedium) {
            context.fetch(Medium.BLOCKS, at, data, 0, count);
        }
        if (!exchange(count)) {
            status = NvmeCommands.DATA_TRANSFER_ERROR;
            failed();
            return;
        }
        if (!toHost && onMedium) {
            context.store(Medium.BLOCKS, at, data, 0, count);
        }
        done += count;
        boolean last = done == bytes;
        if (last && !toHost && !onMedium) {
            controller.admin().received(this);
        }
        after(last ? Step.COMPLETION : Step.DATA, controller.link().nanos(count)
                + (last && !toHost && onMedium ? controller.useMedium(bytes) + STEP_NANOS : 0));
    }

    private boolean exchange(int count) {
        int most = toHost ? PAYLOAD_BYTES : READ_REQUEST_BYTES;
        for (int moved = 0; moved < count;) {
            long address = pages.address(done + moved);
            int piece = Math.min(Math.min(count - moved, pages.room(done + moved)),
                    most - (int) (address & most - 1));
            if ((toHost ? dma.write(address, data, moved, piece)
                    : dma.read(address, data, moved, piece))
                    != CompletionStatus.SUCCESS) {
                return false;
            }
            moved += piece;
        }
        return true;
    }

    /** Writes the completion, unless its queue is full: then its head doorbell runs this again. */
    private void complete() {
        CompletionQueue to = queue.completions;
        controller.engine().lookAtHead(to);
        if (to.isFull()) {
            return;
        }
        INT.set(completion, NvmeCommands.RESULT, result);
        INT.set(completion, NvmeCommands.SQHD_SQID, queue.head | queue.id << 16);
        INT.set(completion, NvmeCommands.CID_STATUS, (int) NvmeCommands.STATUS.with(
                NvmeCommands.PHASE.with(id(), to.phase), status));
        dma.write(to.next(), completion, 0, completion.length);
        to.posted();
        if (to.interrupts) {
            after(Step.INTERRUPT, STEP_NANOS);
        } else {
            step = Step.FREE;
            controller.engine().freed(this);
        }
    }

    /** Goes on if this is a completion that waits for room in a queue. */
    void room(CompletionQueue in) {
        if (step == Step.COMPLETION && queue.completions == in && !parked) {
            schedule(STEP_NANOS);
        }
    }

    /** Ends a command at once that another command ends. */
    void cancel(int with) {
        if (step != Step.FREE && step != Step.INTERRUPT) {
            finish(with, 0);
        }
    }

    /** Makes events of before a reset do nothing. */
    void kill() {
        dead = true;
        if (data != null) {
            Arrays.fill(data, (byte) 0);
        }
    }
}
