// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import iommu.api.machine.MachineDescription;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Workload;
import iommu.api.profile.KernelProfile;
import iommu.api.trace.Trace;
import iommu.api.unit.IommuVendor;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import kdump.lab.api.HardwareChoice;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.kernel.IovaInUse;
import kdump.lab.engine.machine.DeviceSetup;
import kdump.lab.engine.machine.Machine;
import kdump.lab.engine.machine.NoAnswerException;
import kdump.lab.engine.machine.RunStorage;
import kdump.lab.engine.machine.Services;

/** Chooses, for a described machine, what a run needs and a capture does not say. */
public final class ScenarioBuilder {

    /** Fewer spare frames than this (16 MiB) do not do for the tables and buffers of a kernel. */
    private static final long MIN_SPARE_FRAMES = 4096;
    /** The image, notes behind it, and some pages. */
    private static final long LEAST_RESERVATION = Scenario.IMAGE_BYTES + (1 << 20);

    private ScenarioBuilder() { }

    /**
     * Returns the scenario.
     *
     * @param memory of the machine, with the captured bytes in it
     * @throws LabException if the machine has no room for a capture kernel
     */
    public static Scenario make(MachineDescription description, PhysicalMemory memory,
            Services services,
            RunOptions options) throws LabException {
        var assumptions = new ArrayList<>(description.remarks());
        var survey = new MappedPages(description, memory);
        for (int i = 0; i < description.units().size(); i++) {
            var profile = description.units().get(i).profile();
            IommuVendor vendor = services.vendor(profile.vendor());
            survey.look(i, NoAnswerException.checked(vendor.unit(profile, memory), vendor,
                    "a unit"));
        }
        AddressRange reservation = reservation(description, survey, assumptions);
        var kernels = new KernelChooser(description, services, options.kernels());
        KernelProfile profile = kernels.first();
        KernelProfile capture = kernels.capture();
        assumptions.addAll(kernels.assumptions());
        if (!options.hardware().equals(HardwareChoice.DEFAULT)) {
            assumptions.add(options.hardware().toString());
        }
        Scenario bare = new Scenario(description, reservation, profile, capture, Map.of(),
                new BitSet(), new IovaInUse(), survey.unmapped(), null, List.of(), true);
        var machine = new Machine(bare.description(), bare.reservation(), memory, services,
                new RunStorage(), Trace.Level.COUNT, new DeviceSetup(options.seed(),
                        options.crashAtNanos(), options.deviceOptions(), Map.of()));
        DeviceOptions.check(machine, options);
        assumptions.addAll(DeviceOptions.remarks(options));
        kernels.check(machine);
        Set<Integer> drivers = DriverSelection.of(machine, options.kernels().captureDrivers(),
                assumptions);
        BitSet taken = takenFrames(survey, reservation, assumptions);
        AddressRange low = description.runDefaults().lowReservation();
        if (low != null) {
            taken.set(frame(low.start()), frame(low.end() + 4095));
        }
        var draw = new WorkloadGenerator(survey, reservation, taken, options.seed(),
                options.rateFactor(), description.runDefaults().rates());
        Map<Integer, Workload> loads = draw.draw(machine);
        assumptions.addAll(draw.remarks());
        return new Scenario(description, reservation, profile, capture, loads,
                withLoads(taken, loads), survey.mappedIova(), survey.unmapped(), drivers,
                List.copyOf(assumptions), true);
    }

    private static AddressRange reservation(MachineDescription description, MappedPages survey,
            List<String> assumptions) throws LabException {
        if (description.crashReservation() != null) {
            return large(description.name(), description.crashReservation());
        }
        AddressRange chosen = ReservationRule.choose(survey.systemRam(), survey.usedFrames());
        boolean overDump = chosen == null;
        if (overDump) {
            chosen = ReservationRule.choose(survey.systemRam(), survey.reachedFrames());
        }
        if (chosen == null) {
            throw new LabException(description.name() + ": no crash reservation, and no stretch of "
                    + (ReservationRule.MIN_BYTES >> 20)
                    + " MiB of System RAM that no mapping reaches");
        }
        assumptions.add("crash reservation " + chosen + ", as the machine has none: the longest"
                + " stretch of System RAM below 4 GiB that no table and no mapping reaches"
                + (overDump ? "; what the dump holds there stands for the capture kernel" : ""));
        return chosen;
    }

    private static AddressRange large(String name, AddressRange reservation) throws LabException {
        if (reservation.bytes() < LEAST_RESERVATION) {
            throw new LabException(name + ": crash reservation " + reservation + " has "
                    + (reservation.bytes() >> 10) + " KiB, a capture kernel needs "
                    + (LEAST_RESERVATION >> 20) + " MiB or more: its image has "
                    + (Scenario.IMAGE_BYTES >> 20));
        }
        return reservation;
    }

    /**
     * Returns the frames that the first kernel is given none of. Captured ones are among them as
     * long as enough others are left: whether they were free cannot be told.
     */
    private static BitSet takenFrames(MappedPages survey, AddressRange reservation,
            List<String> assumptions) {
        BitSet taken = survey.usedFrames();
        taken.set(frame(reservation.start()), frame(reservation.end() + 4095));
        long ram = survey.systemRam().stream().mapToLong(r -> r.bytes() >>> 12).sum();
        if (ram - taken.cardinality() < MIN_SPARE_FRAMES) {
            assumptions.add("nearly all of memory is captured: where the first kernel needs pages"
                    + " from now on, they come out of captured ones that no table and no mapping"
                    + " reaches");
            taken = survey.reachedFrames();
            taken.set(frame(reservation.start()), frame(reservation.end() + 4095));
        }
        return taken;
    }

    private static BitSet withLoads(BitSet taken, Map<Integer, Workload> loads) {
        for (Workload load : loads.values()) {
            List.of(load.rings(), load.readable(), load.writable(), load.writeOnly())
                    .forEach(pages -> pages.stream()
                            .mapToInt(page -> frame(page.physicalAddress())).forEach(taken::set));
        }
        return taken;
    }

    private static int frame(long physicalAddress) {
        return (int) (physicalAddress >>> 12);
    }
}
