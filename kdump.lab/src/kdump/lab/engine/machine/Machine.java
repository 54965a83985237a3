// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import iommu.api.kdump.KernelHandover;
import iommu.api.machine.MachineDescription;
import iommu.api.machine.Platform;
import iommu.api.machine.UnitDescription;
import iommu.api.machine.VirtualFunctions;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Device;
import iommu.api.pcie.Fabric;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.Upstream.SystemError;
import iommu.api.pcie.Upstream;
import iommu.api.profile.UnitProfile;
import iommu.api.sim.EventQueue;
import iommu.api.trace.Trace;
import iommu.api.unit.DmaOpsFactory;
import iommu.api.unit.IommuVendor;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.RootComplexFactory;
import iommu.api.unit.Translation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * One machine put together: memory, units, fabric, devices, and the clock they share. Made for one
 * run; the memory is a borrowed one that is rolled back afterwards. One thread.
 */
public final class Machine {

    /** What the interrupts of the machine reach: a processor, and the kernel on it. */
    public interface Processor {

        /** A device's message arrives. */
        void interrupt(int alias, int vector);

        /** The level of a function's interrupt pin changes. */
        default void interruptPin(int function, boolean asserted) { }

        /** A system error becomes an interrupt that cannot be masked. */
        default void systemError(int reporter, SystemError error) { }

        /** It waits for a function to answer, -1 for ever. */
        default void stalled(int function, long nanos) { }

        /** An access of its own ended in an error of the hardware. */
        default void machineCheck(String words) { }

        /** A unit announces faults. */
        default void faults(int unit) { }
    }

    private static final int STORAGE = 0x01;
    private static final int ENDPOINT = 0;
    private static final Processor NO_PROCESSOR = (alias, vector) -> { };

    private final MachineDescription description;
    private final AddressRange reservation;
    private final PhysicalMemory memory;
    private final EventQueue queue = new EventQueue();
    private final Trace trace;
    private final MediaStore media;
    private final Services services;
    private final List<RemappingUnit> units = new ArrayList<>();
    private final Map<Integer, DeviceSlot> slots = new HashMap<>();
    /** Requester ids of all functions, ascending, and of each what it is as captured. */
    private final int[] requesters;
    private final FunctionConfig[] configs;
    private final Fabric fabric;
    private final InterruptLines interruptLines;
    private final ControllerInputs controllers;
    private final ProcessorWires wires = new ProcessorWires(this);
    private final Set<Integer> transients;
    private final AddressRange[] readOnly;
    private Processor processor = NO_PROCESSOR;
    /** All that it is made of. */
    private final List<Object> contents;

    /**
     * Puts a machine together.
     *
     * @param reservation memory of the capture kernel
     * @param memory with what the machine holds
     * @param storage cleared here
     * @param level of what is recorded
     * @param devices what is asked of the devices
     */
    public Machine(MachineDescription description, AddressRange reservation, PhysicalMemory memory,
            Services services, RunStorage storage, Trace.Level level, DeviceSetup devices) {
        this.description = description;
        transients = transients(description);
        readOnly = description.memoryMap().ranges(MemoryKind.ROM).toArray(new AddressRange[0]);
        this.reservation = reservation;
        this.memory = memory;
        this.services = services;
        this.trace = storage.trace();
        this.media = storage.media();
        trace.begin(level, queue);
        services.presence().began(queue);
        media.clear();
        for (UnitDescription unit : description.units()) {
            units.add(NoAnswerException.checked(vendor(unit).unit(unit.profile(), memory),
                    vendor(unit), "a unit"));
        }
        interruptLines = new InterruptLines(description.functions());
        var parts = new RootComplexFactory.Parts(memory, units, description::unitOf,
                this::isWritable, platform().messages(), wires, queue, trace);
        Upstream root = services.rootComplex().build(parts);
        controllers = new ControllerInputs(this, root, services.interruptControllers());
        configs = description.functions().stream()
                .sorted(Comparator.comparingInt(FunctionConfig::requesterId))
                .toArray(FunctionConfig[]::new);
        requesters = Stream.of(configs).mapToInt(FunctionConfig::requesterId).toArray();
        fabric = services.fabric().build(description.functions(), root, (function, dma) -> {
            DeviceSlot slot = DeviceSlot.of(this, function, dma, devices);
            if (slot != null) {
                slots.put(function.requesterId(), slot);
            }
            return slot == null ? null : slot.device();
        });
        services.rootComplex().connectDeviceTlbs(parts, description.units().stream()
                .mapToInt(UnitDescription::segment).toArray(), fabric);
        for (int i = 0; i < units.size(); i++) {
            units.get(i).listener(new UnitMonitor(this, i));
        }
        ErrorInjections.plan(this, devices);
        contents = contents();
    }

