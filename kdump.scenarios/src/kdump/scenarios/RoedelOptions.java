// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import iommu.api.trace.DmaOutcome;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import kdump.lab.api.LabException;
import kdump.lab.api.Verdict;
import kdump.lab.api.experiment.Experiment;

/** The options that J. Roedel weighed in the thread of October 2014. */
final class RoedelOptions {

    static final List<Claim> CLAIMS = List.of(
            new Claim("S3-1", "once all devices are reset in the kdump kernel, the IOMMU can be"
                    + " disabled and enabled again safely", "server, reset-devices and"
                    + " disable-reinit", "no fault, no untranslated request and no stray byte after"
                    + " a reset", RoedelOptions::resetFirst),
            new Claim("S3-2", "resetting in the old kernel is a non-starter", "server, a reset at"
                    + " T1 with nothing failing in the crash path, and with 5 % of its steps"
                    + " failing, 20 seeds each", "fewer dumps", RoedelCrashPath::resetAtCrash),
            new Claim("S3-3", "option 1, disable: DMA in flight reads and writes random memory, the"
                    + " kdump kernel's too", "server-2014, leave-disabled, 20 seeds", "capture"
                    + " kernels are corrupted", RoedelOptions::disable),
            new Claim("S3-4", "option 2, block: nothing is corrupted, but some devices react very"
                    + " poorly to a master abort, and their driver fails", "server, block; again"
                    + " with a controller that goes on after an abort", "no stray byte; no dump"
                    + " where the controller locks up, a complete one where it does not",
                    RoedelOptions::block),
            new Claim("S3-5", "option 3, scratch page: no abort and no corruption of memory, but"
                    + " reads return zeros: superblocks are nulled", "server, scratch-page; what"
                    + " the disk gets is an ext4 superblock", "blocks of zeros on the disk where"
                    + " EF53h should be", Superblock::nulled),
            new Claim("S3-6", "VT-d of 2014 is a mixture: disabled, then started anew to reject,"
                    + " then enabled", "vtd1 with a 4.1 capture kernel, disable-reinit", "TE off,"
                    + " root table pointer, global invalidations, which it takes to be rid of old"
                    + " pages, TE on; raw requests in between, faults afterwards", RoedelOptions::mixture),
            new Claim("S3-7", "this fails quite often under heavy I/O", "server, disable-reinit,"
                    + " all idle, loads at 2 %, at 200 %, 20 seeds each", "fewer good dumps under"
                    + " load, beyond chance", RoedelOptions::heavy));

    private static final int SEEDS = 20;
    private static final int GLOBAL_COMMAND = 0x18;
    private static final int ROOT_TABLE = 0x20;

    private RoedelOptions() { }

    private static Finding resetFirst(Stage stage) throws LabException {
        Verdict reset = stage.verdict(stage.experiment("server", "reset-devices"));
        Verdict without = stage.verdict(stage.experiment("server", "disable-reinit"));
        boolean quiet = reset.faults().requests() == 0 && reset.dumpBytesStray() == 0
                && reset.untranslatedDma().requests() == 0 && SumnerInFlight.isGood(reset);
        return Finding.where(quiet && without.faults().requests() > 0, "after a reset "
                        + reset.faults().requests() + " faults, "
                        + reset.untranslatedDma().requests() + " untranslated, dump "
                        + reset.dump() + "; without " + without.faults().requests() + ", "
                        + without.untranslatedDma().requests() + ", " + without.dump(),
                "every device that is busy lies below a port that can reset it: functions on a"
                + " root bus are not reached", "something went on after the reset");
    }

    private static Finding disable(Stage stage) throws LabException {
        Rate corrupted = stage.rate(stage.experiment("server-2014", "leave-disabled"), SEEDS,
                v -> v.captureKernel().equals("corrupted"));
        Verdict one = stage.verdict(stage.experiment("server-2014", "leave-disabled"));
        return Finding.where(corrupted.hits() > 0, "capture kernel corrupted in " + corrupted
                        + "; with the first seed " + one.dumpBytesStray() + " bytes of old memory"
                        + " stray", "I/O addresses that were in use are addresses of the crash"
                        + " range", "no I/O address lies there").at(corrupted);
    }

