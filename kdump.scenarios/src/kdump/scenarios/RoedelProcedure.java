// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import iommu.api.kdump.Phase;
import iommu.api.pcie.RequesterId;
import iommu.api.trace.EventKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.api.experiment.Experiment;
import kdump.lab.api.experiment.Hardware;
import kdump.scenarios.trial.Claim;
import kdump.scenarios.trial.Finding;
import kdump.scenarios.trial.Mapping;
import kdump.scenarios.trial.Scribbler;
import kdump.scenarios.trial.Stage;
import kdump.scenarios.trial.Tale;

/** The procedure that was agreed upon in October 2014, as J. Roedel wrote it down. */
final class RoedelProcedure {

    static final List<Claim> CLAIMS = List.of(
            new Claim("S3-8", "if the IOMMU is found enabled its root table is used on, so there is"
                    + " no race, and neither memory nor disks are corrupted", "server, reuse-root;"
                    + " beside it copy-tables, as Linux does it", "no request with translation off,"
                    + " no stray byte, no wrong block", RoedelProcedure::reuse),
            new Claim("S3-9", "this changes data of the old kernel, which is about to be dumped",
                    "server, reuse-root, copy-tables, reuse-in-place", "bytes of old memory change"
                    + " where old tables stay in use", RoedelProcedure::changes),
            new Claim("S3-10", "at the first dma_map of a device a new, empty page table is put in"
                    + " place, which removes its old mappings", "vtd1, copy-tables, every old"
                    + " mapping asked of the unit after T8", "old addresses of devices that drivers"
                    + " have taken are blocked, stale or not, new ones and those of other devices"
                    + " work", RoedelProcedure::firstMap),
            new Claim("S3-11", "by then the driver has reset its device, so that DMA in flight is"
                    + " cancelled", "vtd1, copy-tables, a device whose driver resets it before it"
                    + " maps, and after", "no fault where it resets first; faults at T7 where it"
                    + " maps first", Streamer::resetBeforeMap),
            new Claim("S3-12", "it does not go as far as keeping old mappings while kdump works"
                    + " with devices", "vtd1, copy-tables and keep-and-separate, a device whose"
                    + " driver maps before it resets", "they differ after the first map only: one"
                    + " faults, the other lets late DMA through", Streamer::asFarAs),
            new Claim("S3-13", "it makes kdump depend more on the old kernel's data", "server, one"
                    + " device's leaf entries, and the root entries, cleared before T6: copy-tables"
                    + " and reset-devices", "copied tables fail for one device, for all; after a"
                    + " reset nothing depends on them", RoedelProcedure::depends),
            new Claim("S3-14", "what matters is that no wrong bytes are written: a lost write is"
                    + " acceptable", "server, and server-2014 for leave-disabled, 5 seeds", "copied tables write nothing"
                    + " wrong; blocking and resets lose; scratch page and a unit that is off write"
                    + " wrong blocks or frames", RoedelProcedure::wrongOrLost));

    private RoedelProcedure() { }

    private static Finding reuse(Stage stage) throws LabException {
        Verdict root = stage.verdict(stage.experiment("server", "reuse-root"));
        Verdict copy = stage.verdict(stage.experiment("server", "copy-tables"));
        return Finding.yes(harmless(root) && harmless(copy), "reuse-root: " + told(root)
                        + "; copy-tables: " + told(copy),
                "every old mapping is there at every instant", "something was corrupted");
    }

    private static boolean harmless(Verdict v) {
        return v.untranslatedDma().requests() == 0 && v.dumpBytesStray() == 0
                && v.mediaBlocksWrong() == 0 && SumnerInFlight.isGood(v);
    }

    private static String told(Verdict v) {
        return v.untranslatedDma().requests() + " requests with translation off, "
                + v.dumpBytesStray() + " stray bytes, " + v.mediaBlocksWrong() + " blocks wrong";
    }

    private static Finding changes(Stage stage) throws LabException {
        long root = stage.verdict(stage.experiment("server", "reuse-root"))
                .oldMemoryBytesChanged();
        long copy = stage.verdict(stage.experiment("server", "copy-tables"))
                .oldMemoryBytesChanged();
        long place = stage.verdict(stage.experiment("server", "reuse-in-place"))
                .oldMemoryBytesChanged();
        return Finding.where(root > 0 && place > 0 && copy == 0, "bytes of old memory changed by"
                        + " the hand-over: " + root + " with the old root table, " + place
                        + " in place, " + copy + " with a root table and context tables of its own",
                "old tables stay in use: Linux, which copies them, changes nothing",
                "the dump does not show it");
    }

