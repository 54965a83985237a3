// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import iommu.api.machine.DriverMemory;
import iommu.api.machine.MachineDescription;
import iommu.api.machine.UnitDescription;
import iommu.api.machine.VirtualFunctions;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.UnitProfile;
import iommu.api.trace.Trace;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.StepRefusedException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.LabException;
import kdump.lab.engine.bus.Enumeration;
import kdump.lab.engine.kernel.IovaInUse;
import kdump.lab.engine.kernel.Kernel;
import kdump.lab.engine.kernel.PageAllocator;
import kdump.lab.engine.machine.DeviceSetup;
import kdump.lab.engine.machine.Machine;
import kdump.lab.engine.machine.RunStorage;
import kdump.lab.engine.machine.Services;
import kdump.lab.engine.steps.FirstBoot;

/**
 * Boots a machine that was never captured: its kernel sets units up with tables of its own, and its
 * drivers map what they need. What comes out is a machine as a capture would have it: what was
 * written to memory, registers, config spaces.
 */
public final class ColdBoot {

    private static final long LOWEST_FREE = 16L << 20;
    private static final int COMMAND = 0x04;
    private static final int MEMORY_AND_MASTER = 0x0006;
    /** What is followed where no word asks for a reservation: the first that there is room for. */
    private static final List<String> UNASKED = List.of("crashkernel=256M", "crashkernel=128M",
            "crashkernel=64M", "crashkernel=32M", "crashkernel=16M");

    private ColdBoot() { }

    /**
     * Returns the machine as it stands once it has booted; a captured one as it is.
     *
     * @throws LabException if it cannot boot
     */
    public static MachineDescription boot(MachineDescription cold, Services services,
            KernelChoice kernels) throws LabException {
        if (cold.driverMemory().isEmpty()) {
            return cold;
        }
        try {
            return asSeen(cold, services, kernels);
        } catch (IllegalStateException | IllegalArgumentException | StepRefusedException e) {
            throw new LabException(cold.name() + " does not boot: " + e.getMessage(), e);
        }
    }

    /**
     * Boots, and where functions were seen to use other addresses than they have then, once more:
     * what their drivers unmapped as they bound may have been given back by another processor.
     */
    private static MachineDescription asSeen(MachineDescription cold, Services services,
            KernelChoice kernels) throws StepRefusedException {
        MachineDescription booted = booted(cold, services, kernels, Set.of());
        Map<Integer, Integer> has = SeenAddresses.count(booted, cold.driverMemory(), services);
        if (has.isEmpty()) {
            return booted;
        }
        MachineDescription other = booted(cold, services, kernels, has.keySet());
        Map<Integer, Integer> would = SeenAddresses.count(other, cold.driverMemory(), services);
        Set<Integer> better = has.keySet().stream().filter(id -> would.get(id) > has.get(id))
                .collect(Collectors.toCollection(TreeSet::new));
        if (better.isEmpty()) {
            return booted;
        }
        return (better.equals(has.keySet()) ? other : booted(cold, services, kernels, better))
                .withRemarks(List.of("Addresses that were in use tell that another processor gave"
                        + " back what these drivers unmapped as they bound: " + better.stream()
                        .map(RequesterId::format).collect(Collectors.joining(", ")) + "."));
    }

    private static MachineDescription booted(MachineDescription cold, Services services,
            KernelChoice kernels, Set<Integer> freesElsewhere) throws StepRefusedException {
        PhysicalMemory memory = cold.memoryMap().memory(0);
        KernelProfile profile = new KernelChooser(cold, services, kernels).first();
        var remarks = new ArrayList<String>();
        CrashkernelReservation reserved = reservation(cold, kernels, profile, remarks);
        AddressRange reservation = reserved.range();
        var machine = new Machine(withoutLate(cold), reservation, memory, services,
                new RunStorage(), Trace.Level.COUNT, new DeviceSetup(0, 0, Map.of(), Map.of()));
        PageAllocator pages = pages(cold, reserved);
        var kernel = new Kernel(machine, profile, pages, new IovaInUse(), Set.of());
        kernel.iommu().guests(cold.runDefaults().guests());
        kernel.iommu().freesElsewhere(freesElsewhere);
        machine.fabric().functions().forEach(ColdBoot::enableVirtual);
        if (kernel.iommu().wantsAccessControl()) {
            machine.fabric().functions().forEach(
                    f -> Enumeration.controlAccess(profile.version(), f));
        }
        kernel.countMemory();
        if (pages.leavesOut(reservation)) { // a unit sits on it; kernels reserve after they count
            throw new IllegalStateException("crashkernel reservation failed - memory is in use");
        }
        new FirstBoot(kernel, machine).startUnits();
        kernel.startControllers();
        for (DriverMemory driver : cold.driverMemory()) {
            PciFunction function = machine.fabric().function(driver.requester());
            if (function != null) { // it is plugged in later
                enable(function);
                kernel.mapDriverMemory(function, driver);
            }
        }
        remarks.add("No kernel was captured: " + profile.name() + " was booted here, and all tables"
                + " and registers are those that it made; nothing had been unmapped yet.");
        return cold.booted(image(memory), reservation, units(cold, machine),
                configs(cold, machine)).withRemarks(remarks).withRunDefaults(
                        cold.runDefaults().withLowReservation(reserved.low()).ofBooted());
    }

    /** What is plugged in later, this kernel never sees. */
    private static MachineDescription withoutLate(MachineDescription cold) {
        Set<Integer> late = cold.runDefaults().pluggedAtCrash();
        return late.isEmpty() ? cold : cold.withFunctions(cold.functions().stream()
                .filter(f -> !late.contains(f.requesterId())).toList());
    }

