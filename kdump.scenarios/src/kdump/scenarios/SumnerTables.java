// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import iommu.api.kdump.Phase;
import iommu.api.machine.RunDefaults;
import iommu.api.pcie.DeviceContext;
import iommu.api.trace.EventKind;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import kdump.lab.api.LabException;
import kdump.lab.api.Verdict;
import kdump.lab.api.experiment.Experiment;
import kdump.scenarios.trial.Claim;
import kdump.scenarios.trial.Finding;
import kdump.scenarios.trial.Mapping;
import kdump.scenarios.trial.Scribbler;
import kdump.scenarios.trial.Stage;
import kdump.scenarios.trial.Tale;

/**
 * What is copied of old tables, and which domain ids new ones get, as B. Sumner told with
 * "iommu/vt-d: Fix crash dump failure caused by legacy DMA/IO" in October 2014.
 */
final class SumnerTables {

    static final List<Claim> CLAIMS = List.of(
            new Claim("S1-14", "old domain ids are marked as in use, so that a device which the old"
                    + " kernel did not know gets a fresh one", "laptop in legacy mode, copy-tables,"
                    + " and server-current in scalable mode, linux; in the first a device is"
                    + " plugged in at the crash", "its domain has an id that was not in use at T1",
                    SumnerTables::freshIds),
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

    /** Of the laptop. */
    private static final int WIRELESS = 0x2100;

    private SumnerTables() { }

    private static Finding freshIds(Stage stage) throws LabException {
        Tale legacy = plugged(stage, "laptop", "copy-tables", WIRELESS);
        Tale scalable = stage.tale(stage.experiment("server-current", "linux"));
        Set<Integer> inLegacy = collisions(legacy, WIRELESS);
        Set<Integer> taken = scalable.events(EventKind.MAP).map(e -> scalable.alias(e.actor()))
                .collect(Collectors.toSet());
        Set<Integer> fresh = new TreeSet<>();
        Set<Integer> inScalable = new TreeSet<>();
        for (int requester : taken) {
            fresh.addAll(ids(scalable.atDump(), requester));
            inScalable.addAll(collisions(scalable, requester));
        }
        return Finding.where(inLegacy.isEmpty() && !ids(legacy.atDump(), WIRELESS).isEmpty()
                        && !inScalable.isEmpty(),
                "legacy mode: id " + ids(legacy.atDump(), WIRELESS)
                        + ", of which were in use at T1 " + inLegacy + "; scalable mode: " + fresh
                        + " of the devices that drivers have taken, in use " + inScalable,
                "legacy mode: Linux does not reserve the ids of old entries of the PASID table",
                "an id was given out twice, or scalable mode gives out none twice");
    }

    private static Tale plugged(Stage stage, String machine, String policy, int function)
            throws LabException {
        return stage.tale(stage.altered(machine, policy, m -> {
            RunDefaults late = m.runDefaults().withFunctions(Set.of(function), Set.of());
            return m.withRunDefaults(function == WIRELESS
                    ? late.withDeviceOption(function, DeviceContext.OPENS_INTERFACE, 1) : late);
        }));
    }

    private static Set<Integer> ids(List<Mapping> mappings, int requester) {
        return mappings.stream().filter(m -> m.requester() == requester).map(Mapping::domain)
                .collect(Collectors.toSet());
    }

    private static Set<Integer> collisions(Tale tale, int requester) {
        Set<Integer> fresh = ids(tale.atDump(), requester);
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
