// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import java.util.List;

/**
 * One step of a program: what it is, the lines that do it, and the BAR of the edu device whose
 * transfer they start, 0 if they start none.
 */
public record Step(String what, List<String> lines, long bar) {

    /** A step that starts no transfer. */
    public Step(String what, String... lines) {
        this(what, List.of(lines), 0);
    }

    @Override
    public String toString() {
        return what + "  {" + String.join("; ", lines) + "}";
    }
}
