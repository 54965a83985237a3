// SPDX-License-Identifier: Apache-2.0
package iommu.api.machine;

import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import iommu.api.memory.MemoryMap;
import iommu.api.pcie.FunctionConfig;
import iommu.api.unit.IoApic;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A machine as files describe it, at the instant of its capture. Immutable.
 *
 * @param name short name
 * @param source where it came from, for people
 * @param memoryMap what answers where
 * @param crashReservation memory set aside for the capture kernel, within System RAM; null if the
 *     machine has none
 * @param units remapping units; may be empty
 * @param reservedRegions what firmware wants mapped to itself for some functions
 * @param atsFunctions requester ids of the functions that firmware lets use address translation
 *     services, whether they have any or not: those within the root complex, and those below root
 *     ports that it names, all the way by PCI Express
 * @param functions config space of every function, by requester id
 * @param image captured memory
 * @param kernelRelease of the kernel that was captured, as it names itself; empty if unknown
 * @param commandLine of the running kernel; empty if unknown
 * @param captureCommandLine of its capture kernel; empty if unknown
 * @param remarks what the importer assumed or left out, a sentence each
 * @param driverMemory of a machine that was never captured, what its drivers map once its kernel
 *     has booted; empty if the machine was captured with all that
 * @param captureDrivers requester ids of the functions whose driver the capture kernel has; null if
 *     nothing tells: it has all then
 * @param runDefaults what it says of its runs
 * @param ioApics by the order of firmware's table; empty if nothing tells of any
 */
