// SPDX-License-Identifier: Apache-2.0
package kdump.lab.gogo;

import java.util.HashMap;
import java.util.Map;
import org.apache.felix.service.command.Job;

/**
 * The commands of the lab that go on, for Ctrl-C: Gogo interrupts whoever waits for one too, who
 * then leaves before it with an exception of Java's. Thread-safe.
 */
final class RunningCommands {

    private final Map<Thread, Job> running = new HashMap<>();

    /**
     * A command begins on this thread.
     *
     * @param job of it; null for none, which counts as one that somebody waits for
     */
    synchronized void begins(Job job) {
        running.put(Thread.currentThread(), job);
    }

    /** It has ended, and who would interrupt it comes too late. */
    synchronized void ends() {
        running.remove(Thread.currentThread());
        Thread.interrupted();
    }

    /** Interrupts those that somebody waits for; returns whether there are any. */
    synchronized boolean interrupt() {
        boolean any = false;
        for (var one : running.entrySet()) {
            if (isWaitedFor(one.getValue())) {
                one.getKey().interrupt();
                any = true;
            }
        }
        return any;
    }

    /** Returns whether a job is in the foreground; all that belongs to one is where that is. */
    static boolean isWaitedFor(Job job) {
        Job outermost = job;
        while (outermost != null && outermost.parent() != null) {
            outermost = outermost.parent();
        }
        return outermost == null || outermost.status() == Job.Status.Foreground;
    }
}
