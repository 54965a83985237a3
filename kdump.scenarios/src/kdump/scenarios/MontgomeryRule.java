// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.Step;
import iommu.api.machine.ReservedRegion;
import iommu.api.memory.AddressRange;
import iommu.api.pcie.RequesterId;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.unit.FaultRecord;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import kdump.lab.api.LabException;
import kdump.lab.api.Verdict;
import kdump.lab.api.experiment.Experiment;
import kdump.scenarios.trial.Claim;
import kdump.scenarios.trial.Finding;
import kdump.scenarios.trial.Meddler;
import kdump.scenarios.trial.Stage;
import kdump.scenarios.trial.Tale;

/** The rule of M. Montgomery's "Kdump IO Rule" of September 2008. */
final class MontgomeryRule {

    private static final String POLICY = "identity-map-crash-range";
    private static final String CALGARY = "server-2008-calgary";

    static final List<Claim> CLAIMS = List.of(
            new Claim("S2-1", "without preparation the kdump kernel is not overwritten, but may be"
                    + " unable to do I/O to its own addresses", "server, no policy: the capture"
                    + " kernel knows of no unit", "requests for the crash range fault, the dump is"
                    + " missing, no byte of the capture kernel changes", MontgomeryRule::grabbed),
            new Claim("S2-2", "reserving the crash range is necessary but not sufficient",
                    "laptop, " + POLICY + " without the map; " + CALGARY + " without the"
                    + " reservation and with it, and a driver that goes on mapping",
                    "reservation alone, and map alone: no good dump; both: a complete one, and no"
                    + " address of the range is given out", MontgomeryRule::notSufficient),
            new Claim("S2-3", "the first kernel has to map all pages of the crash range to"
                    + " themselves, or those that I/O can go to", "laptop, " + POLICY
                    + " with the whole range, its lower half, its upper half", "I/O works inside of"
                    + " what is mapped and faults outside", MontgomeryRule::subset),
            new Claim("S2-4", "the kdump kernel neither detects nor initialises an IOMMU",
                    "laptop with intremap=off, " + POLICY, "no access to a register of a unit after"
                    + " T1, and the dump is complete", MontgomeryRule::stayAway),
            new Claim("S2-12", "neither bus address nor physical address of leftover I/O is in the"
                    + " crash area", "laptop and server, " + POLICY + ", every request of the"
                    + " crashed kernel's work looked at", "no request does", MontgomeryRule::clear),
            new Claim("S2-13", "I/O of the kdump kernel has equal bus and physical addresses in the"
                    + " crash area", "laptop, " + POLICY + ", every request of the capture"
                    + " kernel's drivers looked at, but for memory that firmware reserved",
                    "all do", MontgomeryRule::equal),
            new Claim("S2-14", "with Intel's units the map is needed for each device that the kdump"
                    + " kernel needs", "laptop, " + POLICY + " for the dump target only, for"
                    + " all but it", "the device without the map faults", MontgomeryRule::each));

    /** Addresses from 0 upwards: so many reach the pages that the capture kernel gives out. */
    private static final int GREEDY_TIMES = 12_000;

    private MontgomeryRule() { }

    private static Finding grabbed(Stage stage) throws LabException {
        Tale tale = stage.tale(stage.experiment("server", (String) null));
        long faults = faultsIn(tale, tale.reservation());
        Verdict v = tale.verdict();
        return Finding.yes(faults > 0 && v.dump().equals("missing")
                        && !v.captureKernel().equals("corrupted"), faults + " requests for"
                        + " addresses of the crash range blocked, dump " + v.dump()
                        + ", capture kernel " + v.captureKernel(),
                "the old tables map nothing there", "its I/O got through, or it was overwritten");
    }

    private static long faultsIn(Tale tale, AddressRange range) {
        return tale.events(EventKind.FAULT).map(e -> (FaultRecord) e.detail())
                .filter(f -> range.contains(f.address())).count();
    }

    private static Finding notSufficient(Stage stage) throws LabException {
        Verdict reserved = stage.verdict(stage.experiment("laptop", POLICY)
                .around(Meddler.without(step -> step instanceof Step.IdentityMap)));
        Verdict whole = stage.verdict(stage.experiment("laptop", POLICY));
        var kept = new GreedyMapper(GreedyMapper.ON_CALGARY, GREEDY_TIMES);
        Tale both = stage.tale(stage.experiment(CALGARY, POLICY).models(List.of(kept)));
        var given = new GreedyMapper(GreedyMapper.ON_CALGARY, GREEDY_TIMES);
        Tale mapped = stage.tale(stage.experiment(CALGARY, POLICY).models(List.of(given))
                .around(Meddler.without(step -> step instanceof Step.ReserveIova)));
        long conflicts = given.givenIn(mapped.reservation());
        return Finding.yes(reserved.dump().equals("missing") && whole.dump().equals("complete")
                        && kept.givenIn(both.reservation()) == 0
                        && SumnerInFlight.isGood(both.verdict()) && conflicts > 0
                        && !SumnerInFlight.isGood(mapped.verdict()), "reserved only: dump "
                        + reserved.dump() + "; both: " + whole.dump() + "; mapped only, "
                        + conflicts + " of " + given.given() + " addresses that a driver is given"
                        + " lie in the range, dump " + mapped.verdict().dump() + ", and of as many"
                        + " with both " + kept.givenIn(both.reservation()) + ", dump "
                        + both.verdict().dump(),
                "a reserved address has an invalid entry, and one that is given out leads"
                + " elsewhere from then on", "one half of the rule was enough");
    }

