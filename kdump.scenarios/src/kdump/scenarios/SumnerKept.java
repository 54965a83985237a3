// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import kdump.lab.api.LabException;
import kdump.lab.api.Verdict;
import kdump.lab.api.experiment.Experiment;
import kdump.scenarios.trial.Claim;
import kdump.scenarios.trial.Finding;
import kdump.scenarios.trial.Mapping;
import kdump.scenarios.trial.Stage;
import kdump.scenarios.trial.Tale;

/**
 * What comes of leaving translations in place, as B. Sumner told with "iommu/vt-d: Fix crash dump
 * failure caused by legacy DMA/IO" in October 2014.
 */
final class SumnerKept {

    static final List<Claim> CLAIMS = List.of(
            new Claim("S1-7", "the capture kernel can take over a unit that is in use", "vtd1,"
                    + " copy-tables", "translation is never off from T1 to the end of the dump, and"
                    + " no write of Global Command says so", SumnerKept::neverOff),
            new Claim("S1-8", "translations stay until the driver of a device initialises it",
                    "server, copy-tables", "up to its own driver's probe each device's requests go"
                    + " where the crashed kernel meant, whatever became of the others",
                    SumnerKept::untilItsDriver),
            new Claim("S1-9", "the drivers of the capture kernel use other I/O addresses than were"
                    + " in use at the panic", "vtd1, keep-and-separate; beside it copy-page-tables",
                    "no address that a driver is given was mapped for its device at T1",
                    SumnerKept::otherAddresses),
            new Claim("S1-10", "devices are dealt with by their own drivers only",
                    "laptop, copy-tables", "no device is reset between T3 and its own driver, but"
                    + " those that the kernel takes from firmware at T5b", SumnerKept::ownDrivers),
            new Claim("S1-11", "it behaves much like a machine without an active IOMMU", "server,"
                    + " copy-tables with intel_iommu=on, linux with intel_iommu=off", "no fault, no"
                    + " stray byte, no wrong block and a good dump in both, and late work in both",
                    SumnerKept::likeNone),
            new Claim("S1-12", "devices that firmware uses are dealt with as in a normal boot",
                    "server-2014, copy-tables, a USB controller that reads its reserved region all"
                    + " the time", "no read of it fails before or after its driver",
                    Firmware::goesOn),
            new Claim("S1-13", "a device without a driver in the capture kernel is left alone",
                    "server, copy-tables, a driver for the dump target only", "its DMA goes on to"
                    + " the end where it was meant, its mappings are as they were, the dump is"
                    + " complete", SumnerKept::withoutDriver),
            new Claim("S1-15", "a device that the crashed kernel knew keeps its domain id", "vtd1,"
                    + " keep-and-separate; beside it copy-tables", "the domain id of every device"
                    + " that a driver has taken is the old one", SumnerKept::sameDomain));

    private static final int USB = 0x0c03;
    private static final int GLOBAL_COMMAND = 0x18;
    private static final long TRANSLATION_ENABLE = 1L << 31;

    private SumnerKept() { }

    private static Finding neverOff(Stage stage) throws LabException {
        Tale tale = stage.tale(stage.experiment("vtd1", "copy-tables"));
        int end = tale.events(EventKind.DUMPED).mapToInt(Event::id).findFirst()
                .orElse(Integer.MAX_VALUE);
        long off = tale.events(EventKind.TRANSLATION).filter(e -> e.id() < end && e.a() == 0)
                .count();
        List<Event> commands = tale.events(EventKind.REGISTER_WRITE)
                .filter(e -> e.id() < end && (int) e.a() == GLOBAL_COMMAND).toList();
        long without = commands.stream().filter(e -> (e.b() & TRANSLATION_ENABLE) == 0).count();
        return Finding.yes(off == 0 && !commands.isEmpty() && without == 0, commands.size()
                        + " writes of Global Command, " + without + " of them without TE;"
                        + " translation went off " + off + " times",
                "root table pointer and interrupt table pointer can be set with TE on",
                "the unit was off in between");
    }

    private static Finding untilItsDriver(Stage stage) throws LabException {
        Tale tale = stage.tale(stage.experiment("server", "copy-tables"));
        int first = tale.events(EventKind.PROBE).mapToInt(Event::id).findFirst().orElse(0);
        List<Event> late = tale.oldRequests().filter(e -> e.id() < tale.probedAt(e.actor()))
                .toList();
        long astray = late.stream().filter(e -> Tale.went(e) != tale.meant(e)).count();
        Set<Integer> others = late.stream().filter(e -> e.id() > first).map(Event::actor)
                .collect(Collectors.toCollection(TreeSet::new));
        return Finding.yes(!others.isEmpty() && astray == 0, late.size() + " requests, " + astray
                        + " of them elsewhere than meant; after the first driver had begun "
                        + others.stream().map(RequesterId::format)
                                .collect(Collectors.joining(", ")) + " went on",
                "each context entry points to the old page tables until its own driver maps",
                "a request went elsewhere, or none was left after the first probe");
    }

    private static Finding otherAddresses(Stage stage) throws LabException {
        Tale kept = stage.tale(stage.experiment("vtd1", "keep-and-separate"));
        Tale copied = stage.tale(stage.experiment("vtd1", "copy-page-tables"));
        long given = kept.events(EventKind.MAP).count();
        return Finding.yes(given > 0 && reused(kept) == 0, reused(kept) + " of " + given
                        + " addresses given out were in use at the panic under keep-and-separate; "
                        + reused(copied) + " of " + copied.events(EventKind.MAP).count()
                        + " under copy-page-tables",
                "the capture kernel's allocator keeps clear of all that is mapped",
                "addresses in use were given out again");
    }

    private static long reused(Tale tale) {
        return tale.events(EventKind.MAP).filter(e -> tale.meant(e) >= 0).count();
    }

