// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.Collectors;
import kdump.lab.api.BundleGoneException;
import kdump.lab.api.Comparison;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Target;
import kdump.lab.api.Verdict;

/**
 * Runs policies again and again, in threads of its own, and holds each verdict against that of a
 * run in which nothing was swapped. Thread-safe.
 */
final class SoakLoad {
    private static final int MAX_COMPLAINTS = 10;

    private final Lab lab;
    private final Target machine;
    private final RunOptions options;
    private final Map<String, Verdict> expected;
    private final List<Thread> threads = new ArrayList<>();
    private final List<String> complaints = Collections.synchronizedList(new ArrayList<>());
    private final AtomicLong commands = new AtomicLong();
    private final AtomicLong equal = new AtomicLong();
    private final AtomicLong withdrawn = new AtomicLong();
    private volatile boolean ends;

    /** Takes the verdicts of now as those that are expected. */
    SoakLoad(Lab lab, Target machine, List<String> policies, RunOptions options)
            throws LabException {
        this.lab = lab;
        this.machine = machine;
        this.options = options;
        expected = lab.compare(machine, policies, options).verdicts().stream()
                .collect(Collectors.toMap(Verdict::policy, Function.identity()));
    }

    void start(int count) {
        for (int i = 0; i < count; i++) {
            var thread = new Thread(this::work, "load " + i);
            thread.setDaemon(true);
            threads.add(thread);
            thread.start();
        }
    }

    private void work() {
        List<String> policies = expected.keySet().stream().sorted().toList();
        while (!ends) {
            try {
                look(lab.compare(machine, policies, options));
            } catch (BundleGoneException e) {
                withdrawn.incrementAndGet();
            } catch (LabException e) {
                if (e.getMessage().startsWith("no policy '")) {
                    Thread.yield(); // it is away just now: nothing was asked
                    continue;
                }
                complain(e.toString());
            } catch (RuntimeException | Error e) {
                complain(e + " at " + List.of(e.getStackTrace()).subList(0,
                        Math.min(4, e.getStackTrace().length)));
            }
            commands.incrementAndGet();
        }
    }

    private void look(Comparison comparison) {
        for (Verdict verdict : comparison.verdicts()) {
            if (verdict.captureKernel().startsWith("withdrawn at T")) {
                withdrawn.incrementAndGet();
            } else if (verdict.equals(expected.get(verdict.policy()))) {
                equal.incrementAndGet();
            } else {
                complain(verdict.policy() + ": " + verdict.captureKernel() + " "
                        + verdict.reasons());
            }
        }
        comparison.notRun().forEach(row -> {
            if (row.reason().contains("was withdrawn")) {
                withdrawn.incrementAndGet();
            } else {
                complain(row.toString());
            }
        });
    }

    private void complain(String what) {
        if (complaints.size() < MAX_COMPLAINTS) {
            complaints.add(what);
        }
    }

    /** Lets all threads come to an end; returns whether they did. */
    boolean end(long millis) throws InterruptedException {
        ends = true;
        boolean all = true;
        for (Thread thread : threads) {
            thread.join(millis);
            all &= !thread.isAlive();
        }
        return all;
    }

    /** Returns what was other than it should be, the first few. */
    List<String> complaints() {
        return List.copyOf(complaints);
    }

    /** Returns how many commands have come to an end. */
    long commands() {
        return commands.get();
    }

    /** Returns how many verdicts were as expected. */
    long equal() {
        return equal.get();
    }

    /** Returns how many runs something was withdrawn from. */
    long withdrawn() {
        return withdrawn.get();
    }
}
