// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DmaPort;
import java.util.Arrays;

/**
 * The queues, and the commands that are held: fetched ahead in batches, of the queues in turn, some
 * of them worked on at a time. Nothing is scheduled while there is nothing to do. One thread.
 *
 * <p>Source: NVM Express Base Specification, "Command Submission and Completion Mechanism",
 * "Round Robin Arbitration".
 */
final class QueueEngine {

    /** I/O commands held. */
    static final int HELD = 16;
    /** I/O commands worked on at a time. */
    static final int PARALLELISM = 8;
    /** Admin commands held: among them asynchronous event requests, which stay. */
    private static final int ADMIN_HELD = 8;
    /** Entries fetched of one queue before the next queue's turn. */
    private static final int BATCH = 4;
    private static final long FETCH_NANOS = 500;

    private final NvmeController controller;
    private final DeviceContext context;
    private final DmaPort dma;
    private final IoCommands io;
    private final SubmissionQueue[] submissions;
    private final CompletionQueue[] completions;
    private final Command[] held = new Command[HELD];
    private final Command[] adminHeld = new Command[ADMIN_HELD];
    /** Held I/O commands that wait for their turn, in the order of their fetch. */
    private final Command[] waiting = new Command[HELD];
    private Fetch fetch;
    private int turn;
    private int waits;
    private int working;
    private long ioNumber;
    private long adminNumber;

    QueueEngine(NvmeController controller, DeviceContext context, DmaPort dma, IoCommands io,
            int pairs) {
        this.controller = controller;
        this.context = context;
        this.dma = dma;
        this.io = io;
        submissions = new SubmissionQueue[pairs + 1];
        completions = new CompletionQueue[pairs + 1];
        reset();
    }

    /** Forgets all queues and commands; events of before do nothing. */
    void reset() {
        if (fetch != null) {
            fetch.dead = true;
        }
        fetch = new Fetch();
        renew(held);
        renew(adminHeld);
        Arrays.fill(submissions, null);
        Arrays.fill(completions, null);
        Arrays.fill(waiting, null);
        turn = waits = working = 0;
        ioNumber = adminNumber = 0;
    }

    private void renew(Command[] places) {
        for (int i = 0; i < places.length; i++) {
            if (places[i] != null) {
                places[i].kill();
            }
            places[i] = new Command(controller, context, dma);
        }
    }

    // ---- queues ---------------------------------------------------------------------------------

    SubmissionQueue submissions(int id) {
        return id < submissions.length ? submissions[id] : null;
    }

    CompletionQueue completions(int id) {
        return id < completions.length ? completions[id] : null;
    }

    void add(SubmissionQueue queue) {
        submissions[queue.id] = queue;
    }

    void add(CompletionQueue queue) {
        completions[queue.id] = queue;
    }

    /** Removes a queue; its commands end. */
    void removeSubmissions(int id) {
        for (Command c : held) {
            if (c.isOf(submissions[id])) {
                drop(c);
                c.cancel(NvmeCommands.ABORTED_SQ_DELETION);
            }
        }
        submissions[id] = null;
    }

    void removeCompletions(int id) {
        completions[id] = null;
        controller.attended();
    }

    /** Returns whether a submission queue has its completions in a queue. */
    boolean isFed(int id) {
        for (SubmissionQueue queue : submissions) {
            if (queue != null && queue.completions == completions[id]) {
                return true;
            }
        }
        return false;
    }

    /** Does what a doorbell does. */
    void doorbell(int id, boolean head, int value) {
        SubmissionQueue from = submissions(id);
        CompletionQueue to = completions(id);
        if (head ? to == null : from == null) {
            controller.events().error(AsyncEvents.INVALID_DOORBELL);
        } else if (value >= (head ? to.size : from.size)) {
            controller.events().error(AsyncEvents.INVALID_DOORBELL_VALUE);
        } else if (head) {
            tellShadow(id, true, value);
            attended(to, value);
        } else {
            from.tail = value;
            from.rung = true;
            tellShadow(id, false, value);
            wake();
        }
    }

    /**
     * Keeps the shadow of an admin doorbell like the property: hosts are to write both, and those
     * there are do not.
     *
     * <p>Source: QEMU, hw/nvme/ctrl.c, nvme_process_db.
     */
    private void tellShadow(int id, boolean head, int value) {
        if (id == 0 && controller.shadow().isOn() && controller.maySend()) {
            context.request(DeviceContext.LOOKING);
            controller.shadow().write(id, head, value);
        }
    }

    /** The host keeps doorbells in its memory from now on: they begin as the properties are. */
    void beginShadow(long doorbells, long events) {
        controller.shadow().begin(doorbells, events);
        for (int id = 0; id < submissions.length; id++) {
            if (submissions[id] != null) {
                controller.shadow().write(id, false, submissions[id].tail);
            }
            if (completions[id] != null) {
                controller.shadow().write(id, true, completions[id].head);
            }
        }
    }

    private void lookAtTail(SubmissionQueue queue) {
        if (controller.shadow().isOn()) {
            int tail = controller.shadow().read(queue.id, false, queue.tail);
            if (tail < queue.size) {
                queue.tail = tail;
            } else {
                controller.events().error(AsyncEvents.INVALID_DOORBELL_VALUE);
            }
        }
    }