    /** Their driver switches virtual functions on, all that there are. */
    private static void enableVirtual(PciFunction function) {
        VirtualFunctions virtual = VirtualFunctions.of(function::readConfig);
        if (virtual != null) {
            function.writeConfig(virtual.capability() + VirtualFunctions.NUMBER, 2,
                    virtual.count());
            function.writeConfig(virtual.capability() + VirtualFunctions.CONTROL, 2,
                    VirtualFunctions.ENABLE | VirtualFunctions.MEMORY_SPACE);
        }
    }

    private static void enable(PciFunction function) {
        function.writeConfig(COMMAND, 2, function.readConfig(COMMAND, 2) | MEMORY_AND_MASTER);
    }

    /** What a user types counts for more than the place that a file names, that for its words. */
    private static CrashkernelReservation reservation(MachineDescription cold,
            KernelChoice kernels, KernelProfile profile, List<String> remarks) {
        CrashkernelReservation found = null;
        if (kernels.commandLine() != null) {
            found = search(cold, kernels.commandLine(), profile);
        }
        if (found == null && cold.crashReservation() != null) {
            return new CrashkernelReservation(cold.crashReservation(), null, "");
        }
        if (found == null) {
            found = search(cold, cold.commandLine(), profile);
        }
        if (found == null) {
            found = unasked(cold, profile);
            remarks.add("No word reserves memory for a capture kernel: " + found.word()
                    + " is assumed.");
        }
        remarks.add(profile.name() + " reserves " + found.range() + " for " + found.word()
                + (found.low() == null ? "." : ", and " + found.low()
                        + " below 4 GiB."));
        return found;
    }

    private static CrashkernelReservation unasked(MachineDescription cold,
            KernelProfile profile) {
        for (String word : UNASKED.subList(0, UNASKED.size() - 1)) {
            try {
                return search(cold, word, profile);
            } catch (IllegalArgumentException e) {
                continue; // no room for as much
            }
        }
        return search(cold, UNASKED.get(UNASKED.size() - 1), profile);
    }

    private static CrashkernelReservation search(MachineDescription cold, String commandLine,
            KernelProfile profile) {
        return CrashkernelReservation.of(commandLine,
                cold.memoryMap().ranges(MemoryKind.SYSTEM_RAM), List.of(), profile.version());
    }

    /** Kernels take pages from the top; what is registered lies above 4 GiB where there is any. */
    private static PageAllocator pages(MachineDescription cold, CrashkernelReservation reserved) {
        List<AddressRange> free = new ArrayList<>();
        List<AddressRange> busy = reserved.low() == null ? List.of(reserved.range())
                : List.of(reserved.low(), reserved.range());
        for (AddressRange ram : cold.memoryMap().ranges(MemoryKind.SYSTEM_RAM)) {
            long start = Math.max(LOWEST_FREE, ram.start());
            for (AddressRange taken : busy) {
                if (ram.overlaps(taken)) {
                    add(free, start, taken.start());
                    start = taken.end();
                }
            }
            add(free, start, ram.end());
        }
        Collections.reverse(free);
        return new PageAllocator(free, new BitSet());
    }

    private static void add(List<AddressRange> ranges, long start, long end) {
        if (end - start >= 4096) {
            ranges.add(new AddressRange(start, end));
        }
    }

    // ---- what a capture would hold --------------------------------------------------------------

    /** Pages that were written, and what they hold. */
    private static MemoryImage image(PhysicalMemory memory) {
        var pages = new TreeMap<Long, byte[]>();
        memory.knownPages(page -> {
            byte[] bytes = new byte[PhysicalMemory.PAGE_BYTES];
            memory.read(page, bytes, 0, bytes.length);
            pages.put(page, bytes);
        });
        List<AddressRange> ranges = pages.keySet().stream()
                .map(page -> AddressRange.of(page, PhysicalMemory.PAGE_BYTES)).toList();
        return new MemoryImage() {
            @Override
            public List<AddressRange> ranges() {
                return ranges;
            }

            @Override
            public void read(long address, byte[] to, int offset, int bytes) {
                int inside = (int) (address & PhysicalMemory.PAGE_BYTES - 1);
                System.arraycopy(pages.get(address - inside), inside, to, offset, bytes);
            }
        };
    }

    private static List<UnitDescription> units(MachineDescription cold, Machine machine) {
        var units = new ArrayList<UnitDescription>();
        for (int i = 0; i < cold.units().size(); i++) {
            UnitDescription unit = cold.units().get(i);
            RemappingUnit hardware = machine.units().get(i);
            var words = new TreeMap<Integer, Integer>();
            for (int offset = 0; offset < hardware.registerBytes(); offset += 4) {
                int word = (int) hardware.readRegister(offset, 4);
                if (word != 0) {
                    words.put(offset, word);
                }
            }
            UnitProfile p = unit.profile();
            units.add(unit.withProfile(new UnitProfile(p.vendor(), p.name(), p.registerBase(),
                    words, p.settings())));
        }
        return units;
    }

    private static List<FunctionConfig> configs(MachineDescription cold, Machine machine) {
        var bound = new TreeSet<Integer>();
        cold.driverMemory().forEach(driver -> bound.add(driver.requester()));
        return cold.functions().stream().map(f -> {
            PciFunction function = machine.fabric().function(f.requesterId());
            boolean changed = bound.contains(f.requesterId()) || f.headerType() == 1;
            if (function == null || !changed) {
                return f;
            }
            byte[] config = Arrays.copyOf(f.config(), f.config().length);
            ByteBuffer words = ByteBuffer.wrap(config).order(ByteOrder.LITTLE_ENDIAN);
            for (int at = 0; at < config.length; at += Integer.BYTES) {
                words.putInt(at, function.readConfig(at, Integer.BYTES));
            }
            return new FunctionConfig(f.requesterId(), config);
        }).toList();
    }
}
