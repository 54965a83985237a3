// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ.messages;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.qtest.Protocol;
import kdump.lab.qtest.differ.LogTail;
import kdump.lab.qtest.differ.Oracle;
import kdump.lab.qtest.differ.OurMachine;
import kdump.lab.qtest.differ.QemuProcess;
import kdump.lab.qtest.differ.Step;

/**
 * QEMU and our machine of one command line, side by side, for programs of interrupt messages: what
 * becomes of a message is in their logs. One thread.
 */
final class MessageComparison implements AutoCloseable {

    private final List<String> beginning;
    private final List<String> looks;
    private final LogTail log = new LogTail();
    private final LogTail ourLog = new LogTail();
    private final List<String> ours;
    private final QemuProcess qemu;

    /**
     * Starts QEMU. Version 11 has no processor; an older one has one that sleeps.
     *
     * @param options of both machines
     * @param events what their logs tell
     * @param beginning lines that leave the unit as after reset, but for what is the same each time
     * @param looks lines that look at what software can see of the unit, after each step
     */
    MessageComparison(Oracle oracle, List<String> options, List<String> events,
            List<String> beginning, List<String> looks) {
        this.beginning = beginning;
        this.looks = looks;
        var traced = new ArrayList<>(options);
        events.forEach(e -> traced.addAll(List.of("-trace", e)));
        boolean newest = oracle == Oracle.QEMU_11;
        ours = new ArrayList<>(oracle.ours(with(traced, ourLog)));
        if (newest) {
            ours.addAll(List.of("-accel", "qtest"));
        }
        qemu = newest ? QemuProcess.withoutProcessor(oracle, with(traced, log))
                : new QemuProcess(oracle, with(traced, log));
    }

    private static List<String> with(List<String> options, LogTail log) {
        var all = new ArrayList<>(options);
        all.addAll(List.of("-D", log.path().toString()));
        return all;
    }

    /** Returns the first place where the two differ, or null. */
    String difference(List<Step> steps) {
        qemu.answers(beginning);
        log.next();
        ourLog.rewind();
        Protocol protocol = OurMachine.of(ours.toArray(String[]::new));
        beginning.forEach(protocol::answer);
        told(protocol);
        for (Step step : steps) {
            var lines = new ArrayList<>(step.lines());
            lines.addAll(looks);
            List<String> theirs = qemu.answers(lines);
            for (int i = 0; i < lines.size(); i++) {
                String answer = protocol.answer(lines.get(i));
                if (!answer.equals(theirs.get(i))) {
                    return step + "\n" + lines.get(i) + "\n  QEMU: " + theirs.get(i)
                            + "\n  ours: " + answer;
                }
            }
            String theirLog = log.next();
            String ourTold = told(protocol);
            if (!ourTold.equals(theirLog)) {
                return step + "\nlog\n  QEMU: " + theirLog + "\n  ours: " + ourTold;
            }
        }
        return null;
    }

    private String told(Protocol protocol) {
        try {
            protocol.flushLog();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return ourLog.next();
    }

    /** Drops steps from a program as long as the two still differ. */
    List<Step> shrunk(List<Step> program) {
        var steps = new ArrayList<>(program);
        for (int i = steps.size() - 1; i >= 0; i--) {
            Step dropped = steps.remove(i);
            if (difference(steps) == null) {
                steps.add(i, dropped);
            }
        }
        return steps;
    }

    @Override
    public void close() {
        qemu.close();
        log.close();
        ourLog.close();
    }
}
