// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.Phase;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelProfile.Phases;
import iommu.api.profile.KernelProfile.ProbeTime;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import kdump.lab.api.Crash;
import kdump.lab.api.RunOptions;

/**
 * One run: a machine, a policy, a seed, a crash instant. The first kernel runs until it panics; the
 * capture kernel goes through its phases; then the verdict is worked out. One thread.
 */
final class Trial {

    /** Bytes of the capture kernel's image and initrd, whose digest purgatory checks. */
    private static final long IMAGE_BYTES = 8L << 20;
    private static final long NOTES_BYTES = HandoverNotes.MAX_BYTES;
    private static final int STORAGE = 0x01;

    private final Blueprint blueprint;
    private final Decider policy;
    private final RunOptions options;
    private final PhysicalMemory memory;
    private final Ledger ledger = new Ledger();
    private final Hardware hardware;
    private final Timeline timeline;
    private final Kernel first;
    private final Kernel capture;
    private final PagePool capturePool;
    private final StepExecutor firstSteps;
    private final StepExecutor captureSteps;
    private final ReservationNotes firstNotes;
    private final Map<Integer, DeviceDriver> drivers = new TreeMap<>();
    /** Class codes of the functions that enumeration found. */
    private final Map<Integer, Integer> classes = new HashMap<>();
    private final boolean provenance;
    private Kernel running;
    private int crashMark;
    private long digest;
    private DumpWriter dump;

    Trial(Blueprint blueprint, PhysicalMemory memory, Services services, Decider policy,
            RunOptions options, boolean trace, boolean provenance) {
        this.blueprint = blueprint;
        this.policy = policy;
        this.options = options;
        this.memory = memory;
        this.provenance = provenance;
        long crashAt = options.crashAtNanos();
        hardware = new Hardware(blueprint, memory, services, ledger, options);
        timeline = new Timeline(trace, hardware.queue(), crashAt);
        AddressRange reservation = blueprint.reservation();
        first = new Kernel(hardware, blueprint.profile(),
                new PagePool(ramAbove16Mib(), blueprint.usedFrames()), timeline, ledger,
                blueprint.mappedIova(), blueprint.passThrough());
        capturePool = new PagePool(List.of(new AddressRange(reservation.start() + IMAGE_BYTES,
                reservation.end() - NOTES_BYTES)), new BitSet());
        capture = new Kernel(hardware, blueprint.captureProfile(), capturePool, timeline, ledger,
                Map.of(), Set.of());
        long notesAt = reservation.end() - NOTES_BYTES;
        firstNotes = new ReservationNotes(first, memory, notesAt);
        firstSteps = new StepExecutor(first, hardware, policy, firstNotes, crashAt);
        captureSteps = new StepExecutor(capture, hardware, policy,
                new ReservationNotes(capture, memory, notesAt), crashAt);
        running = first;
        hardware.bridge().processor((alias, vector) -> running.interrupted(alias, vector));
        for (int i = 0; i < hardware.units().size(); i++) {
            int unit = i;
            hardware.units().get(i).listener(new UnitEars(hardware, ledger, timeline, i,
                    () -> running.handleFaults(unit)));
        }
    }

    private List<AddressRange> ramAbove16Mib() {
        long lowest = 16L << 20;
        return blueprint.description().memoryMap().ranges(MemoryKind.SYSTEM_RAM).stream()
                .filter(r -> r.end() > lowest + 4096)
                .map(r -> new AddressRange(Math.max(lowest, r.start()), r.end())).toList();
    }

    /** Returns the hardware, in the state that the run has brought it to. */
    Hardware hardware() {
        return hardware;
    }

    /** Runs to the end and returns what came out. */
    Crash run() {
        String ending = null;
        boolean withdrawn = false;
        try {
            runFirstKernel();
            crash();
            runCaptureKernel();
        } catch (WithdrawnException e) {
            ending = e.getMessage();
            withdrawn = true;
        } catch (IllegalStateException e) {
            ending = e.getMessage();
        }
        hardware.bridge().translatedRequests().forEach(line -> timeline.add("ats", line));
        var judge = new Judge(hardware, ledger, capturePool, crashMark, options.crashAtNanos());
        return new Crash(judge.verdict(policy.name(), ending, withdrawn ? timeline.phase() : null,
                dump, new AddressRange(blueprint.reservation().start(),
                        blueprint.reservation().start() + IMAGE_BYTES)), timeline.entries());
    }

    // ---- T0, T1 ---------------------------------------------------------------------------------

    private void runFirstKernel() {
        timeline.phase(Phase.RUNNING);
        firstNotes.clear();
        digest = digest();
        for (Kernel.UnitSeat seat : first.units()) {
            seat.driver().resume();
            seat.manage();
        }
        blueprint.loads().forEach((requester, load) -> {
            DeviceDriver driver = driver(first, requester);
            driver.start(load, options.seed() + requester);
            keepServicing(driver);
        });
        if (!blueprint.profile().strictInvalidation()) {
            keepFlushing();
        }
        first.startClock();
        firstSteps.tell(new HandoverEvent.PhaseStart(Phase.RUNNING));
        hardware.queue().advanceTo(options.crashAtNanos());
    }

    private DeviceDriver driver(Kernel kernel, int requester) {
        PciFunction function = hardware.fabric().function(requester);
        return hardware.seat(requester).driver(new EngineDriverPort(kernel, hardware, function));
    }

    private void keepServicing(DeviceDriver driver) {
        hardware.queue().schedule(1, new Runnable() {
            @Override
            public void run() {
                long again = first.isStopped() ? 0 : driver.service();
                if (again > 0) {
                    hardware.queue().schedule(again, this);
                }
            }
        });
    }

