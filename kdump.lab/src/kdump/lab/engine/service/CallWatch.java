// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import kdump.lab.api.InterruptedRunException;
import kdump.lab.engine.run.BrokenException;
import kdump.lab.engine.verdict.ExitWatch;

/**
 * Has work that calls strangers' code outside a run done on a thread of its own. Time counts
 * against a bundle as long as each look finds that thread in its code, and nothing gets on; in the
 * end the thread is left behind. Runs have an eye of their own: {@code verdict.Supervisor}.
 * Thread-safe.
 *
 * @param patienceNanos how long strangers may get nowhere
 * @param blame returns whose code is at work, in words; null if it is ours
 * @param progress of the work
 */
record CallWatch(long patienceNanos, Function<StackTraceElement[], String> blame,
        WorkProgress progress) {

    /** As long as a run may get nowhere. */
    static final long PATIENCE_NANOS = 20_000_000_000L;
    /** So many looks find a stranger at it before it is given up. */
    private static final int LOOKS = 40;
    /** How long work that was interrupted is waited for. */
    private static final long LAST_MILLIS = 700;

    /**
     * Does some work.
     *
     * @return what comes of it
     * @throws BrokenException if a bundle does not come back: the message names it
     * @throws InterruptedRunException if this thread was interrupted
     * @throws Throwable whatever the work throws
     */
    <T> T done(Callable<T> work) throws Throwable {
        var task = new FutureTask<>(work);
        var thread = new Thread(task, "work of a command");
        thread.setDaemon(true);
        var exit = new ExitWatch(blame);
        exit.begin();
        try {
            thread.start();
            return await(task, thread);
        } catch (ExecutionException e) {
            throw e.getCause();
        } catch (InterruptedException e) {
            progress.cancel();
            task.cancel(true);
            last(thread);
            throw new InterruptedRunException();
        } finally {
            exit.end();
        }
    }

    private <T> T await(FutureTask<T> task, Thread thread)
            throws InterruptedException, ExecutionException {
        String before = null;
        long number = -1;
        long since = System.nanoTime();
        while (true) {
            try {
                return task.get(patienceNanos / LOOKS, TimeUnit.NANOSECONDS);
            } catch (TimeoutException e) {
                String culprit = blame.apply(thread.getStackTrace());
                long now = progress.number();
                if (culprit == null || !culprit.equals(before) || now != number) {
                    before = culprit;
                    number = now;
                    since = System.nanoTime();
                } else if (isStuck(since) && task.cancel(true)) {
                    throw new BrokenException(culprit + ", does not come back: nothing happened"
                            + " for " + (System.nanoTime() - since) / 1_000_000_000 + " s", null);
                }
            }
        }
    }

    private boolean isStuck(long since) {
        long nanos = System.nanoTime() - since;
        return nanos > patienceNanos && nanos - patienceNanos > progress.extraNanos();
    }

    /** Returns never: throws what strangers have thrown, and they throw whatever they like. */
    @SuppressWarnings("unchecked")
    static <T extends Throwable> RuntimeException unchecked(Throwable thrown) throws T {
        throw (T) thrown;
    }

    /** A stranger that does not hear of it is left behind. */
    private static void last(Thread thread) {
        try {
            thread.join(LAST_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
