// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import kdump.lab.api.BundleGoneException;
import kdump.lab.api.Comparison;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.PolicySummary;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Target;
import kdump.lab.api.Verdict;

/**
 * Runs policies again and again, in threads of its own, and holds each verdict against those of
 * runs in which nothing was swapped. Thread-safe.
 */
final class SoakLoad {
    private static final int MAX_COMPLAINTS = 10;

    private final Lab lab;
    private final Target machine;
    private final RunOptions options;
    private final List<List<String>> groups;
    private final Map<String, Set<Verdict>> expected = new HashMap<>();
    private final List<Thread> threads = new ArrayList<>();
    private final List<String> complaints = Collections.synchronizedList(new ArrayList<>());
    private final AtomicLong commands = new AtomicLong();
    private final AtomicLong equal = new AtomicLong();
    private final AtomicLong withdrawn = new AtomicLong();
    private volatile boolean ends;

    /** @param groups of policies, each compared by itself, in turn */
    SoakLoad(Lab lab, Target machine, List<List<String>> groups, RunOptions options) {
        this.lab = lab;
        this.machine = machine;
        this.groups = groups;
        this.options = options;
    }

    /** Expects the verdicts of now, of the policies that are there, beside those before. */
    void expectThoseOfNow() throws LabException {
        List<String> there = lab.policies().stream().map(PolicySummary::name).toList();
        List<String> policies = groups.stream().flatMap(List::stream).filter(there::contains)
                .toList();
        for (Verdict verdict : lab.compare(machine, policies, options).verdicts()) {
            expected.computeIfAbsent(verdict.policy(), p -> new HashSet<>()).add(verdict);
        }
    }

    /** Returns how many different verdicts of a policy are expected. */
    int expected(String policy) {
        return expected.get(policy).size();
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
        for (int turn = 0; !ends; turn++) {
            try {
                look(lab.compare(machine, groups.get(turn % groups.size()), options));
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
            } else if (expected.get(verdict.policy()).contains(verdict)) {
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
