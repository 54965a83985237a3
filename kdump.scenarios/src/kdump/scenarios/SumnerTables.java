// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import iommu.api.kdump.Phase;
import iommu.api.trace.EventKind;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import kdump.lab.api.LabException;
import kdump.lab.api.Verdict;
import kdump.lab.api.experiment.Experiment;

/**
 * What is copied of old tables, and which domain ids new ones get, as B. Sumner told with
 * "iommu/vt-d: Fix crash dump failure caused by legacy DMA/IO" in October 2014.
 */
final class SumnerTables {

    static final List<Claim> CLAIMS = List.of(
            new Claim("S1-14", "old domain ids are marked as in use, so that a new domain gets a"
                    + " fresh one", "vtd1 in legacy mode, copy-tables, and server-current in scalable"
                    + " mode, linux", "no domain that a driver of the capture kernel"
                    + " gets has an id that was in use at T1", SumnerTables::freshIds),
            new Claim("S1-16", "what a new domain needs is collected once and not read again",
                    "vtd1, keep-and-separate; the old tables' leaves are cleared after T6",
                    "the run comes out as without", SumnerTables::collected),
            new Claim("S1-17", "copies have depths: context entries only, page tables too, nothing"
                    + " at all", "vtd1, the old page tables' leaves cleared at T7: copy-tables,"
                    + " copy-page-tables, reuse-in-place", "requests fault unless page tables were"
                    + " copied", SumnerTables::depths),
            new Claim("S1-18", "five patches, one file, 803 lines added and 26 taken away", "none",
                    "nothing", stage -> Finding.none("nothing was run",
                            "it is about the patches, not about machines")));

    private SumnerTables() { }

    private static Finding freshIds(Stage stage) throws LabException {
        Tale legacy = stage.tale(stage.experiment("vtd1", "copy-tables"));
        Tale scalable = stage.tale(stage.experiment("server-current", "linux"));
        Set<Integer> inLegacy = collisions(legacy);
        Set<Integer> inScalable = collisions(scalable);
        return Finding.where(inLegacy.isEmpty() && !fresh(legacy).isEmpty(), "legacy mode: "
                        + fresh(legacy) + " new, " + inLegacy + " of them in use at T1; scalable"
                        + " mode: " + fresh(scalable) + " new, " + inScalable + " in use",
                "legacy mode: Linux does not reserve the ids of old entries of the PASID table",
                "an id was given out twice");
    }

    private static Set<Integer> fresh(Tale tale) {
        Set<Integer> taken = tale.events(EventKind.MAP).map(e -> tale.alias(e.actor()))
                .collect(Collectors.toSet());
        return tale.atDump().stream().filter(m -> taken.contains(m.requester()))
                .map(Mapping::domain).collect(Collectors.toSet());
    }

    private static Set<Integer> collisions(Tale tale) {
        Set<Integer> fresh = fresh(tale);
        fresh.retainAll(tale.atCrash().stream().map(Mapping::domain).collect(Collectors.toSet()));
        return fresh;
    }

    private static Finding collected(Stage stage) throws LabException {
        Experiment whole = stage.experiment("vtd1", "keep-and-separate");
        Verdict before = stage.verdict(whole);
        var scribbler = new Scribbler(Scribbler.Level.LEAF, Phase.DRIVERS, -1);
        Tale tale = stage.tale(scribbler.in(whole), scribbler);
        Verdict after = tale.verdict();
        boolean same = SumnerInFlight.isGood(after) && SumnerInFlight.isGood(before)
                && after.faults().requests() == before.faults().requests()
                && after.driversFailed().equals(before.driversFailed());
        return Finding.yes(scribbler.count() > 0 && same, scribbler.count() + " old leaves"
                        + " cleared; dump " + before.dump() + " without and " + after.dump()
                        + " with that, " + before.faults().requests() + " and "
                        + after.faults().requests() + " faults",
                "everything lies in the capture kernel's own memory by then",
                "something was read again");
    }

    private static Finding depths(Stage stage) throws LabException {
        long contexts = faults(stage, "copy-tables");
        long pages = faults(stage, "copy-page-tables");
        long none = faults(stage, "reuse-in-place");
        return Finding.yes(contexts > 0 && pages == 0 && none > 0, "faults: " + contexts
                        + " with context entries copied, " + pages + " with page tables too, "
                        + none + " with nothing copied",
                "what is not copied stays in memory that anybody may write over",
                "the depth made no difference");
    }

    private static long faults(Stage stage, String policy) throws LabException {
        var scribbler = new Scribbler(Scribbler.Level.LEAF, Phase.DRIVERS, -1);
        return stage.tale(scribbler.in(stage.experiment("vtd1", policy)), scribbler).verdict()
                .faults().requests();
    }
}