    /** Looks how far the host has taken completions. */
    void lookAtHead(CompletionQueue queue) {
        if (controller.shadow().isOn()) {
            controller.shadow().writeEvent(queue.id, true, queue.head);
            int head = controller.shadow().read(queue.id, true, queue.head);
            if (head < queue.size) {
                queue.head = head;
            } else {
                controller.events().error(AsyncEvents.INVALID_DOORBELL_VALUE);
            }
        }
    }

    private void attended(CompletionQueue queue, int head) {
        queue.head = head;
        for (Command c : held) {
            c.room(queue);
        }
        for (Command c : adminHeld) {
            c.room(queue);
        }
        controller.attended();
    }

    /** Returns whether there are completions that the host has not seen and that interrupt. */
    boolean hasNews(int masked) {
        for (CompletionQueue queue : completions) {
            if (queue != null && queue.interrupts && queue.hasNews()
                    && (queue.vector >= Integer.SIZE || (masked >>> queue.vector & 1) == 0)) {
                return true;
            }
        }
        return false;
    }

    /** Tells again of what is there on vectors that were masked. */
    void raiseAgain(int vectors) {
        for (CompletionQueue queue : completions) {
            if (queue != null && queue.interrupts && queue.hasNews()
                    && queue.vector < Integer.SIZE && (vectors >>> queue.vector & 1) != 0) {
                controller.raise(queue);
            }
        }
    }

    // ---- commands -------------------------------------------------------------------------------

    private void wake() {
        if (!fetch.scheduled && canFetch()) {
            fetch.scheduled = true;
            context.schedule(FETCH_NANOS, fetch);
        }
    }

    private boolean canFetch() {
        for (SubmissionQueue queue : submissions) {
            if (queue != null && !queue.isEmpty() && place(queue) != null) {
                return true;
            }
        }
        return false;
    }

    private Command place(SubmissionQueue queue) {
        for (Command c : queue.id == 0 ? adminHeld : held) {
            if (c.isFree()) {
                return c;
            }
        }
        return null;
    }

    /** Fetches entries of all queues. */
    private final class Fetch implements Runnable {

        private boolean scheduled;
        private boolean parked;
        private boolean dead;

        @Override
        public void run() {
            scheduled = false;
            if (dead || !controller.isRunning()) {
                return;
            }
            parked = !controller.maySend();
            if (parked) {
                return;
            }
            for (int i = 0; i < submissions.length; i++) {
                SubmissionQueue queue = submissions[(turn + i) % submissions.length];
                if (queue != null && !fetch(queue)) {
                    controller.fatal();
                    return;
                }
            }
            turn = (turn + 1) % submissions.length;
            begin();
            wake();
        }
    }

    private boolean fetch(SubmissionQueue queue) {
        if (queue.rung || !queue.isEmpty()) {
            queue.rung = false;
            if (controller.shadow().isOn()) {
                context.request(DeviceContext.LOOKING);
            }
            lookAtTail(queue);
        }
        for (int n = 0; n < BATCH && !queue.isEmpty(); n++) {
            Command place = place(queue);
            if (place == null) {
                return true;
            }
            int token = context.request(queue.id == 0 ? -1 - adminNumber++ : ioNumber++);
            if (!place.fetch(queue, token)) {
                return false;
            }
            if (queue.id == 0) {
                execute(place);
            } else {
                waiting[waits++] = place;
            }
            if (controller.shadow().isOn()) {
                controller.shadow().writeEvent(queue.id, false, queue.tail);
                lookAtTail(queue);
            }
        }
        return true;
    }

    private void begin() {
        while (waits > 0 && working < PARALLELISM) {
            Command first = waiting[0];
            drop(first);
            working++;
            first.working(true);
            execute(first);
        }
    }

    /** Takes a command out of those that wait. */
    private void drop(Command command) {
        for (int i = 0; i < waits; i++) {
            if (waiting[i] == command) {
                System.arraycopy(waiting, i + 1, waiting, i, --waits - i);
                return;
            }
        }
    }

    private void execute(Command c) {
        c.resume();
        int first = c.dword(NvmeCommands.CDW0);
        if (NvmeCommands.FUSE.of(first) != 0 || NvmeCommands.PSDT.of(first) != 0) {
            c.finish(NvmeCommands.INVALID_FIELD, 0);
        } else if (c.isAdmin()) {
            controller.admin().execute(c);
        } else {
            io.execute(c);
        }
    }

    /** A place is free again. */
    void freed(Command command) {
        if (command.working(false)) {
            working--;
        }
        begin();
        wake();
    }

    /** Aborts a command that has not begun; returns whether there is one. */
    boolean abort(int queueId, int commandId) {
        for (Command c : queueId == 0 ? adminHeld : held) {
            if (c.isOf(queueId, commandId) && c.isWaiting()
                    && (queueId != 0 || controller.events().holds(c))) {
                drop(c);
                controller.events().remove(c);
                c.cancel(NvmeCommands.ABORT_REQUESTED);
                return true;
            }
        }
        return false;
    }

    /** Goes on after bus mastering was off. */
    void resume() {
        for (Command c : held) {
            c.unpark();
        }
        for (Command c : adminHeld) {
            c.unpark();
        }
        if (fetch.parked) {
            wake();
        }
    }
}
