// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import iommu.api.kdump.Phase;
import iommu.api.trace.EventKind;
import iommu.api.unit.FaultRecord;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.api.LabException;
import kdump.lab.api.Verdict;
import kdump.lab.api.experiment.Experiment;
import kdump.scenarios.trial.Claim;
import kdump.scenarios.trial.Finding;
import kdump.scenarios.trial.Gates;
import kdump.scenarios.trial.Meddler;
import kdump.scenarios.trial.Rate;
import kdump.scenarios.trial.Stage;
import kdump.scenarios.trial.Tale;

/** The four attempts that T. Indoh told of in October 2012, and the order behind them. */
final class IndohAttempts {

    private static final String MACHINE = "server-2012";

    static final List<Claim> CLAIMS = List.of(
            new Claim("S4-6", "attempt 1: bus mastering and INTx off at boot: still DMAR errors",
                    "server, indoh-1", "faults at T7, when a driver makes its device bus master"
                    + " again before it resets it", IndohAttempts::first),
            new Claim("S4-7", "attempt 2: reset in the final fixups: no DMAR errors, but sometimes"
                    + " SERR, as it seems by interrupt remapping", MACHINE + ", indoh-2, 10 seeds",
                    "no fault of DMA after the reset; messages blocked between T4 and T5b, and"
                    + " system errors in some runs", IndohAttempts::second),
            new Claim("S4-8", "attempt 3: bus mastering off in setup_arch, reset in the final"
                    + " fixups: neither error, but one platform hangs", MACHINE + ", indoh-3; again"
                    + " with a device that is gone after the reset", "no fault, no system error;"
                    + " where a device does not come back, its driver fails", IndohAttempts::third),
            new Claim("S4-9", "attempt 4: reset in setup_arch: everything is solved", MACHINE
                    + ", indoh-4", "no fault, no system error, no hang, a complete dump",
                    IndohAttempts::fourth),
            new Claim("S4-13", "the reset has to be done before interrupt remapping is initialised",
                    MACHINE + ", reset-devices as each phase from T3 to T7 begins", "system errors exactly"
                    + " where the reset comes after T4", IndohAttempts::sweep));

    private static final int SEEDS = 10;
    /** A network adapter of the server. */
    private static final int ADAPTER = 0x0300;
    /** Within the reset at T5b, 13.79 s after the crash. */
    private static final long GONE = 13_842_000_000L;

    private IndohAttempts() { }

    private static Finding first(Stage stage) throws LabException {
        Tale tale = stage.tale(stage.experiment("server", "indoh-1"));
        long early = faults(tale, Phase.DMA_REMAPPING);
        long late = faults(tale, Phase.DRIVERS);
        Tale stubborn = stage.tale(stage.experiment("server", "indoh-1")
                .models(List.of(new Streamer(ADAPTER, false))));
        long passed = stubborn.oldRequests().filter(e -> e.actor() == ADAPTER
                && e.id() > stubborn.begin(Phase.INTERRUPT_REMAPPING)
                && e.id() < stubborn.probedAt(ADAPTER)).count();
        return Finding.where(early == 0 && late > 0 && passed == 0, early + " faults at T6, " + late
                        + " at T7; of a device that does not look at its Command register " + passed
                        + " requests got out from T4 to its driver's probe",
                "a driver sets bus mastering before it resets its device: its engine was held up,"
                + " not stopped", "none of the drivers leaves a window");
    }

    private static long faults(Tale tale, Phase phase) {
        return tale.events(EventKind.FAULT, phase)
                .filter(e -> !IndohResets.isInterrupt((FaultRecord) e.detail())).count();
    }

    private static Finding second(Stage stage) throws LabException {
        Rate errors = stage.rate(stage.experiment(MACHINE, "indoh-2"), SEEDS, Verdict::serr);
        Experiment run = stage.experiment(MACHINE, "indoh-2");
        Tale tale = stage.tale(run.on(Gates.closed(run.machine())));
        long dma = tale.events(EventKind.FAULT).filter(e -> e.id() > tale.begin(Phase.DMA_REMAPPING)
                && !IndohResets.isInterrupt((FaultRecord) e.detail())).count();
        return Finding.where(errors.hits() > 0 && dma == 0, "system errors in " + errors + "; "
                        + dma + " faults of DMA from T6 on where they are masked",
                "something is in flight between T4, where 3.6 switches the unit off to set"
                + " interrupts up, and the reset", "no system error came, or DMA faulted")
                .at(errors);
    }

    private static Finding third(Stage stage) throws LabException {
        Verdict well = stage.verdict(stage.experiment(MACHINE, "indoh-3"));
        Experiment run = stage.experiment(MACHINE, "indoh-3");
        Verdict gone = stage.verdict(run.options(run.options().withDeviceOption(0x0100,
                "goneFromNanos", GONE)));
        return Finding.where(well.faults().requests() == 0 && !well.serr()
                        && SumnerInFlight.isGood(well) && !gone.driversFailed().isEmpty(),
                well.faults().requests() + " faults, system error " + well.serr() + ", dump "
                        + well.dump() + "; where the device does not come back: capture kernel "
                        + gone.captureKernel() + ", " + gone.driversFailed().size()
                        + " drivers failed",
                "the platform: what does not answer after a reset is a property of it, and what"
                + " hung there was not told; here a device is gone, and its driver gives up",
                "it failed otherwise");
    }

    private static Finding fourth(Stage stage) throws LabException {
        Verdict v = stage.verdict(stage.experiment(MACHINE, "indoh-4"));
        return Finding.yes(v.faults().requests() == 0 && !v.serr() && SumnerInFlight.isGood(v),
                v.faults().requests() + " faults, system error " + v.serr() + ", capture kernel "
                        + v.captureKernel() + ", dump " + v.dump(),
                "nothing is in flight any more when interrupts and DMA are set up", "it failed");
    }

    private static Finding sweep(Stage stage) throws LabException {
        var told = new ArrayList<String>();
        boolean as = true;
        for (Phase at : List.of(Phase.SETUP_ARCH, Phase.INTERRUPT_REMAPPING,
                Phase.ENUMERATION, Phase.FINAL_FIXUPS, Phase.DMA_REMAPPING, Phase.DRIVERS)) {
            Experiment run = stage.experiment(MACHINE, "reset-devices");
            Verdict v = stage.verdict(at == Phase.SETUP_ARCH ? run
                    : run.around(Meddler.moved(Phase.SETUP_ARCH, at)));
            told.add(at.label() + ": system error " + v.serr());
            as &= v.serr() == at.compareTo(Phase.INTERRUPT_REMAPPING) > 0;
        }
        return Finding.where(as, String.join(", ", told), "a device has something in flight"
                + " between T4 and the reset", "another order");
    }
}
