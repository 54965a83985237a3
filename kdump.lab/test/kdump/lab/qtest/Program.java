// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import java.util.ArrayList;
import java.util.List;

/**
 * A program for both machines: a beginning that brings QEMU's into the state of a fresh one, steps
 * after each of which everything visible is compared, and an end that shows what devices hold.
 */
record Program(List<Step> beginning, List<Step> steps, List<Step> end) {

    /** Looks at what software can see of the unit. */
    static final List<String> REGISTERS = List.of("readl 0xfed9001c", "readl 0xfed90034",
            "readq 0xfed90220", "readq 0xfed90228", "readl 0xfed90038", "readq 0xfed90028",
            "readq 0xfed900f8", "readq 0xfed90080", "readq 0xfed90088", "readl 0xfed9009c",
            "readl 0xfed900a0", "readq 0xfed90020", "read 0x112000 0x10");

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
        return new Program(beginning, List.copyOf(others), end);
    }

    /** Returns what is looked at after a step. */
    static List<String> looks(Step step) {
        if (step.bar() == 0) {
            return REGISTERS;
        }
        var all = new ArrayList<>(REGISTERS);
        all.addAll(DATA);
        return all;
    }
}