    private static Finding firstMap(Stage stage) throws LabException {
        var asked = new Asked();
        Tale tale = stage.tale(stage.experiment("vtd1", "copy-tables"), asked);
        Set<Integer> taken = tale.events(EventKind.MAP).map(e -> tale.alias(e.actor()))
                .collect(Collectors.toCollection(TreeSet::new));
        List<Mapping> old = tale.atCrash().stream().filter(m -> taken.contains(m.requester()))
                .toList();
        long alive = old.stream().filter(asked.answered::contains).count();
        List<Mapping> others = tale.atCrash().stream()
                .filter(m -> !taken.contains(m.requester())).toList();
        long lost = others.stream().filter(m -> !asked.answered.contains(m)).count();
        boolean fresh = tale.atDump().stream().anyMatch(m -> taken.contains(m.requester()));
        return Finding.yes(!old.isEmpty() && alive == 0 && lost == 0 && fresh, alive + " of "
                        + old.size() + " old addresses of devices that were taken still lead to the"
                        + " old page, " + lost + " of " + others.size() + " of other devices do"
                        + " not", "the context entry is replaced and flushed before it is used",
                "an old mapping survived, or a stranger's went");
    }

    /** Asks units at the end, caches and all, where old addresses lead. */
    private static final class Asked extends Tale.Recorder {

        private final List<Mapping> answered = new ArrayList<>();

        @Override
        public Tale end(Hardware hardware, Verdict verdict) {
            Tale tale = super.end(hardware, verdict);
            tale.atCrash().stream().filter(m -> m.leads(hardware)).forEach(answered::add);
            return tale;
        }
    }

    private static Finding depends(Stage stage) throws LabException {
        Experiment copy = stage.experiment("server", "copy-tables");
        Tale whole = stage.tale(copy);
        int victim = whole.busy().stream().map(whole::alias).findFirst().orElseThrow();
        Verdict leaves = scribbled(stage, copy, Scribbler.Level.LEAF, victim);
        Verdict roots = scribbled(stage, copy, Scribbler.Level.FIRST, -1);
        Verdict reset = scribbled(stage, stage.experiment("server", "reset-devices"),
                Scribbler.Level.FIRST, -1);
        int one = leaves.faults().byRequester().size();
        int all = roots.faults().byRequester().size();
        return Finding.yes(whole.verdict().faults().requests() == 0 && one == 1 && all > 1
                        && reset.faults().requests() == 0 && SumnerInFlight.isGood(reset), "leaves"
                        + " of " + RequesterId.format(victim) + " gone: faults of " + one
                        + " device; root entries gone: of " + all + ", dump " + roots.dump()
                        + "; root entries gone after a reset: of "
                        + reset.faults().byRequester().size() + ", dump " + reset.dump(),
                "copied entries lead to old page tables", "it made no difference");
    }

    private static Verdict scribbled(Stage stage, Experiment run, Scribbler.Level level,
            int victim) throws LabException {
        var scribbler = new Scribbler(level, Phase.DMA_REMAPPING, victim);
        return stage.tale(scribbler.in(run), scribbler).verdict();
    }

    private static Finding wrongOrLost(Stage stage) throws LabException {
        var told = new ArrayList<String>();
        boolean as = true;
        for (String policy : List.of("copy-tables", "block", "reset-devices", "scratch-page",
                "leave-disabled")) {
            long wrong = 0;
            long lost = 0;
            for (int i = 0; i < 5; i++) {
                Experiment run = stage.experiment(policy.equals("leave-disabled") ? "server-2014"
                        : "server", policy);
                Verdict v = stage.verdict(run.options(RunOptions
                        .ofSeed(stage.seed() + i)));
                wrong += v.mediaBlocksWrong() + v.framesWrong();
                lost += v.mediaBlocksLost() + v.framesLost();
            }
            told.add(policy + " " + wrong + " wrong, " + lost + " lost");
            boolean writesWrong = policy.equals("scratch-page") || policy.equals("leave-disabled");
            as &= writesWrong ? wrong > 0 : wrong == 0;
            as &= policy.equals("copy-tables") || writesWrong || lost > 0;
        }
        return Finding.yes(as, String.join("; ", told), "aborts and resets end a request before its"
                + " data moves; other memory in place of the buffer does not",
                "a policy wrote what it should not");
    }
}