    private static Finding block(Stage stage) throws LabException {
        Experiment run = stage.experiment("server", "block");
        Verdict poor = stage.verdict(run);
        int target = stage.tale(stage.experiment("server", "copy-tables"))
                .events(EventKind.DUMP).mapToInt(Event::actor).findFirst().orElseThrow();
        Verdict well = stage.verdict(run.options(run.options()
                .withDeviceOption(target, "wedgesOnAbort", 0)));
        return Finding.where(poor.dumpBytesStray() == 0 && poor.dump().equals("missing")
                        && well.dump().equals("complete") && well.dumpBytesStray() == 0,
                "stray bytes " + poor.dumpBytesStray() + " and " + well.dumpBytesStray()
                        + "; dump " + poor.dump() + " with a controller that locks up, "
                        + well.dump() + " with one that goes on",
                "the dump goes through a controller that locks up when a request is aborted",
                "the abort made no difference, or bytes went astray");
    }

    private static Finding mixture(Stage stage) throws LabException {
        Tale tale = stage.tale(stage.experiment("vtd1", "disable-reinit",
                Stage.kernels("4.1", Map.of())));
        int off = first(tale, EventKind.TRANSLATION, e -> e.a() == 0);
        int root = first(tale, EventKind.REGISTER_WRITE, e -> (int) e.a() == ROOT_TABLE);
        int on = first(tale, EventKind.TRANSLATION, e -> e.a() == 1);
        long flushes = tale.events(EventKind.INVALIDATION).filter(e -> e.id() > root && e.id() < on)
                .count();
        long raw = tale.oldRequests().filter(e -> e.id() > off && e.id() < on
                && DmaOutcome.isUntranslated(e.b())).count();
        long blockedBefore = tale.events(EventKind.FAULT).filter(e -> e.id() > off && e.id() < on)
                .count();
        long blocked = tale.events(EventKind.FAULT).filter(e -> e.id() > on).count();
        boolean ordered = off < root && root < on && flushes >= 2;
        boolean stale = oldPageAnswers(stage, false);
        boolean gone = !oldPageAnswers(stage, true);
        return Finding.yes(ordered && raw > 0 && blockedBefore == 0 && blocked > 0 && stale
                        && gone, "TE off, root table, " + flushes + " invalidations, TE on "
                        + (ordered ? "in this order" : "in another order") + "; " + raw
                        + " raw requests in between, " + blocked + " blocked afterwards; without"
                        + " the invalidations an old page still answers: " + stale,
                "a unit whose root table is to be set was disabled first", "the order is another");
    }

    private static boolean oldPageAnswers(Stage stage, boolean invalidates) throws LabException {
        var unit = new BareVtd(stage);
        unit.startAnew(invalidates);
        return unit.read();
    }

    private static int first(Tale tale, EventKind kind,
            Predicate<Event> which) {
        return tale.events(kind).filter(which).mapToInt(Event::id).findFirst()
                .orElse(Integer.MAX_VALUE);
    }

    private static Finding heavy(Stage stage) throws LabException {
        Experiment run = stage.experiment("server", "disable-reinit");
        Rate idle = good(stage, run, 0);
        Rate light = good(stage, run, 0.02);
        Rate heavy = good(stage, run, 2);
        return Finding.where(heavy.isBelow(idle), "good dumps: " + idle + " idle, " + light
                        + " at 2 % of the load, " + heavy + " at 200 %",
                "the controller that the dump goes through has work in flight; how much of it"
                + " there is matters less: one abort is enough", "the intervals overlap")
                .at(heavy);
    }

    private static Rate good(Stage stage, Experiment run, double load) throws LabException {
        return stage.rate(run.options(run.options().withRateFactor(load)), SEEDS,
                SumnerInFlight::isGood);
    }
}
