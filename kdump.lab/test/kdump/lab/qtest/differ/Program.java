// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import java.util.ArrayList;
import java.util.List;

/**
 * A program for both machines: a beginning that brings QEMU's into the state of a fresh one, steps
 * after each of which everything visible is compared, and an end that shows what devices hold.
 *
 * @param registers the lines that look at what software can see of the unit
 */
record Program(List<Step> beginning, List<Step> steps, List<Step> end, List<String> registers) {

    /** Looks at the places of each data page to which transfers go. */
    static final List<String> DATA = data();

    private static List<String> data() {
        var lines = new ArrayList<String>();
        for (int page = 0; page < World.DATA_PAGES; page++) {
            long at = World.DATA + page * 0x1000L;
            lines.add(String.format("read 0x%x 0x20", at));
            lines.add(String.format("read 0x%x 0x10", at + 0xff0));
        }
        return List.copyOf(lines);
    }

    /** Returns the same program with other steps. */
    Program with(List<Step> others) {
        return new Program(beginning, List.copyOf(others), end, registers);
    }

    /** Returns what is looked at after a step. */
    List<String> looks(Step step) {
        if (step.bar() == 0) {
            return registers;
        }
        var all = new ArrayList<>(registers);
        all.addAll(DATA);
        return all;
    }
}