    /** Returns whether memory at this address takes writes. */
    private boolean isWritable(long physicalAddress) {
        for (AddressRange each : readOnly) {
            if (each.contains(physicalAddress)) {
                return false;
            }
        }
        return true;
    }

    /** Returns the way of interrupts from the root complex to the processor. */
    public ProcessorWires wires() {
        return wires;
    }

    private IommuVendor vendor(UnitDescription unit) {
        return services.vendor(unit.profile().vendor());
    }

    /** Returns what its architecture fixes. */
    public Platform platform() {
        return Platform.X86;
    }

    /** Has interrupts delivered. */
    public void processor(Processor taker) {
        processor = taker;
    }

    Processor processor() {
        return processor;
    }

    /** Returns what it was made from. */
    public MachineDescription description() {
        return description;
    }

    /**
     * Reads a page of memory as a processor does: units may send it elsewhere, or have it all ones.
     *
     * @param page a multiple of 4 KiB, in memory
     * @return where it was read; -1 for nowhere
     */
    public long readByProcessor(long page, byte[] to) {
        long from = page;
        for (int i = 0; i < units.size() && from == page; i++) {
            long answer = units.get(i).processorRead(page);
            from = Translation.isUntranslated(answer) ? page
                    : Translation.isBlocked(answer) ? -1 : Translation.address(answer);
        }
        if (memory.contains(from, to.length)) {
            memory.read(from, to, 0, to.length);
            return from;
        }
        Arrays.fill(to, (byte) -1);
        return -1;
    }

    /** Returns the memory of the capture kernel. */
    public AddressRange reservation() {
        return reservation;
    }

    /** Returns whether memory is the capture kernel's, perhaps in the part that lies low. */
    public boolean isReserved(long physicalAddress) {
        AddressRange low = description.runDefaults().lowReservation();
        return reservation.contains(physicalAddress)
                || low != null && low.contains(physicalAddress);
    }

    /** Returns its memory. */
    public PhysicalMemory memory() {
        return memory;
    }

    /** Returns its clock. */
    public EventQueue queue() {
        return queue;
    }

    /** Returns what is recorded of it. */
    public Trace trace() {
        return trace;
    }

    /** Returns what reached the media of its devices. */
    public MediaStore media() {
        return media;
    }

    /** Returns the services that it is made by. */
    public Services services() {
        return services;
    }

    /** Returns its functions. */
    public Fabric fabric() {
        return fabric;
    }

    /** Returns the wires that interrupt pins lead to. */
    public InterruptLines interruptLines() {
        return interruptLines;
    }

    /** Returns the interrupt controllers that these may lead to. */
    public ControllerInputs controllers() {
        return controllers;
    }

    /** Returns its functions but for those whose slots are empty yet. */
    public List<PciFunction> functionsThere() {
        return transients.isEmpty() ? fabric.functions() : fabric.functions().stream()
                .filter(f -> !transients.contains(f.requesterId())
                        || f.headerType() == ENDPOINT).toList();
    }

    /** Returns the functions that are not there all the time: late ones, and virtual ones. */
    private static Set<Integer> transients(MachineDescription description) {
        var ids = new HashSet<>(description.runDefaults().pluggedAtCrash());
        for (FunctionConfig function : description.functions()) {
            VirtualFunctions virtual = VirtualFunctions.of(function::read);
            for (int i = 0; virtual != null && i < virtual.count(); i++) {
                ids.add(virtual.requester(function.requesterId(), i));
            }
        }
        return ids;
    }

