// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import kdump.lab.qtest.Protocol;

/** QEMU and our machine of one command line, side by side. One thread. */
final class Comparison implements AutoCloseable {

    private static final List<String> EVENTS = List.of("vtd_dmar_translate", "vtd_dmar_fault",
            "vtd_frr_new", "amdvi_translation_result", "amdvi_page_fault");

    private final String[] options;
    private final QemuProcess qemu;
    private final LogTail log = new LogTail();
    private final LogTail ourLog = new LogTail();

    private static final Pattern WIDE_PASS = Pattern.compile(
            "(?m)^(vtd_dmar_translate dev \\S+ iova (0x[0-9a-f]{14,16}) -> gpa \\2 mask 0xfff|"
                    + "amdvi_translation_result devid: .* hpa "
                    + "0x([0-9a-f]{14,16}|[89a-f][0-9a-f]{12}))\n");

    /** What QEMU answers to the lines of a step, and what its log has of it. */
    private record Answered(List<String> answers, String log) { }

    /** The first place where the two differ. */
    record Difference(Step step, String line, String qemu, String ours) {

        @Override
        public String toString() {
            return "after: " + step.what() + "\n  line: " + line + "\n  QEMU: " + qemu
                    + "\n  ours: " + ours;
        }
    }

    Comparison(Oracle oracle, String unit) {
        var all = new ArrayList<>(List.of("-device", unit));
        all.addAll(World.OPTIONS);
        for (String event : EVENTS) {
            all.addAll(List.of("-trace", event));
        }
        options = oracle.ours(with(all, ourLog)).toArray(String[]::new);
        qemu = new QemuProcess(oracle, with(all, log));
    }

    private static List<String> with(List<String> options, LogTail log) {
        var all = new ArrayList<>(options);
        all.addAll(List.of("-D", log.path().toString()));
        return all;
    }

    /** Runs a program on both; returns where they differ, or null. */
    Difference run(Program program) {
        var steps = new ArrayList<>(program.beginning());
        steps.addAll(program.steps());
        steps.addAll(program.end());
        List<Answered> theirs = theirs(program, steps);
        ourLog.rewind();
        Protocol ours = OurMachine.of(options);
        for (int i = 0; i < steps.size(); i++) {
            // until then the one may still hold what the program before left
            boolean counts = i >= program.beginning().size() - 1;
            Difference difference = difference(program, steps.get(i), ours, theirs.get(i));
            if (difference != null && counts) {
                return difference;
            }
        }
        return null;
    }

    /** Has our machine do a step. */
    private Difference difference(Program program, Step step, Protocol ours, Answered theirs) {
        Difference first = null;
        List<String> lines = lines(program, step);
        for (int l = 0; l < lines.size(); l++) {
            String answer = ours.answer(lines.get(l));
            if (first == null && !answer.equals(theirs.answers().get(l))) {
                first = new Difference(step, lines.get(l), theirs.answers().get(l), answer);
            }
        }
        try {
            ours.flushLog();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String logged = ourLog.next();
        return first != null || told(logged).equals(told(theirs.log())) ? first
                : new Difference(step, "log", theirs.log(), logged);
    }

    /** Returns a log without addresses beyond any memory, of which ours has 52 bits. */
    private static String told(String log) {
        return WIDE_PASS.matcher(log).replaceAll("");
    }

    private static List<String> lines(Program program, Step step) {
        var lines = new ArrayList<>(step.lines());
        lines.addAll(program.looks(step));
        return lines;
    }

    /** Sends the lines of all steps in as few pieces as transfers allow. */
    private List<Answered> theirs(Program program, List<Step> steps) {
        var answers = new ArrayList<String>();
        var logs = new ArrayList<String>();
        var pending = new ArrayList<String>();
        for (Step step : steps) {
            pending.addAll(step.lines());
            if (step.bar() != 0) {
                answers.addAll(qemu.answers(pending));
                pending.clear();
                qemu.await(step.bar());
            }
            logs.add(step.bar() != 0 ? log.next() : "");
            pending.addAll(program.looks(step));
        }
        answers.addAll(qemu.answers(pending));
        var byStep = new ArrayList<Answered>();
        int at = 0;
        for (int i = 0; i < steps.size(); i++) {
            int count = lines(program, steps.get(i)).size();
            byStep.add(new Answered(answers.subList(at, at + count), logs.get(i)));
            at += count;
        }
        return byStep;
    }

    /** Drops steps from a program as long as the two still differ. */
    Program shrink(Program program) {
        var steps = new ArrayList<>(program.steps());
        for (boolean shorter = true; shorter;) {
            shorter = false;
            for (int i = steps.size() - 1; i >= 0; i--) {
                Step dropped = steps.remove(i);
                if (run(program.with(steps)) == null) {
                    steps.add(i, dropped);
                } else {
                    shorter = true;
                }
            }
        }
        return program.with(steps);
    }

    @Override
    public void close() {
        qemu.close();
        log.close();
        ourLog.close();
    }
}
