// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import java.util.ArrayList;
import java.util.List;
import kdump.lab.api.LabException;
import kdump.scenarios.trial.BareAmdVi;
import kdump.scenarios.trial.Claim;
import kdump.scenarios.trial.Finding;
import kdump.scenarios.trial.Stage;

/** What caches and command buffers do over a hand-over, after C. Wright, April 2010. */
final class WrightCaches {

    static final List<Claim> CLAIMS = List.of(
            new Claim("S5-4", "a cached device table entry gives the domain and the root of the page"
                    + " tables only: results depend on the other caches too", "an AMD-Vi unit by"
                    + " itself, disabled, given a new device table, enabled; 16 cases: device table"
                    + " entry, directory entries, page cached or not, upper tables overwritten or"
                    + " not", "the old page where the device table entry is cached and the rest"
                    + " leads there; blocked by the new table where it is not",
                    WrightCaches::sixteen),
            new Claim("S5-5", "invalidate commands cannot be sent until the IOMMU is enabled", "an"
                    + " AMD-Vi unit by itself: commands queued with CmdBufEn clear, then set", "the"
                    + " head pointer stands still and no completion is stored until it is enabled",
                    WrightCaches::untilEnabled),
            new Claim("S5-6", "devices attached before the IOMMU is enabled keep stale entries, as"
                    + " their invalidations go nowhere", "an AMD-Vi unit by itself: attach and"
                    + " enable, enable and attach", "the old page in the first order, the new table"
                    + " in the second", WrightCaches::order));

    private static final int CASES = 16;
    private static final long SMALL = 4;
    private static final long LARGE = 256;

    private WrightCaches() { }

    private static Finding sixteen(Stage stage) throws LabException {
        var told = new ArrayList<String>();
        boolean as = true;
        for (int i = 0; i < CASES; i++) {
            boolean entry = (i & 8) == 0;
            boolean directory = (i & 4) == 0;
            boolean page = (i & 2) == 0;
            boolean intact = (i & 1) == 0;
            String came = outcome(stage, entry, directory, page, intact);
            String due = !entry ? "blocked" : page || directory || intact ? "old page" : "blocked";
            as &= came.equals(due);
            told.add((entry ? "DTE " : "- ") + (directory ? "PDE " : "- ") + (page ? "TLB " : "- ")
                    + (intact ? "intact: " : "overwritten: ") + came);
        }
        return Finding.yes(as, String.join("; ", told), "a walk starts at the lowest table that is"
                + " cached for the domain, and a cached page needs no walk",
                "a case came out otherwise");
    }

    private static String outcome(Stage stage, boolean entry, boolean directory, boolean page,
            boolean intact) throws LabException {
        var unit = new BareAmdVi(stage, page && !directory ? SMALL : LARGE);
        unit.read();
        if (page && !directory) {
            unit.readElsewhere();
        } else if (!page) {
            unit.flushPages(!directory);
        }
        if (!entry) {
            unit.flushEntry();
        }
        unit.disable();
        unit.useNewTable();
        if (!intact) {
            unit.overwrite();
        }
        unit.enable();
        return unit.told(unit.read());
    }

    private static Finding untilEnabled(Stage stage) throws LabException {
        var unit = new BareAmdVi(stage, LARGE);
        unit.disable();
        unit.commandBuffer();
        unit.flushEntry();
        unit.completionWait();
        long before = unit.commandsTaken();
        boolean early = unit.completed();
        unit.enable();
        return Finding.yes(before == 0 && !early && unit.commandsTaken() == 2 && unit.completed(),
                "disabled: " + before + " of 2 commands taken, completion stored " + early
                        + "; enabled: " + unit.commandsTaken() + ", " + unit.completed(),
                "the unit fetches commands only with CmdBufEn set", "it fetched them");
    }

    private static Finding order(Stage stage) throws LabException {
        String first = attached(stage, false);
        String second = attached(stage, true);
        return Finding.yes(first.equals("old page") && second.equals("blocked"), "attached, then"
                        + " enabled: " + first + "; enabled, then attached: " + second
                        + " by the new table",
                "setting the base of a new command buffer sets its pointers to 0, and what was"
                + " queued is gone", "the order made no difference");
    }

    private static String attached(Stage stage, boolean enabledFirst) throws LabException {
        var unit = new BareAmdVi(stage, LARGE);
        unit.read();
        unit.disable();
        unit.useNewTable();
        if (enabledFirst) {
            unit.commandBuffer();
            unit.enable();
            unit.flushEntry();
        } else {
            unit.flushEntry();
            unit.commandBuffer();
            unit.enable();
        }
        return unit.told(unit.read());
    }
}
