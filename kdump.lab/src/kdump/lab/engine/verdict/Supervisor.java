// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import iommu.api.sim.EventQueue;
import java.util.function.Consumer;
import kdump.lab.api.InterruptedRunException;
import kdump.lab.engine.machine.NoAnswerException;
import kdump.lab.engine.run.BrokenException;
import kdump.lab.engine.run.Run;
import kdump.lab.engine.run.Thrown;
import kdump.lab.engine.run.WithdrawnException;

/**
 * Has a run done on a thread of its own, and tells outcomes from bugs: what a stranger's bundle
 * throws ends the run as broken, and so does one that does not come back; what our own code throws
 * is thrown on. Thread-safe.
 */
final class Supervisor {

    /** How long a run may get nowhere: longer than a loaded machine stops for. */
    static final long PATIENCE_NANOS = 20_000_000_000L;
    private static final long LOOK_MILLIS = 50;
    /** How long a run that was interrupted is waited for. */
    private static final long LAST_MILLIS = 500;

    private final long patienceNanos;
    private final Consumer<Run> onlooker;

    /**
     * Makes one.
     *
     * @param onlooker is told of the run now and then, by the thread that waits for it
     */
    Supervisor(long patienceNanos, Consumer<Run> onlooker) {
        this.patienceNanos = patienceNanos;
        this.onlooker = onlooker;
    }

    /**
     * Does the acts of a run.
     *
     * @return whether they came back; if not, their thread is left behind
     * @throws InterruptedRunException if this thread was interrupted; the run has ended then, or
     *     ends at its next event
     */
    boolean run(Run run, Runnable acts, Blame blame) throws InterruptedRunException {
        var thrown = new Throwable[1];
        var worker = new Thread(() -> {
            try {
                acts.run();
            } catch (Throwable e) { // told apart below
                thrown[0] = e;
            }
        }, "run of a machine");
        worker.setDaemon(true);
        var exit = new ExitWatch(stack -> blame.of(stack, null));
        exit.begin();
        try {
            worker.start();
            return watch(worker, run, blame, thrown);
        } finally {
            exit.end();
        }
    }

    private boolean watch(Thread worker, Run run, Blame blame, Throwable[] thrown)
            throws InterruptedRunException {
        if (!await(worker, run)) {
            StackTraceElement[] stack = worker.getStackTrace();
            worker.interrupt();
            run.end(Run.Ending.BROKEN, blame.of(stack, "a bundle of this run")
                    + " does not come back: nothing happened for "
                    + patienceNanos / 1_000_000_000 + " s");
            return false;
        }
        if (thrown[0] != null) {
            tell(run, thrown[0], blame);
        }
        return true;
    }

    /** Waits for a thread as long as its machine gets on. */
    private boolean await(Thread worker, Run run) throws InterruptedRunException {
        EventQueue queue = run.machine().queue();
        long progress = -1;
        long since = System.nanoTime();
        while (worker.isAlive()) {
            try {
                worker.join(LOOK_MILLIS);
            } catch (InterruptedException e) {
                cancel(worker, queue);
                throw new InterruptedRunException();
            }
            onlooker.accept(run);
            long now = queue.progress();
            if (now != progress) {
                progress = now;
                since = System.nanoTime();
            } else if (System.nanoTime() - since > patienceNanos) {
                return false;
            }
        }
        return true;
    }

    /** A policy that sleeps is interrupted too; one that does not come back is left behind. */
    private static void cancel(Thread worker, EventQueue queue) {
        queue.cancel();
        worker.interrupt();
        try {
            worker.join(LAST_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void tell(Run run, Throwable thrown, Blame blame) {
        String culprit = blame.of(Thrown.stack(thrown), null);
        String gone = run.withdrawn();
        if (thrown instanceof WithdrawnException) {
            run.end(Run.Ending.WITHDRAWN, thrown.getMessage());
        } else if (gone != null && (culprit != null || thrown instanceof LinkageError)) {
            run.end(Run.Ending.WITHDRAWN, gone + ": " + Thrown.words(thrown));
        } else if (culprit != null) {
            run.end(Run.Ending.BROKEN, culprit + " broke: " + Thrown.words(thrown));
        } else if (thrown instanceof Error e) {
            throw e;
        } else if (thrown instanceof BrokenException || thrown instanceof NoAnswerException) {
            run.end(Run.Ending.BROKEN, thrown.getMessage());
        } else if (thrown instanceof RuntimeException e) {
            throw e;
        } else {
            throw new IllegalStateException(thrown);
        }
    }
}