public record MachineDescription(String name, String source, MemoryMap memoryMap,
        AddressRange crashReservation, List<UnitDescription> units,
        List<ReservedRegion> reservedRegions, Set<Integer> atsFunctions,
        List<FunctionConfig> functions, MemoryImage image, String kernelRelease,
        String commandLine, String captureCommandLine, List<String> remarks,
        List<DriverMemory> driverMemory, Set<Integer> captureDrivers, RunDefaults runDefaults,
        List<IoApic> ioApics) {

    /** Copies the lists. */
    public MachineDescription {
        units = List.copyOf(units);
        reservedRegions = List.copyOf(reservedRegions);
        atsFunctions = Set.copyOf(atsFunctions);
        functions = List.copyOf(functions);
        remarks = List.copyOf(remarks);
        driverMemory = List.copyOf(driverMemory);
        ioApics = List.copyOf(ioApics);
        captureDrivers = captureDrivers == null ? null : Set.copyOf(captureDrivers);
    }

    /** Describes a machine of whose I/O APICs nothing is known. */
    public MachineDescription(String name, String source, MemoryMap memoryMap,
            AddressRange crashReservation, List<UnitDescription> units,
            List<ReservedRegion> reservedRegions, Set<Integer> atsFunctions,
            List<FunctionConfig> functions, MemoryImage image, String kernelRelease,
            String commandLine, String captureCommandLine, List<String> remarks,
            List<DriverMemory> driverMemory, Set<Integer> captureDrivers,
            RunDefaults runDefaults) {
        this(name, source, memoryMap, crashReservation, units, reservedRegions, atsFunctions,
                functions, image, kernelRelease, commandLine, captureCommandLine, remarks,
                driverMemory, captureDrivers, runDefaults, List.of());
    }

    /** Describes a machine of whose capture kernel's drivers nothing is known. */
    public MachineDescription(String name, String source, MemoryMap memoryMap,
            AddressRange crashReservation, List<UnitDescription> units,
            List<ReservedRegion> reservedRegions, Set<Integer> atsFunctions,
            List<FunctionConfig> functions, MemoryImage image, String kernelRelease,
            String commandLine, String captureCommandLine, List<String> remarks,
            List<DriverMemory> driverMemory) {
        this(name, source, memoryMap, crashReservation, units, reservedRegions, atsFunctions,
                functions, image, kernelRelease, commandLine, captureCommandLine, remarks,
                driverMemory, null, RunDefaults.NONE, List.of());
    }

    /** Describes a machine that was captured. */
    public MachineDescription(String name, String source, MemoryMap memoryMap,
            AddressRange crashReservation, List<UnitDescription> units,
            List<ReservedRegion> reservedRegions, Set<Integer> atsFunctions,
            List<FunctionConfig> functions, MemoryImage image, String kernelRelease,
            String commandLine, String captureCommandLine, List<String> remarks) {
        this(name, source, memoryMap, crashReservation, units, reservedRegions, atsFunctions,
                functions, image, kernelRelease, commandLine, captureCommandLine, remarks,
                List.of(), null, RunDefaults.NONE, List.of());
    }

    /** Describes a machine without address translation services. */
    public MachineDescription(String name, String source, MemoryMap memoryMap,
            AddressRange crashReservation, List<UnitDescription> units,
            List<ReservedRegion> reservedRegions, List<FunctionConfig> functions,
            MemoryImage image, String kernelRelease, String commandLine,
            String captureCommandLine, List<String> remarks) {
        this(name, source, memoryMap, crashReservation, units, reservedRegions, Set.of(),
                functions, image, kernelRelease, commandLine, captureCommandLine, remarks,
                List.of(), null, RunDefaults.NONE, List.of());
    }

    /** Describes a machine without reserved regions or address translation services. */
    public MachineDescription(String name, String source, MemoryMap memoryMap,
            AddressRange crashReservation, List<UnitDescription> units,
            List<FunctionConfig> functions, MemoryImage image, String kernelRelease,
            String commandLine, String captureCommandLine, List<String> remarks) {
        this(name, source, memoryMap, crashReservation, units, List.of(), Set.of(), functions,
                image, kernelRelease, commandLine, captureCommandLine, remarks, List.of(), null,
                RunDefaults.NONE, List.of());
    }

    /** Returns this machine with other reserved regions. */
    public MachineDescription withReservedRegions(List<ReservedRegion> regions) {
        return new MachineDescription(name, source, memoryMap, crashReservation, units, regions,
                atsFunctions, functions, image, kernelRelease, commandLine, captureCommandLine,
                remarks, driverMemory, captureDrivers, runDefaults, ioApics);
    }

    /** Returns this machine with other functions that may use address translation services. */
    public MachineDescription withAtsFunctions(Set<Integer> requesters) {
        return new MachineDescription(name, source, memoryMap, crashReservation, units,
                reservedRegions, requesters, functions, image, kernelRelease, commandLine,
                captureCommandLine, remarks, driverMemory, captureDrivers, runDefaults, ioApics);
    }

    /**
     * Returns this machine with a capture kernel that has the drivers of these functions only; null
     * for one of which nothing is known.
     */
    public MachineDescription withCaptureDrivers(Set<Integer> requesters) {
        return new MachineDescription(name, source, memoryMap, crashReservation, units,
                reservedRegions, atsFunctions, functions, image, kernelRelease, commandLine,
                captureCommandLine, remarks, driverMemory, requesters, runDefaults, ioApics);
    }

    /** Returns this machine with other defaults of its runs. */
    public MachineDescription withRunDefaults(RunDefaults defaults) {
        return new MachineDescription(name, source, memoryMap, crashReservation, units,
                reservedRegions, atsFunctions, functions, image, kernelRelease, commandLine,
                captureCommandLine, remarks, driverMemory, captureDrivers, defaults, ioApics);
    }

    /** Returns this machine with other I/O APICs. */
    public MachineDescription withIoApics(List<IoApic> others) {
        return new MachineDescription(name, source, memoryMap, crashReservation, units,
                reservedRegions, atsFunctions, functions, image, kernelRelease, commandLine,
                captureCommandLine, remarks, driverMemory, captureDrivers, runDefaults, others);
    }

    /** Returns this machine with more remarks. */
    public MachineDescription withRemarks(List<String> more) {
        var all = new ArrayList<>(remarks);
        all.addAll(more);
        return new MachineDescription(name, source, memoryMap, crashReservation, units,
                reservedRegions, atsFunctions, functions, image, kernelRelease, commandLine,
                captureCommandLine, all, driverMemory, captureDrivers, runDefaults, ioApics);
    }

    /** Returns this machine with other units. */
    public MachineDescription withUnits(List<UnitDescription> others) {
        return new MachineDescription(name, source, memoryMap, crashReservation, others,
                reservedRegions, atsFunctions, functions, image, kernelRelease, commandLine,
                captureCommandLine, remarks, driverMemory, captureDrivers, runDefaults, ioApics);
    }

    /** Returns this machine with other memory. */
    public MachineDescription withMemoryMap(MemoryMap other) {
        return new MachineDescription(name, source, other, crashReservation, units,
                reservedRegions, atsFunctions, functions, image, kernelRelease, commandLine,
                captureCommandLine, remarks, driverMemory, captureDrivers, runDefaults, ioApics);
    }

    /** Returns this machine with other functions. */
    public MachineDescription withFunctions(List<FunctionConfig> others) {
        return new MachineDescription(name, source, memoryMap, crashReservation, units,
                reservedRegions, atsFunctions, others, image, kernelRelease, commandLine,
                captureCommandLine, remarks, driverMemory, captureDrivers, runDefaults, ioApics);
    }

    /**
     * Returns this machine after its kernel has booted: with what it wrote, and with the registers
     * and config spaces as it left them.
     */
    public MachineDescription booted(MemoryImage written, AddressRange reservation,
            List<UnitDescription> programmed, List<FunctionConfig> configured) {
        return new MachineDescription(name, source, memoryMap, reservation, programmed,
                reservedRegions, atsFunctions, configured, written, kernelRelease, commandLine,
                captureCommandLine, remarks, List.of(), captureDrivers, runDefaults, ioApics);
    }

    /** Returns what is reserved for a function, by the order of the firmware's table. */
    public List<AddressRange> reservedFor(int requester) {
        return reservedRegions.stream().filter(r -> r.names(requester))
                .map(ReservedRegion::range).toList();
    }

    /** Returns the I/O APIC that has a global input; null if none has. */
    public IoApic ioApicOf(int input) {
        return ioApics.stream().filter(a -> a.has(input)).findFirst().orElse(null);
    }

    /**
     * Returns the index of the unit that serves a requester, or -1 if none does. What an I/O APIC
     * sends goes through the unit that names it.
     */
    public int unitOf(int requester) {
        for (IoApic ioApic : ioApics) {
            if (ioApic.source() == requester) {
                return ioApic.unit();
            }
        }
        int others = -1;
        for (int i = 0; i < units.size(); i++) {
            UnitDescription unit = units.get(i);
            if (unit.segment() != requester >>> 16) {
                continue;
            }
            if (unit.names(requester)) {
                return i;
            }
            if (unit.allOthers()) {
                others = i;
            }
        }
        return others;
    }
}
