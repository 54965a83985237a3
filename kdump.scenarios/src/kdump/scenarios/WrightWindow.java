// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import iommu.api.kdump.Phase;
import iommu.api.machine.MachineDescription;
import iommu.api.trace.DmaOutcome;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.api.experiment.Experiment;
import kdump.scenarios.trial.Claim;
import kdump.scenarios.trial.Finding;
import kdump.scenarios.trial.Rate;
import kdump.scenarios.trial.Stage;
import kdump.scenarios.trial.Tale;

/** What C. Wright and V. Goyal wrote of AMD-Vi and kdump in April 2010. */
final class WrightWindow {

    private static final String MACHINE = "server-2010-amd";

    static final List<Claim> CLAIMS = List.of(
            new Claim("S5-1", "the crashing kernel disables the IOMMU", MACHINE + ","
                    + " crash-path-disable; beside it linux", "translation goes off at T1; kernels"
                    + " that have no such code leave it on", WrightWindow::crashPath),
            new Claim("S5-2", "the capture kernel disables, sets a new device table, enables",
                    MACHINE + ", linux of 2.6.34", "IommuEn cleared, device table base, IommuEn"
                    + " set, in this order", WrightWindow::registers),
            new Claim("S5-3", "while it is disabled, DMA in flight passes untranslated and may"
                    + " corrupt the kdump kernel", MACHINE + ", 10 seeds: disabled and enabled by"
                    + " the capture kernel (Goyal's small window), and from the crash on (Wright)",
                    "untranslated requests in both, more in the longer one, and some into memory"
                    + " that capture kernels of that time used", WrightWindow::window),
            new Claim("S5-7", "unity maps are for a range only: devices that interact with the"
                    + " BIOS", MACHINE + ", disable-reinit, a USB controller that reads its reserved"
                    + " region; again without the IVMD", "the region goes on being read, everything"
                    + " else faults; without the IVMD the region faults too", WrightWindow::unity),
            new Claim("S5-8", "all DMA in flight corrupts without an IOMMU as well; the IOMMU"
                    + " reduces the window and adds translation issues", "no-iommu, and server with"
                    + " disable-reinit: well-programmed DMA, then a device with a bad descriptor"
                    + " that leads into the capture kernel", "only bad descriptors corrupt, and"
                    + " without an IOMMU they do so all the time", WrightWindow::badDescriptor),
            new Claim("S5-9", "the crashing kernel could have each device's entry block its DMA and"
                    + " leave the IOMMU on, but any further error means no kdump", "server,"
                    + " block-at-crash, devices that bear an abort, nothing failing and 20 % of steps"
                    + " failing, 20 seeds each", "nothing corrupted; fewer dumps where steps fail",
                    WrightWindow::blockAtCrash),
            new Claim("S5-10", "the kexec'd kernel has to prepare defensively: it can trust"
                    + " nothing", "vtd1, every policy in force, the old tables' entries cleared,"
                    + " made random, looping, pointed into the crash area and at device windows",
                    "every run comes to a verdict: none breaks, none goes on for ever",
                    WrightTrust::trustNothing));

    private static final int SEEDS = 20;
    /** Kernels of that time kept it aside and used it. */
    private static final long LOW_MEMORY = 640 << 10;
    private static final int CONTROL = 0x18;
    private static final int DEVICE_TABLE_BASE = 0x00;

    private WrightWindow() { }

    private static Finding crashPath(Stage stage) throws LabException {
        Tale then = stage.tale(stage.experiment(MACHINE, "crash-path-disable"));
        Tale today = stage.tale(stage.experiment(MACHINE, "linux"));
        long off = offAt(then, Phase.CRASH);
        long none = offAt(today, Phase.CRASH);
        return Finding.where(off > 0 && none == 0, "translation off at T1: " + off + " times under"
                        + " crash-path-disable, " + none + " under linux 2.6.34 as modelled",
                "the kernel has the code of early 2010 in its crash path; it was taken out again,"
                + " and nothing touches units at T1 since", "it was left on, or off in both");
    }

    private static long offAt(Tale tale, Phase phase) {
        return tale.events(EventKind.TRANSLATION, phase).filter(e -> e.a() == 0).count();
    }

    private static Finding registers(Stage stage) throws LabException {
        Tale tale = stage.tale(stage.experiment(MACHINE, "linux"));
        int off = first(tale, e -> (int) e.a() == CONTROL && (e.b() & 1) == 0, 0);
        int table = first(tale, e -> (int) e.a() == DEVICE_TABLE_BASE, off);
        int on = first(tale, e -> (int) e.a() == CONTROL && (e.b() & 1) != 0, table);
        boolean ordered = off < table && table < on && on < Integer.MAX_VALUE;
        return Finding.yes(ordered, "control with IommuEn clear, device table base, control with"
                        + " IommuEn set: " + (ordered ? "in this order" : "not in this order"),
                "enable_iommus of that time", "the order is another");
    }

    private static int first(Tale tale, Predicate<Event> which, int from) {
        return tale.events(EventKind.REGISTER_WRITE).filter(e -> e.id() > from).filter(which)
                .mapToInt(Event::id).findFirst().orElse(Integer.MAX_VALUE);
    }

