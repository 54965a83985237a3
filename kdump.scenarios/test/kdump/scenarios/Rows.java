// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import java.util.List;
import kdump.lab.api.LabException;
import kdump.lab.api.experiment.ScenarioResult;

/** Tries claims on the class path and prints a row each: what mutation tests start. */
public final class Rows {

    private Rows() { }

    /**
     * Prints rows of id, result and what was seen, parted by tabs.
     *
     * @param ids of claims; none for all
     */
    public static void main(String[] ids) {
        var book = new ClaimBook(new PlainBench());
        for (String id : ids.length == 0 ? book.ids() : List.of(ids)) {
            System.out.println(row(book, id));
        }
    }

    static String row(ClaimBook book, String id) {
        try {
            ScenarioResult r = book.run(id, 1);
            return id + "\t" + r.holds().word() + "\t" + r.observed() + "\t" + r.reason() + "\t"
                    + r.runs();
        } catch (LabException | RuntimeException e) {
            e.printStackTrace();
            return id + "\tbroken\t" + e + "\t\t0";
        }
    }
}