    private static Finding subset(Stage stage) throws LabException {
        Verdict whole = stage.verdict(stage.experiment("laptop", POLICY));
        Tale lower = stage.tale(half(stage, true));
        Tale upper = stage.tale(half(stage, false));
        return Finding.yes(SumnerInFlight.isGood(whole) && SumnerInFlight.isGood(lower.verdict())
                        && upper.verdict().dump().equals("missing")
                        && faultsIn(upper, upper.reservation()) > 0, "whole: dump " + whole.dump()
                        + "; lower half, which its pages come from: " + lower.verdict().dump()
                        + "; upper half: " + upper.verdict().dump() + " after "
                        + faultsIn(upper, upper.reservation()) + " faults in the crash range",
                "an entry that is not there blocks", "the subset made no difference");
    }

    private static Experiment half(Stage stage, boolean lower) throws LabException {
        return stage.experiment("laptop", POLICY).around(policy -> (event, view, notes) ->
                policy.decide(event, view, notes).stream().map(step ->
                        step instanceof Step.IdentityMap map
                                ? new Step.IdentityMap(map.requester(), half(map.range(), lower))
                                : step).toList());
    }

    private static AddressRange half(AddressRange range, boolean lower) {
        long middle = range.start() + range.bytes() / 2 & -4096;
        return lower ? new AddressRange(range.start(), middle)
                : new AddressRange(middle, range.end());
    }

    private static Finding stayAway(Stage stage) throws LabException {
        String line = stage.machine("laptop").commandLine() + " intremap=off";
        Experiment run = stage.experiment("laptop", POLICY,
                Stage.kernels(null, Map.of()).withCommandLines(line, line)).around(withoutT4());
        Tale tale = stage.tale(run);
        return Finding.where(tale.registerAccesses() == 0
                        && SumnerInFlight.isGood(tale.verdict()), tale.registerAccesses()
                        + " accesses to registers of units, dump " + tale.verdict().dump(),
                "interrupts are not remapped: where they are, the capture kernel's messages meet"
                + " the old table, and it has to set the unit up at T4", "it touched a unit");
    }

    private static UnaryOperator<HandoverPolicy> withoutT4() {
        return Meddler.without(step -> step instanceof Step.InitialiseInterrupts);
    }

    private static Finding clear(Stage stage) throws LabException {
        Tale kept = stage.tale(stage.experiment("laptop", POLICY));
        Tale broken = stage.tale(stage.experiment("server", POLICY));
        List<Event> violations = violations(kept);
        List<Event> others = violations(broken);
        return Finding.where(violations.isEmpty(), violations.size() + " of "
                        + kept.oldRequests().count() + " requests on laptop; on server "
                        + others.size() + (others.isEmpty() ? "" : ", the first of "
                        + RequesterId.format(others.get(0).actor()) + " for 0x"
                        + Long.toHexString(others.get(0).a())),
                "no driver was given an address of the crash range before it was reserved",
                "a request of the crashed kernel's work lies in the crash area");
    }

    private static List<Event> violations(Tale tale) {
        AddressRange area = tale.reservation();
        return tale.oldRequests().filter(e -> area.contains(e.a())
                || Tale.went(e) >= 0 && area.contains(Tale.went(e))).toList();
    }

    private static Finding equal(Stage stage) throws LabException {
        Tale tale = stage.tale(stage.experiment("laptop", POLICY));
        List<ReservedRegion> firmwares = stage.machine("laptop").reservedRegions();
        List<Event> all = tale.newRequests().filter(e -> e.id() > tale.probedAt(e.actor()))
                .filter(e -> firmwares.stream().noneMatch(r -> r.names(e.actor())
                        && r.range().contains(e.a()))).toList();
        List<Event> unequal = all.stream().filter(e -> Tale.went(e) != e.a()
                || !tale.reservation().contains(e.a())).toList();
        return Finding.yes(!all.isEmpty() && unequal.isEmpty(), unequal.size() + " of "
                        + all.size() + " requests differ" + (unequal.isEmpty() ? "" : ", the first"
                        + " of " + RequesterId.format(unequal.get(0).actor()) + " for 0x"
                        + Long.toHexString(unequal.get(0).a())),
                "its drivers use physical addresses, which the first kernel mapped to themselves",
                "a request went elsewhere than its address says");
    }

    private static Finding each(Stage stage) throws LabException {
        Tale whole = stage.tale(stage.experiment("laptop", POLICY));
        int target = whole.events(EventKind.DUMP).mapToInt(Event::actor).findFirst().orElse(-1);
        Verdict only = stage.verdict(stage.experiment("laptop", POLICY)
                .around(Meddler.without(Meddler.identityMapOfOthersThan(target))));
        Verdict others = stage.verdict(stage.experiment("laptop", POLICY)
                .around(Meddler.without(step -> step instanceof Step.IdentityMap map
                        && map.requester() == target)));
        return Finding.yes(only.dump().equals("complete") && !only.driversFailed().isEmpty()
                        && others.dump().equals("missing"), "for the dump target only: dump "
                        + only.dump() + ", " + only.driversFailed().size() + " other drivers"
                        + " failed; for all but it: dump " + others.dump(),
                "each device has tables of its own", "one map served several devices");
    }
}
