// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import java.util.List;
import kdump.lab.api.LabException;
import kdump.lab.api.experiment.ScenarioResult;

/** Tries claims and tells a row each: what tests of mutations call, and people may start. */
public final class Rows {

    private static final ClaimBook BOOK = new ClaimBook(new PlainBench());

    private Rows() { }

    /**
     * Prints rows of id, result, what was seen and why, parted by tabs.
     *
     * @param ids of claims; none for all
     */
    public static void main(String[] ids) {
        for (String id : ids.length == 0 ? BOOK.ids() : List.of(ids)) {
            System.out.println(row(id));
        }
    }

    /** Returns the row of a claim. */
    static String row(String id) {
        try {
            ScenarioResult r = BOOK.run(id, 1);
            return id + "\t" + r.holds().word() + "\t" + r.observed() + "\t" + r.reason();
        } catch (LabException | RuntimeException e) {
            return id + "\tbroken\t" + e + "\t";
        }
    }
}
