// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.run;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.Phase;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.KernelProfile.Phases;
import iommu.api.profile.KernelProfile.ProbeTime;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.unit.DmaMappingException;
import iommu.api.unit.KernelPanicException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import kdump.lab.engine.bus.Enumeration;
import kdump.lab.engine.kernel.DumpWriter;
import kdump.lab.engine.kernel.EngineDriverPort;
import kdump.lab.engine.kernel.Kernel;
import kdump.lab.engine.kernel.Readiness;
import kdump.lab.engine.machine.Machine;
import kdump.lab.engine.ports.PortServices;

/**
 * The acts of the capture kernel from purgatory to the dump, one after the other: each waits for
 * its instant. One thread.
 */
final class CaptureBoot {

    /** One act, not before an instant. */
    private record Act(long nanos, Runnable body) { }

    /** Source: Linux, sriov_init: ssleep(1). */
    private static final long VIRTUAL_OFF_NANOS = 1_000_000_000;

    private final Run run;
    private final Kernel kernel;
    private final Machine machine;
    private final StepExecutor steps;
    private final KernelProfile profile;
    private final Set<Integer> withDriver;
    private final Deque<Act> acts = new ArrayDeque<>();
    private final Map<Integer, DeviceDriver> drivers = new TreeMap<>();
    /** All that have probed, with success or not, in that order. */
    private final Map<Integer, DeviceDriver> probed = new LinkedHashMap<>();
    /** Class codes of the functions that enumeration found. */
    private final Map<Integer, Integer> classes = new HashMap<>();
    private final PortServices ports;
    private DumpWriter dump;
    private String dumpFailure;

    CaptureBoot(Run run, Kernel kernel, Machine machine, StepExecutor steps,
            KernelProfile profile) {
        this.run = run;
        this.kernel = kernel;
        this.machine = machine;
        this.steps = steps;
        this.profile = profile;
        this.withDriver = run.scenario().captureDrivers();
        ports = new PortServices(kernel, machine, drivers);
        kernel.iommu().onFirstMap(r -> steps.tell(new HandoverEvent.FirstMap(r)));
        Phases at = profile.phases();
        phase(Phase.PURGATORY, at.purgatory(), this::checkDigest);
        phase(Phase.SETUP_ARCH, at.setupArch(), kernel::startMapping);
        phase(Phase.INTERRUPT_REMAPPING, at.interruptRemapping(), this::startInterrupts);
        phase(Phase.ENUMERATION, at.enumeration(), this::enumerate);
        phase(Phase.FINAL_FIXUPS, at.finalFixups(), this::finalFixups);
        phase(Phase.DMA_REMAPPING, at.dmaRemapping(), () -> ports.start(classes.keySet()));
        phase(Phase.DRIVERS, at.drivers(), this::planProbes);
        phase(Phase.DUMP, at.dump(), this::beginDump);
    }

    private void phase(Phase phase, long nanosAfterCrash, Runnable body) {
        acts.add(new Act(run.crashNanos() + nanosAfterCrash, () -> {
            run.begin(phase);
            if (phase == Phase.SETUP_ARCH) {
                kernel.countMemory();
            }
            steps.tell(new HandoverEvent.PhaseStart(phase));
            body.run();
        }));
    }

    /**
     * Does the next act if its instant has come by a limit, waiting for it.
     *
     * @return whether there was one
     */
    boolean next(long until) {
        Act act = acts.peek();
        if (act == null || act.nanos > until) {
            return false;
        }
        while (ports.isActive() && (ports.hasWork() || machine.queue().nanos() < act.nanos)) {
            ports.work();
            machine.queue().step(act.nanos);
        }
        machine.queue().advanceTo(act.nanos);
        acts.remove();
        act.body.run();
        return true;
    }

    /** The digest is that of the segments as they were loaded, if nobody has written to them. */
    private void checkDigest() {
        if (run.imageChanged()) {
            throw new KernelPanicException("purgatory: digest of the loaded segments differs");
        }
    }

    private void startInterrupts() {
        kernel.takeInterrupts();
        kernel.startControllers();
        kernel.checkTimer();
    }