    /** Returns its units, by index. */
    public List<RemappingUnit> units() {
        return units;
    }

    /**
     * Returns what of all that it is made of was withdrawn meanwhile, in words; null if all is
     * there.
     */
    public String withdrawn() {
        Presence presence = services.presence();
        for (Object part : contents) {
            String words = presence.withdrawn(part);
            if (words != null) {
                return words;
            }
        }
        return null;
    }

    private List<Object> contents() {
        var parts = new ArrayList<Object>();
        for (String vendor : vendorNames()) {
            parts.add(services.vendor(vendor));
            parts.add(handover(vendor));
        }
        slots.values().forEach(slot -> parts.add(slot.model()));
        parts.add(services.fabric());
        parts.add(services.rootComplex());
        parts.addAll(services.waysToMap());
        if (controllers.hardware() != null) {
            parts.add(services.interruptControllers());
        }
        return parts;
    }

    /** Returns the vendor of a unit. */
    public IommuVendor vendor(int unit) {
        return vendor(description.units().get(unit));
    }

    /**
     * Returns the disk controller that a dump is written to: the first by requester id that has a
     * driver and a model, otherwise the first without a model; none that was plugged in after the
     * crash, as nobody had set the dump up for it.
     *
     * @param drivers functions that have a driver; null for all
     * @return -1 if there is none
     */
    public int dumpTarget(Set<Integer> drivers) {
        int modelless = -1;
        for (PciFunction function : fabric.functions()) {
            int id = function.requesterId();
            if (!description.runDefaults().pluggedAtCrash().contains(id)
                    && config(id).classCode() >>> 16 == STORAGE
                    && config(id).headerType() == ENDPOINT
                    && (drivers == null || drivers.contains(id))) {
                if (device(id) != null) {
                    return id;
                }
                modelless = modelless < 0 ? id : modelless;
            }
        }
        return modelless;
    }

    /** Returns the names of the vendors of its units, each once, in the order of the units. */
    public List<String> vendorNames() {
        return description.units().stream().map(u -> u.profile().vendor()).distinct().toList();
    }

    /** Returns what kernels do by themselves with units of a vendor; null if nobody knows. */
    public KernelHandover handover(String vendor) {
        return services.handovers().get(vendor);
    }

    /** Returns the ways to map that a kernel may have where no unit translates, best first. */
    public List<DmaOpsFactory> waysToMap() {
        return services.waysToMap();
    }

    /** Returns a function as captured, or null. */
    public FunctionConfig config(int requester) {
        int place = Arrays.binarySearch(requesters, requester);
        return place < 0 ? null : configs[place];
    }

    /** Returns the device behind a function, or null. */
    public Device device(int requester) {
        DeviceSlot slot = slots.get(requester);
        return slot == null ? null : slot.device();
    }

    /** Returns the device behind a function with what belongs to it; null if there is none. */
    public DeviceSlot slot(int requester) {
        return slots.get(requester);
    }

    /** Returns the names of the options that can be asked of a function; null if none is there. */
    public Set<String> options(int requester) {
        DeviceSlot slot = slots.get(requester);
        return slot != null ? slot.options()
                : config(requester) == null ? null : ErrorInjections.OPTIONS;
    }

    /** Returns the functions that have a device behind them, by requester id. */
    public List<PciFunction> functionsWithDevice() {
        return fabric.functions().stream().filter(f -> slots.containsKey(f.requesterId()))
                .toList();
    }

    /** Makes units of the same state over {@code other} memory, with empty caches. */
    public List<RemappingUnit> unitsOver(PhysicalMemory other) {
        var copies = new ArrayList<RemappingUnit>();
        for (int i = 0; i < units.size(); i++) {
            UnitProfile profile = description.units().get(i).profile();
            var registers = new TreeMap<>(profile.registers());
            for (int offset : registers.keySet()) {
                registers.put(offset, (int) units.get(i).readRegister(offset, 4));
            }
            copies.add(vendor(i).unit(new UnitProfile(profile.vendor(), profile.name(),
                    profile.registerBase(), registers, profile.settings()), other));
        }
        return copies;
    }
}
