// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import java.util.List;

/**
 * As many random programs as wanted on QEMU and on our machine: {@code LAB_PROGRAMS=1000000
 * LAB_SEED=1 cnf/make differ}, for all units together, without the time limit of a test.
 */
public final class Differ {

    private Differ() { }

    /** Runs them, prints shrunk programs that differ, and ends with status 1 if there are any. */
    public static void main(String[] arguments) {
        if (Oracle.present().isEmpty()) {
            System.err.println("no qemu-system-x86_64, and nothing from cnf/oracles");
            System.exit(2);
        }
        List<String> differences = QemuDifferenceTest.differences();
        differences.forEach(System.err::println);
        System.err.println(QemuDifferenceTest.programs() + " programs, " + differences.size()
                + " that differ");
        System.exit(differences.isEmpty() ? 0 : 1);
    }
}