    private void enumerate() {
        ports.enumerates();
        boolean controls = kernel.iommu().wantsAccessControl();
        for (PciFunction function : machine.fabric().functions()) {
            if (Readiness.awaitVendor(kernel, function) && Enumeration.enumerate(function)) {
                Readiness.showRetries(kernel, function);
                Enumeration.forwardErrors(profile.version(), function);
                if (controls) {
                    Enumeration.controlAccess(profile.version(), function);
                }
                classes.put(function.requesterId(), function.classCode());
                if (Enumeration.disableVirtual(function)) {
                    kernel.spend(VIRTUAL_OFF_NANOS);
                }
            }
            kernel.payTime();
        }
    }

    /** The kernel's own fixups, which need no driver. */
    private void finalFixups() {
        for (PciFunction function : machine.functionsWithDevice()) {
            if (classes.containsKey(function.requesterId())) {
                driver(function).finalFixup();
            }
        }
    }

    private DeviceDriver driver(PciFunction function) {
        return machine.slot(function.requesterId())
                .driver(new EngineDriverPort(kernel, machine, function));
    }

    /**
     * Probes class by class, as modules are loaded, and in a class by requester id, what
     * enumeration found.
     */
    private void planProbes() {
        List<PciFunction> waiting = new ArrayList<>(machine.functionsWithDevice());
        waiting.removeIf(function -> !classes.containsKey(function.requesterId())
                || withDriver != null && !withDriver.contains(function.requesterId()));
        List<Act> probes = new ArrayList<>();
        for (ProbeTime time : profile.probes()) {
            long next = run.crashNanos() + time.nanosAfterCrash();
            for (PciFunction function : List.copyOf(waiting)) {
                if (time.fits(classes.get(function.requesterId()))) {
                    waiting.remove(function);
                    probes.add(new Act(next, () -> probe(function)));
                    next += time.interval();
                }
            }
        }
        for (int i = probes.size() - 1; i >= 0; i--) {
            acts.addFirst(probes.get(i));
        }
    }

    private void probe(PciFunction function) {
        int requester = function.requesterId();
        Trace trace = machine.trace();
        steps.tell(new HandoverEvent.ProbeStart(requester));
        int before = trace.enter(trace.append(EventKind.PROBE, requester));
        DeviceDriver driver = driver(function);
        probed.put(requester, driver);
        String failure = probed(driver);
        trace.append(EventKind.PROBED, requester, 0, 0, failure);
        trace.leave(before);
        if (failure == null) {
            drivers.put(requester, driver);
            if (driver.recovers()) {
                ports.probed(function);
            }
        }
        steps.tell(new HandoverEvent.ProbeEnd(requester, failure));
    }

    /** What cannot be mapped is the end of a probe, as of most drivers' own code. */
    private static String probed(DeviceDriver driver) {
        try {
            return driver.probe();
        } catch (DmaMappingException e) {
            return e.getMessage();
        }
    }

    // ---- T8 -------------------------------------------------------------------------------------

    private void beginDump() {
        int target = machine.dumpTarget(withDriver);
        if (target < 0) {
            dumpFailure = "the machine has no disk controller to write the dump to";
        } else if (machine.device(target) == null) {
            dumpFailure = "no bundle has a model for the disk controller "
                    + RequesterId.format(target) + ", the dump target";
        } else if (!classes.containsKey(target)) {
            dumpFailure = "enumeration did not find the dump target "
                    + RequesterId.format(target);
        } else if (!drivers.containsKey(target)) {
            dumpFailure = "the driver of the dump target " + RequesterId.format(target)
                    + " failed";
        } else {
            machine.trace().append(EventKind.DUMP, target);
            dump = new DumpWriter(machine, kernel, target, drivers.get(target));
            acts.add(new Act(0, this::dumpPage));
        }
    }

    private void dumpPage() {
        if (dump.step()) {
            acts.add(new Act(0, this::dumpPage));
        } else {
            dumpFailure = dump.failure();
            machine.trace().append(EventKind.DUMPED, Trace.NOBODY, dump.pagesWritten(),
                    dump.pagesWanted(), dump.failure());
        }
    }

    /** Returns the drivers that have probed, with success or not, in that order. */
    Map<Integer, DeviceDriver> probed() {
        return probed;
    }

    DumpWriter dump() {
        return dump;
    }

    String dumpFailure() {
        return dumpFailure;
    }
}
