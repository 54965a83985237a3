// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import iommu.api.unit.FaultRecord;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import kdump.lab.api.LabException;
import kdump.lab.api.Verdict;
import kdump.lab.api.experiment.Experiment;
import kdump.lab.api.experiment.Hardware;
import kdump.scenarios.trial.Claim;
import kdump.scenarios.trial.Finding;
import kdump.scenarios.trial.Gates;
import kdump.scenarios.trial.Meddler;
import kdump.scenarios.trial.Ports;
import kdump.scenarios.trial.Stage;
import kdump.scenarios.trial.Tale;

/** What resets are for, after T. Indoh's "Reset PCIe devices" of October 2012, third version. */
final class IndohResets {

    private static final String RESET = "reset-devices";

    static final List<Claim> CLAIMS = List.of(
            new Claim("S4-1", "each root port and downstream port resets the endpoints below",
                    "server-2012, " + RESET + "; beside it linux", "every port without VGA below"
                    + " sets its reset bit, and what lies below drops its work; none otherwise",
                    IndohResets::everyPort),
            new Claim("S4-2", "with the IOMMU on in the first kernel there are DMAR errors and PCI"
                    + " system errors, and kdump fails", "server-2012, linux of 3.6; again with"
                    + " SERR# off", "a system error ends it; without the enables the faults can be"
                    + " seen", IndohResets::baseline),
            new Claim("S4-3", "DMAR's page tables are initialised while DMA goes on, which then"
                    + " faults", "server-2012 with SERR# off, linux of 3.6", "every fault comes at"
                    + " T6 or later, at an address that was mapped at T1", IndohResets::rootCause),
            new Claim("S4-4", "DMA has to stop before DMAR is initialised", "server, " + RESET
                    + " at T3, and put off to T7", "no fault in the first case, faults in the"
                    + " second", IndohResets::before),
            new Claim("S4-5", "a monitor blacks out if its VGA controller is reset, so ports with"
                    + " VGA below are spared", "server-2012, " + RESET, "no such port sets its"
                    + " reset bit, nothing below it drops its work", IndohResets::vga),
            new Claim("S4-10", "buffers for config space are allocated once (third version)",
                    "server, " + RESET, "config space of each function that was reset is restored"
                    + " once, register by register", IndohResets::once),
            new Claim("S4-11", "it works only if nobody needs the config space that a reset loses",
                    "server, " + RESET + " without the restoring", "BARs and Command read 0 after"
                    + " the reset; with restoring they are as before", IndohResets::config),
            new Claim("S4-12", "it works regardless of an IOMMU", "no-iommu, " + RESET, "what lies"
                    + " below ports makes no request of the crashed kernel's work after T3",
                    IndohResets::withoutUnit));

    private static final int COMMAND = 0x04;
    private static final int FIRST_BAR = 0x10;
    private static final int BRIDGE_CONTROL = 0x3e;

    private IndohResets() { }

    private static Finding everyPort(Stage stage) throws LabException {
        Experiment run = stage.experiment("server-2012", RESET);
        var ports = new Ports(run.machine());
        Tale tale = stage.tale(run);
        Set<Integer> eligible = ports.all();
        eligible.removeAll(ports.leadingToVga());
        Set<Integer> other = Ports.pulsed(stage.tale(stage.experiment("server-2012", "linux")));
        Set<Integer> stopped = Ports.resetIn(tale, Phase.SETUP_ARCH);
        return Finding.yes(!eligible.isEmpty() && Ports.pulsed(tale).equals(eligible)
                        && other.isEmpty() && !stopped.isEmpty(), Ports.pulsed(tale).size()
                        + " of " + eligible.size() + " eligible ports set their reset bit, "
                        + stopped.size() + " devices dropped their work at T3; " + other.size()
                        + " ports under linux, whose command line has reset_devices",
                "the policy goes through config space; the parameter of that name resets nothing",
                "other ports did");
    }

    private static Finding baseline(Stage stage) throws LabException {
        Experiment run = stage.experiment("server-2012", "linux");
        Verdict open = stage.verdict(run);
        Verdict closed = stage.verdict(run.on(Gates.closed(run.machine())));
        return Finding.where(open.serr() && !SumnerInFlight.isGood(open)
                        && closed.faults().requests() > 0,
                "system error " + open.serr() + ", capture kernel " + open.captureKernel()
                        + "; with SERR# off " + closed.faults().requests() + " faults, dump "
                        + closed.dump(), "every enable of the system error is open: the first"
                        + " request that nobody answers ends it, before anything can fault",
                "it does not fail");
    }

    private static Finding rootCause(Stage stage) throws LabException {
        Experiment run = stage.experiment("server-2012", "linux");
        Tale tale = stage.tale(run.on(Gates.closed(run.machine())));
        List<Event> faults = tale.events(EventKind.FAULT)
                .filter(e -> !isInterrupt((FaultRecord) e.detail())).toList();
        long early = faults.stream().filter(e -> e.id() < tale.begin(Phase.DMA_REMAPPING)).count();
        long strange = faults.stream().filter(e -> tale.meant((int) e.b(), e.a()) < 0).count();
        return Finding.yes(!faults.isEmpty() && early == 0 && strange * 100 <= faults.size(),
                faults.size() + " faults, " + early + " of them before T6, " + strange
                        + " at addresses that were not mapped at T1",
                "the new root table knows no mapping of the crashed kernel",
                "faults came earlier, or at other addresses");
    }

