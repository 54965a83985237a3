// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import iommu.api.kdump.Phase;
import iommu.api.pcie.RequesterId;
import iommu.api.trace.DmaOutcome;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.unit.FaultRecord;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.api.experiment.Experiment;
import kdump.scenarios.trial.Claim;
import kdump.scenarios.trial.Finding;
import kdump.scenarios.trial.Gates;
import kdump.scenarios.trial.Rate;
import kdump.scenarios.trial.Stage;
import kdump.scenarios.trial.Tale;

/**
 * What DMA in flight does to a capture kernel that resets the IOMMU, as B. Sumner told with
 * "iommu/vt-d: Fix crash dump failure caused by legacy DMA/IO" in October 2014.
 */
final class SumnerInFlight {

    static final List<Claim> CLAIMS = List.of(
            new Claim("S1-1", "DMA that the panicked kernel began goes on while the capture kernel"
                    + " boots", "server, copy-tables", "a device makes requests in every phase from"
                    + " T2 to T6", SumnerInFlight::goesOn),
            new Claim("S1-2", "while the capture kernel has translation off, I/O addresses are"
                    + " taken for physical ones", "server-2014, disable-reinit", "every request in"
                    + " the window reaches the physical address that is its I/O address",
                    SumnerInFlight::rawInTheWindow),
            new Claim("S1-3", "outcome 1: DMAR errors", "vtd1 with a 4.1 capture kernel,"
                    + " disable-reinit", "fault records 01h or 02h of devices that were busy",
                    SumnerInFlight::faults),
            new Claim("S1-4", "outcome 2: PCI system errors", "server-2012, disable-reinit; again"
                    + " with SERR# off in every function", "an unanswered or blocked request"
                    + " becomes a system error, and none does without the enables",
                    SumnerInFlight::systemErrors),
            new Claim("S1-5", "outcome 3: data goes to, or comes from, the wrong memory",
                    "server-2014, leave-disabled", "old memory changes where a raw address leads,"
                    + " and the buffer that was meant does not", SumnerInFlight::wrongMemory),
            new Claim("S1-6", "often the dump fails", "server, disable-reinit and copy-tables, 30"
                    + " seeds each", "fewer good dumps after a reinitialisation, beyond chance",
                    SumnerInFlight::dumpsFail));

    private static final int DUMPS = 30;

    private SumnerInFlight() { }

    private static Finding goesOn(Stage stage) throws LabException {
        Tale tale = stage.tale(stage.experiment("server", "copy-tables"));
        Map<Integer, Map<Phase, Integer>> counts = tale.oldRequestsByPhase();
        List<Phase> phases = List.of(Phase.PURGATORY, Phase.SETUP_ARCH, Phase.INTERRUPT_REMAPPING,
                Phase.ENUMERATION, Phase.FINAL_FIXUPS, Phase.DMA_REMAPPING);
        List<Integer> all = counts.keySet().stream()
                .filter(r -> counts.get(r).keySet().containsAll(phases)).toList();
        return Finding.where(!all.isEmpty(), all.size() + " of " + counts.size()
                        + " busy functions are at it in every phase, "
                        + all.stream().map(RequesterId::format).collect(Collectors.joining(", ")),
                "devices with posted work for so long: disks fall silent when what was posted is"
                + " done, network controllers when their receive ring is used up",
                "no device had work for so long");
    }

    private static Finding rawInTheWindow(Stage stage) throws LabException {
        Tale tale = stage.tale(stage.experiment("server-2014", "disable-reinit"));
        int off = first(tale, 0);
        int on = first(tale, 1);
        List<Event> window = tale.oldRequests().filter(e -> e.id() > off && e.id() < on).toList();
        long raw = window.stream().filter(e -> DmaOutcome.isUntranslated(e.b())
                && Tale.went(e) == e.a()).count();
        return Finding.yes(!window.isEmpty() && raw == window.size(), raw + " of " + window.size()
                        + " requests of the window reached the address that they named",
                "a unit with TE = 0 lets requests pass as they are", "some did not");
    }

    private static int first(Tale tale, int state) {
        return tale.events(EventKind.TRANSLATION).filter(e -> e.a() == state)
                .mapToInt(Event::id).findFirst().orElse(Integer.MAX_VALUE);
    }

    private static Finding faults(Stage stage) throws LabException {
        Tale tale = stage.tale(stage.experiment("vtd1", "disable-reinit",
                Stage.kernels("4.1", Map.of())));
        List<Event> faults = tale.events(EventKind.FAULT).toList();
        var busy = tale.busy().stream().map(tale::alias).collect(Collectors.toSet());
        List<FaultRecord> roots = faults.stream().map(e -> (FaultRecord) e.detail())
                .filter(f -> f.key().matches("vtd:0x0[12]") && busy.contains(f.requester()))
                .toList();
        boolean recorded = faults.stream().anyMatch(e -> (e.b() >>> 32 & 1) != 0);
        return Finding.yes(!roots.isEmpty() && recorded
                        && tale.verdict().faults().recorded() > 0, roots.size()
                        + " requests of busy functions blocked with 01h or 02h, "
                        + tale.verdict().faults().recorded() + " written down",
                "the root table of the capture kernel is empty", "no such fault");
    }

    private static Finding systemErrors(Stage stage) throws LabException {
        Experiment open = stage.experiment("server-2012", "disable-reinit");
        Verdict with = stage.verdict(open);
        Verdict without = stage.verdict(open.on(Gates.closed(open.machine())));
        String gates = with.errors().isEmpty() ? "" : with.errors().get(0).gates();
        return Finding.where(with.serr() && !without.serr(), "system error " + with.serr()
                        + " through " + gates + "; with SERR# off " + without.serr(),
                "every enable from the reporting function to the root port's is open: " + gates,
                "it does not depend on the enables");
    }

    private static Finding wrongMemory(Stage stage) throws LabException {
        for (int i = 0; i < 10; i++) {
            Tale tale = stage.tale(stage.experiment("server-2014", "leave-disabled")
                    .options(RunOptions.ofSeed(stage.seed() + i)));
            List<Event> astray = tale.oldRequests().filter(e -> e.kind() == EventKind.DMA_WRITE
                    && DmaOutcome.isUntranslated(e.b()) && DmaOutcome.isAnswered(e.b())
                    && tale.meant(e) >= 0 && tale.meant(e) != Tale.went(e)).toList();
            long bytes = tale.verdict().dumpBytesStray();
            if (!astray.isEmpty() && bytes > 0) {
                return Finding.where(true, astray.size() + " writes answered elsewhere than the"
                        + " tables of the crash say, " + bytes + " bytes of old memory stray",
                        "the I/O address is one at which the machine has memory", "");
            }
        }
        return Finding.where(false, "no write landed in memory", "",
                "I/O addresses of this machine lie where it has no memory");
    }

    private static Finding dumpsFail(Stage stage) throws LabException {
        Rate reinit = stage.rate(stage.experiment("server", "disable-reinit"), DUMPS,
                SumnerInFlight::isGood);
        Rate copy = stage.rate(stage.experiment("server", "copy-tables"), DUMPS,
                SumnerInFlight::isGood);
        return Finding.yes(reinit.isBelow(copy), "good dumps: " + reinit + " after a"
                        + " reinitialisation, " + copy + " over copied tables",
                "controllers that meet an abort stop answering their driver",
                "the intervals overlap").at(reinit);
    }

    static boolean isGood(Verdict verdict) {
        return verdict.captureKernel().equals("ok") && verdict.dump().equals("complete");
    }
}