    private static Finding window(Stage stage) throws LabException {
        long small = 0;
        long large = 0;
        int hit = 0;
        long inside = 0;
        for (int i = 0; i < SEEDS / 2; i++) {
            RunOptions options = RunOptions.ofSeed(stage.seed() + i);
            small += stage.verdict(stage.experiment(MACHINE, "disable-reinit").options(options))
                    .untranslatedDma().requests();
            Tale tale = stage.tale(stage.experiment(MACHINE, "crash-path-disable")
                    .options(options));
            large += tale.verdict().untranslatedDma().requests();
            inside += tale.verdict().untranslatedDma().landed().captureKernel()
                    + tale.verdict().untranslatedDma().landed().freeMemory();
            hit += tale.oldRequests().anyMatch(e -> e.kind() == EventKind.DMA_WRITE
                    && e.id() > tale.begin(Phase.SETUP_ARCH) && DmaOutcome.isUntranslated(e.b())
                    && DmaOutcome.isAnswered(e.b()) && Tale.went(e) < LOW_MEMORY) ? 1 : 0;
        }
        var hits = new Rate(hit, SEEDS / 2);
        return Finding.where(small > 0 && large > small && hit > 0, small + " untranslated"
                        + " requests in ten small windows, " + large + " in ten from T1 to T6;"
                        + " writes below 640 KiB from T3 on in " + hits + " of the latter; "
                        + inside + " requests into its reservation",
                "the capture kernel uses the first 640 KiB, as those of 2010 did, and I/O addresses"
                + " are given out from 0 upwards, so that they reach its reservation only where"
                + " enough is mapped", "nothing passed, or nothing was hit")
                .at(hits);
    }

    private static Finding unity(Stage stage) throws LabException {
        Firmware.Reads with = Firmware.reads(stage, MACHINE, "disable-reinit", m -> m);
        Firmware.Reads without = Firmware.reads(stage, MACHINE, "disable-reinit",
                m -> m.withReservedRegions(List.of()));
        long others = with.tale().events(EventKind.FAULT)
                .filter(e -> (int) e.b() != with.user()).count();
        return Finding.yes(with.failed() == 0 && others > 0 && without.failed() > 0,
                with.failed() + " of " + with.all() + " reads of the region failed with the IVMD, "
                        + without.failed() + " of " + without.all() + " without; " + others
                        + " requests of other devices blocked",
                "the capture kernel maps what IVRS names, and nothing else",
                "the unity map made no difference");
    }

    private static Finding badDescriptor(Stage stage) throws LabException {
        Verdict well = stage.verdict(stage.experiment("no-iommu", "linux"));
        Verdict bad = stage.verdict(astray(stage, "no-iommu", "linux"));
        Tale behind = stage.tale(astray(stage, "server", "disable-reinit"));
        long through = behind.oldRequests().filter(e -> e.actor() == Astray.user("server")
                && DmaOutcome.isUntranslated(e.b())).count();
        long all = behind.oldRequests().filter(e -> e.actor() == Astray.user("server")).count();
        boolean digest = bad.reasons().stream().anyMatch(r -> r.contains("digest"));
        return Finding.where(SumnerInFlight.isGood(well) && bad.captureKernel().equals("hung")
                        && digest && through < all, "no IOMMU, good descriptors: capture kernel "
                        + well.captureKernel() + "; a bad one: " + bad.captureKernel() + " by"
                        + " purgatory's digest: " + digest + "; behind a unit that is disabled for a while " + through
                        + " of " + all + " bad requests passed, and "
                        + behind.verdict().faults().requests() + " requests faulted",
                "a descriptor was bad already: well-programmed DMA goes to old buffers, outside of"
                + " the crash area, with no IOMMU at all", "good descriptors corrupted as well");
    }

    private static Experiment astray(Stage stage, String machine, String policy)
            throws LabException {
        Experiment run = stage.experiment(machine, policy);
        MachineDescription m = run.machine();
        return run.models(List.of(new Astray(Astray.user(machine),
                m.crashReservation().start() + (1 << 20))));
    }

    private static Finding blockAtCrash(Stage stage) throws LabException {
        Experiment sound = bearing(RoedelCrashPath.failing(stage, "server", "block-at-crash", 0));
        Experiment failing = bearing(RoedelCrashPath.failing(stage, "server", "block-at-crash",
                200));
        var stray = new ArrayList<Long>();
        Rate with = stage.rate(sound, SEEDS, v -> noting(v, stray));
        Rate without = stage.rate(failing, SEEDS, v -> noting(v, stray));
        long bytes = stray.stream().mapToLong(Long::longValue).sum();
        return Finding.yes(without.isBelow(with) && bytes == 0, "good dumps: " + with + " with a"
                        + " sound crash path, " + without + " where 20 % of its steps fail; " + bytes
                        + " stray bytes in all runs",
                "each device's entry is a step that may fail, and a failure is the end",
                "the intervals overlap, or something was corrupted").at(without);
    }

    private static boolean noting(Verdict v, List<Long> stray) {
        stray.add(v.dumpBytesStray());
        return SumnerInFlight.isGood(v);
    }

    /** Has the controller of the dump bear aborts, so that they do not hide what is asked here. */
    private static Experiment bearing(Experiment run) {
        return run.options(run.options().withDeviceOption(0x0100, "wedgesOnAbort", 0));
    }
}