    static boolean isInterrupt(FaultRecord fault) {
        return fault.key().matches("vtd:0x2[0-9a-f]");
    }

    private static Finding before(Stage stage) throws LabException {
        Verdict early = stage.verdict(stage.experiment("server", RESET));
        Verdict late = stage.verdict(stage.experiment("server", RESET)
                .around(Meddler.moved(Phase.SETUP_ARCH, Phase.DRIVERS)));
        return Finding.yes(early.faults().requests() == 0 && late.faults().requests() > 0,
                early.faults().requests() + " faults with the reset at T3, "
                        + late.faults().requests() + " with it at T7",
                "what is stopped cannot fault", "the instant made no difference");
    }

    private static Finding vga(Stage stage) throws LabException {
        Experiment run = stage.experiment("server-2012", RESET);
        var ports = new Ports(run.machine());
        Set<Integer> spared = ports.leadingToVga();
        Tale tale = stage.tale(run);
        Set<Integer> pulsed = Ports.pulsed(tale);
        Set<Integer> stopped = Ports.resetIn(tale, Phase.SETUP_ARCH);
        boolean onlyOthers = ports.belowOthersThan(spared).containsAll(stopped);
        long both = pulsed.stream().filter(spared::contains).count();
        return Finding.yes(!spared.isEmpty() && !pulsed.isEmpty() && both == 0 && onlyOthers,
                both + " of " + spared.size() + " ports with VGA below set their reset bit,"
                        + " " + pulsed.size() + " others did; what was stopped lies below those: "
                        + onlyOthers,
                "class 0300h anywhere below a port spares it; what else is there goes on as well",
                "a port with VGA below was reset");
    }

    private static Finding once(Stage stage) throws LabException {
        Tale tale = stage.tale(stage.experiment("server", RESET));
        Map<Integer, Map<Integer, Long>> writes = Ports.configWrites(tale).stream()
                .filter(s -> s.offset() != BRIDGE_CONTROL)
                .collect(Collectors.groupingBy(Step.WriteConfig::requester, TreeMap::new,
                        Collectors.groupingBy(Step.WriteConfig::offset, TreeMap::new,
                                Collectors.counting())));
        boolean single = writes.values().stream().flatMap(m -> m.values().stream())
                .allMatch(n -> n == 1);
        Set<Integer> reset = Ports.resetIn(tale, Phase.SETUP_ARCH);
        return Finding.where(single && !reset.isEmpty() && writes.keySet().containsAll(reset),
                writes.size() + " functions restored, " + (single ? "each register once"
                        : "some registers more than once"),
                "of the claim, which is about the kernel's allocator, what a machine can show is"
                + " that the space is saved and restored once", "it was restored otherwise");
    }

    private static Finding config(Stage stage) throws LabException {
        var lost = new AfterReset();
        stage.tale(stage.experiment("server", RESET).around(Meddler.without(step ->
                step instanceof Step.WriteConfig w && w.offset() != BRIDGE_CONTROL)), lost);
        var kept = new AfterReset();
        stage.tale(stage.experiment("server", RESET), kept);
        return Finding.yes(lost.command == 0 && lost.bar == 0 && kept.command != 0
                        && kept.bar != 0, String.format("dump target after the reset: Command 0x%x,"
                        + " BAR 0x%x; restored: Command 0x%x, BAR 0x%x", lost.command, lost.bar,
                        kept.command, kept.bar), "a conventional reset clears both",
                "the reset left config space alone");
    }

    /** Looks at config space of the dump target at T4. */
    private static final class AfterReset extends Tale.Recorder {

        private static final int TARGET = 0x0100;
        private int command = -1;
        private int bar = -1;

        @Override
        public void phase(Phase phase, Hardware hardware) {
            super.phase(phase, hardware);
            if (phase == Phase.INTERRUPT_REMAPPING) {
                command = hardware.fabric().function(TARGET).readConfig(COMMAND, 2);
                bar = hardware.fabric().function(TARGET).readConfig(FIRST_BAR, 4) & ~0xf;
            }
        }
    }

    private static Finding withoutUnit(Stage stage) throws LabException {
        Experiment run = stage.experiment("no-iommu", RESET);
        Set<Integer> below = new Ports(run.machine()).belowOthersThan(Set.of());
        Tale tale = stage.tale(run);
        Tale without = stage.tale(stage.experiment("no-iommu", "linux"));
        long after = tale.oldRequests().filter(e -> below.contains(e.actor())
                && e.id() > tale.begin(Phase.INTERRUPT_REMAPPING)).count();
        long otherwise = without.oldRequests().filter(e -> below.contains(e.actor())
                && e.id() > without.begin(Phase.INTERRUPT_REMAPPING)).count();
        return Finding.yes(after == 0 && otherwise > 0, after + " requests after the reset, "
                        + otherwise + " without one", "a port resets what lies below, whoever"
                        + " translates its requests", "requests went on");
    }
}
