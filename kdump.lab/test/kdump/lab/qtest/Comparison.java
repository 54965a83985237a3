// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import java.util.ArrayList;
import java.util.List;

/** QEMU and our machine of one command line, side by side. One thread. */
final class Comparison implements AutoCloseable {

    private final String[] options;
    private final QemuProcess qemu;

    /** The first place where the two differ. */
    record Difference(Step step, String line, String qemu, String ours) {

        @Override
        public String toString() {
            return "after: " + step.what() + "\n  line: " + line + "\n  QEMU: " + qemu
                    + "\n  ours: " + ours;
        }
    }

    Comparison(String unit) {
        var all = new ArrayList<>(List.of("-device", unit));
        all.addAll(World.OPTIONS);
        options = all.toArray(String[]::new);
        qemu = new QemuProcess(all);
    }

    /** Runs a program on both; returns where they differ, or null. */
    Difference run(Program program) {
        var steps = new ArrayList<>(program.beginning());
        steps.addAll(program.steps());
        steps.addAll(program.end());
        List<List<String>> theirs = theirs(program, steps);
        Protocol ours = OurMachine.of(options);
        for (int i = 0; i < steps.size(); i++) {
            Step step = steps.get(i);
            var lines = new ArrayList<>(step.lines());
            lines.addAll(program.looks(step));
            for (int l = 0; l < lines.size(); l++) {
                String answer = ours.answer(lines.get(l));
                // until then the one may still hold what the program before left
                if (i >= program.beginning().size() - 1 && !answer.equals(theirs.get(i).get(l))) {
                    return new Difference(step, lines.get(l), theirs.get(i).get(l), answer);
                }
            }
        }
        return null;
    }

    /** Returns the answers to the lines of each step, sent in as few pieces as transfers allow. */
    private List<List<String>> theirs(Program program, List<Step> steps) {
        var answers = new ArrayList<String>();
        var pending = new ArrayList<String>();
        for (Step step : steps) {
            pending.addAll(step.lines());
            if (step.bar() != 0) {
                answers.addAll(qemu.answers(pending));
                pending.clear();
                qemu.await(step.bar());
            }
            pending.addAll(program.looks(step));
        }
        answers.addAll(qemu.answers(pending));
        var byStep = new ArrayList<List<String>>();
        int at = 0;
        for (Step step : steps) {
            int count = step.lines().size() + program.looks(step).size();
            byStep.add(answers.subList(at, at + count));
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
    }
}