    private void keepFlushing() {
        hardware.queue().schedule(blueprint.profile().lazyFlushNanos(), new Runnable() {
            @Override
            public void run() {
                if (!first.isStopped()) {
                    first.units().forEach(seat -> seat.driver().flush());
                    hardware.queue().schedule(blueprint.profile().lazyFlushNanos(), this);
                }
            }
        });
    }

    private void crash() {
        timeline.phase(Phase.CRASH);
        hardware.bridge().crash(provenance);
        crashMark = memory.mark();
        for (PciFunction function : hardware.functionsWithDevice()) {
            int requester = function.requesterId();
            hardware.device(requester).outstanding(atCrash(function), (sequence, medium) -> {
                if (medium != null) {
                    ledger.posted(requester, sequence, medium);
                }
            });
        }
        first.cause(newKernelCause());
        firstSteps.tell(new HandoverEvent.PhaseStart(Phase.CRASH));
        first.units().forEach(seat -> seat.driver().crash());
        first.stop();
    }

    private DmaPort atCrash(PciFunction function) {
        return new DmaPort() {
            @Override
            public CompletionStatus read(long address, byte[] to, int offset, int bytes) {
                return hardware.bridge().readAtCrash(function.requesterId(), function.alias(),
                        address, to, offset, bytes);
            }

            @Override
            public CompletionStatus write(long address, byte[] from, int offset, int bytes) {
                throw new UnsupportedOperationException("outstanding requests are only read");
            }
        };
    }

    private int newKernelCause() {
        return hardware.bridge().causes().add(Owner.CAPTURE_KERNEL, 0, 0, hardware.queue().nanos());
    }

    // ---- T2 to T8 -------------------------------------------------------------------------------

    private void runCaptureKernel() {
        Phases at = blueprint.captureProfile().phases();
        running = capture;
        capture.cause(newKernelCause());
        capture.startClock();
        capture.onFirstMap(r -> captureSteps.tell(new HandoverEvent.FirstMap(r)));
        begin(Phase.PURGATORY, at.purgatory());
        if (digest() != digest) {
            throw new IllegalStateException("purgatory: digest of the loaded segments differs");
        }
        begin(Phase.SETUP_ARCH, at.setupArch());
        begin(Phase.INTERRUPT_REMAPPING, at.interruptRemapping());
        capture.takeInterrupts();
        begin(Phase.ENUMERATION, at.enumeration());
        for (PciFunction function : hardware.fabric().functions()) {
            if (Enumeration.enumerate(function)) {
                classes.put(function.requesterId(), function.classCode());
            }
        }
        begin(Phase.FINAL_FIXUPS, at.finalFixups());
        begin(Phase.DMA_REMAPPING, at.dmaRemapping());
        begin(Phase.DRIVERS, at.drivers());
        probeAll();
        begin(Phase.DUMP, at.dump());
        writeDump();
        timeline.add("iommu", "the capture kernel accessed registers of IOMMUs "
                + capture.registerAccesses() + " times");
    }

    private void begin(Phase phase, long nanosAfterCrash) {
        hardware.queue().advanceTo(options.crashAtNanos() + nanosAfterCrash);
        timeline.phase(phase);
        capture.cause(newKernelCause());
        captureSteps.tell(new HandoverEvent.PhaseStart(phase));
    }

    private long digest() {
        var crc = new CRC32C();
        byte[] chunk = new byte[1 << 16];
        for (long done = 0; done < IMAGE_BYTES; done += chunk.length) {
            memory.read(blueprint.reservation().start() + done, chunk, 0, chunk.length);
            crc.update(chunk);
        }
        return crc.getValue();
    }

    /**
     * Probes class by class, as modules are loaded, and in a class by requester id, what
     * enumeration found.
     */
    private void probeAll() {
        List<PciFunction> waiting = new ArrayList<>(hardware.functionsWithDevice());
        waiting.removeIf(function -> !classes.containsKey(function.requesterId()));
        for (ProbeTime time : blueprint.captureProfile().probes()) {
            long next = options.crashAtNanos() + time.nanosAfterCrash();
            for (PciFunction function : List.copyOf(waiting)) {
                if (time.fits(classes.get(function.requesterId()))) {
                    waiting.remove(function);
                    hardware.queue().advanceTo(next);
                    next += time.interval();
                    probe(function);
                }
            }
        }
    }

    private void probe(PciFunction function) {
        int requester = function.requesterId();
        captureSteps.tell(new HandoverEvent.ProbeStart(requester));
        DeviceDriver driver = driver(capture, requester);
        String failure = driver.probe();
        timeline.add("driver", RequesterId.format(requester) + " "
                + (failure == null ? "probed" : "failed: " + failure));
        if (failure == null) {
            drivers.put(requester, driver);
        } else {
            ledger.failed(requester, failure);
        }
        captureSteps.tell(new HandoverEvent.ProbeEnd(requester, failure));
    }

    /** The dump target is the first disk controller in the order of requester ids. */
    private void writeDump() {
        dump = new DumpWriter(hardware, capture, ledger);
        for (int requester : hardware.functionsWithDevice().stream()
                .mapToInt(PciFunction::requesterId).toArray()) {
            if (hardware.config(requester).classCode() >>> 16 == STORAGE) {
                DeviceDriver driver = drivers.get(requester);
                if (driver == null) {
                    dump.fail("the driver of the dump target "
                            + RequesterId.format(requester) + " failed");
                } else {
                    timeline.add("dump",
                            "written to " + RequesterId.format(requester));
                    dump.write(requester, driver);
                }
                return;
            }
        }
        dump.fail("the machine has no disk controller to write the dump to");
    }
}