    private static Finding ownDrivers(Stage stage) throws LabException {
        Experiment run = stage.experiment("laptop", "copy-tables");
        Tale tale = stage.tale(run);
        int from = tale.begin(Phase.SETUP_ARCH);
        long strange = tale.events(EventKind.DEVICE_RESET).filter(e -> e.id() > from
                && e.id() < tale.probedAt(e.actor()) && tale.phase(e) != Phase.FINAL_FIXUPS)
                .count();
        long policy = tale.events(EventKind.STEP)
                .filter(e -> e.detail() instanceof Step.WriteConfig).count();
        Map<Integer, Map<Phase, Integer>> requests = tale.oldRequestsByPhase();
        List<Integer> usb = run.machine().functions().stream()
                .filter(f -> f.classCode() >>> 8 == USB).map(FunctionConfig::requesterId)
                .filter(requests::containsKey).toList();
        long silent = usb.stream().filter(f -> !requests.get(f).containsKey(Phase.DMA_REMAPPING))
                .count();
        return Finding.where(strange == 0 && policy == 0 && !usb.isEmpty()
                        && silent == usb.size(), strange + " devices were reset before their driver"
                        + " came, the policy wrote config space " + policy + " times; " + silent
                        + " of " + usb.size() + " busy USB controllers sent nothing from T5b on",
                "USB controllers are taken from firmware and halted at T5b, by whatever policy",
                "somebody else than its driver dealt with a device");
    }

    private static Finding likeNone(Stage stage) throws LabException {
        String off = stage.machine("server").commandLine().replace("intel_iommu=on",
                "intel_iommu=off");
        Verdict with = stage.verdict(stage.experiment("server", "copy-tables"));
        Verdict without = stage.verdict(stage.experiment("server", "linux",
                Stage.kernels(null, Map.of()).withCommandLines(off, off)));
        boolean alike = clean(with) && clean(without)
                && with.lateLegitimateBytes() > 0 && without.lateLegitimateBytes() > 0;
        return Finding.yes(alike, "copied: " + told(with) + "; no unit in use: " + told(without),
                "requests go where they were meant to in both; what is lost is lost to drivers'"
                + " resets, which cut off what the seed has posted", "they differ");
    }

    private static boolean clean(Verdict v) {
        return v.faults().requests() == 0 && v.dumpBytesStray() == 0 && v.mediaBlocksWrong() == 0
                && v.framesWrong() == 0 && SumnerInFlight.isGood(v);
    }

    private static String told(Verdict v) {
        return v.faults().requests() + " faults, " + v.dumpBytesStray() + " stray and "
                + v.lateLegitimateBytes() + " late bytes, " + v.mediaBlocksWrong()
                + " blocks wrong, " + v.mediaBlocksLost() + " lost";
    }

    private static Finding withoutDriver(Stage stage) throws LabException {
        Tale tale = stage.tale(stage.experiment("server", "copy-tables",
                Stage.dumpTargetDriverOnly()));
        Set<Integer> left = tale.busy().stream().filter(r -> tale.oldRequests()
                        .anyMatch(e -> e.actor() == r && e.id() > tale.begin(Phase.DUMP)))
                .collect(Collectors.toSet());
        long astray = tale.oldRequests().filter(e -> left.contains(e.actor())
                && Tale.went(e) != tale.meant(e)).count();
        Set<Integer> aliases = left.stream().map(tale::alias).collect(Collectors.toSet());
        Set<Mapping> then = of(tale.atCrash(), aliases);
        Set<Mapping> later = of(tale.atDump(), aliases);
        boolean same = then.equals(later);
        Verdict v = tale.verdict();
        return Finding.yes(!left.isEmpty() && astray == 0 && same && v.faults().requests() == 0
                        && SumnerInFlight.isGood(v), left.size() + " devices still at it at T8, "
                        + astray + " requests astray, their " + then.size() + " mappings "
                        + (same ? "as they were" : "changed") + ", dump " + v.dump(),
                "nobody touches its context entry", "it was not left alone");
    }

    private static Set<Mapping> of(List<Mapping> mappings, Set<Integer> requesters) {
        return mappings.stream().filter(m -> requesters.contains(m.requester()))
                .collect(Collectors.toCollection(HashSet::new));
    }

    private static Finding sameDomain(Stage stage) throws LabException {
        Tale kept = stage.tale(stage.experiment("vtd1", "keep-and-separate"));
        Tale copied = stage.tale(stage.experiment("vtd1", "copy-tables"));
        List<Integer> changed = changed(kept);
        return Finding.yes(!taken(kept).isEmpty() && changed.isEmpty(), "of "
                        + taken(kept).size() + " devices that a driver has taken " + changed.size()
                        + " have another domain id under keep-and-separate, "
                        + changed(copied).size() + " of " + taken(copied).size()
                        + " under copy-tables",
                "the id is read from the old context entry", "the id changed");
    }

    /** Returns the ids of devices that were known at T1 and that a driver has mapped for since. */
    private static List<Integer> taken(Tale tale) {
        return tale.events(EventKind.MAP).map(e -> tale.alias(e.actor())).distinct()
                .filter(alias -> domains(tale.atCrash(), alias).size() == 1).toList();
    }

    private static List<Integer> changed(Tale tale) {
        var changed = new ArrayList<Integer>();
        for (int alias : taken(tale)) {
            if (!domains(tale.atCrash(), alias).equals(domains(tale.atDump(), alias))) {
                changed.add(alias);
            }
        }
        return changed;
    }

    private static Set<Integer> domains(List<Mapping> mappings, int alias) {
        return mappings.stream().filter(m -> m.requester() == alias).map(Mapping::domain)
                .collect(Collectors.toSet());
    }
}
