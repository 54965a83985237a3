// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.machine;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Bar;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.Fabric;
import iommu.api.pcie.FabricFactory;
import iommu.api.pcie.PluggedFunction;
import iommu.api.sim.EventQueue;
import iommu.api.unit.InterruptControllers;
import iommu.api.unit.IommuVendor;
import iommu.api.unit.RemappingUnit;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import kdump.lab.api.LabException;
import kdump.lab.qtest.options.FunctionSlot;
import kdump.lab.qtest.options.Hosted;
import kdump.lab.qtest.options.MachineOptions;
import kdump.lab.qtest.options.UnitSlot;
import kdump.lab.qtest.trace.EventLog;
import kdump.lab.qtest.trace.UnitTrace;

/**
 * A q35 machine without a processor: memory, a remapping unit, devices, and the functions that
 * QEMU's q35 shows without any device. One thread.
 *
 * <p>Where nothing answers, reads give 0 and writes go nowhere; so do accesses of widths that a
 * device does not take. Source: QEMU 7.2, observed.
 */
public final class Machine {

    /** Widest access where no device says anything else. */
    private static final int MOST_BYTES = 8;

    private final MachineMemory all;
    private final PhysicalMemory memory;
    private final UnitSlot slot;
    private final RemappingUnit unit;
    private final EventLog log;
    private final UnitTrace trace;
    /** Of one command: a schedule that a controller goes through for ever is one that goes on. */
    private static final int MOST_EVENTS = 100_000;

    private final EventQueue clock = new EventQueue();
    private final boolean clockByHand;
    private final ConfigAccess config;
    private final MmioMap devices;
    private final InterruptInputs inputs;

    /**
     * Puts a machine together.
     *
     * @param vendor of the unit; not asked if there is none
     * @param models make devices, by name; nothing sits behind a function whose model is not there
     * @param controllers makes the I/O APIC; null if there is none
     * @throws LabException if a file cannot be read or written
     */
    public Machine(MachineOptions options, IommuVendor vendor, FabricFactory fabrics,
            Map<String, DeviceModel> models, InterruptControllers controllers)
            throws LabException {
        all = new MachineMemory(options);
        memory = all.bytes();
        clockByHand = options.clockByHand();
        slot = options.unit();
        unit = slot == null ? null : vendor.unit(vendor.hardwareProfiles()
                .get(slot.profile().name()).over(slot.profile()), memory);
        log = new EventLog(options);
        trace = unit == null ? UnitTrace.NONE : UnitTrace.of(unit, slot, log);
        List<FunctionSlot> slots = options.slots();
        var disks = new ArrayList<Disk>();
        for (FunctionSlot place : slots) {
            disks.add(new Disk(place.drive()));
        }
        Iterator<Disk> disk = disks.iterator();
        Iterator<FunctionSlot> next = slots.iterator();
        var bridge = new MemoryBridge(this);
        Fabric fabric = fabrics.plug(plugged(slots), bridge, (function, dma) -> {
            FunctionSlot place = next.next();
            var context = new SlotContext(function, dma, clock, place.properties(), disk.next());
            Hosted hosted = place.kind().hosted();
            if (hosted != null && hosted.isOurs()) {
                return new IommuTestDevice(context, bridge, this);
            }
            DeviceModel model = hosted == null ? null : models.get(hosted.model());
            return model == null ? null : model.device(context);
        });
        devices = new MmioMap(slots, fabric.functions());
        config = new ConfigAccess(fabric, devices::changed);
        inputs = new InterruptInputs(slots, fabric.functions(), controllers, clock, bridge,
                unit != null && slot.profile().vendor().equals("amdvi"));
    }

    private static List<PluggedFunction> plugged(List<FunctionSlot> slots) {
        var plugged = new ArrayList<PluggedFunction>();
        for (int i = 0; i < slots.size(); i++) {
            int bus = i;
            plugged.add(slots.get(i).plugged(slots.stream().anyMatch(s -> s.bus() == bus)));
        }
        return plugged;
    }

    /** Returns what memory holds. */
    public PhysicalMemory memory() {
        return memory;
    }

    /** Becomes a machine whose memory is that of another one of the same command line. */
    public void takeMemory(Machine before) {
        all.take(before.all);
    }

    /** Returns whether memory at an address takes writes. */
    boolean isWritable(long address) {
        return all.isWritable(address);
    }

    /** Returns the remapping unit, or null. */
    public RemappingUnit unit() {
        return unit;
    }

    /** Returns the id under which the unit knows a requester. */
    public int known(int requester) {
        return slot.known(requester);
    }

    /** Returns what writes down what the unit does. */
    public UnitTrace trace() {
        return trace;
    }

    /** Returns what is written down. */
    public EventLog log() {
        return log;
    }

    /** Returns the inputs of the I/O APIC. */
    public InterruptInputs inputs() {
        return inputs;
    }

    /** Returns the config space of all functions. */
    public ConfigAccess config() {
        return config;
    }

    /** Returns the clock. */
    public EventQueue clock() {
        return clock;
    }

    /** Returns whether time moves only when a client says so. */
    public boolean clockByHand() {
        return clockByHand;
    }

    /**
     * Lets time pass until nothing is pending, as with a processor that sleeps, if it may; then a
     * file that memory shares holds what memory holds.
     */
    public void idle() {
        for (int i = 0; i < MOST_EVENTS && !clockByHand && clock.pending() > 0; i++) {
            clock.step(Long.MAX_VALUE);
        }
        all.share();
    }

    // ---- what a processor would do --------------------------------------------------------------

    /** Reads what answers at an address. */
    public byte[] read(long address, int bytes) {
        byte[] data = new byte[bytes];
        for (int done = 0; done < bytes;) {
            long at = address + done;
            int piece = piece(at, bytes - done);
            if (isMemory(at)) {
                memory.read(at, data, done, piece);
            } else {
                long value = readDevice(at, piece);
                for (int i = 0; i < piece; i++) {
                    data[done + i] = (byte) (value >>> 8 * i);
                }
            }
            done += piece;
        }
        return data;
    }

    /** Writes to what answers at an address. */
    public void write(long address, byte[] data) {
        for (int done = 0; done < data.length;) {
            long at = address + done;
            int piece = piece(at, data.length - done);
            if (isMemory(at)) {
                if (isWritable(at)) {
                    memory.write(at, data, done, piece);
                }
            } else {
                long value = 0;
                for (int i = piece - 1; i >= 0; i--) {
                    value = value << 8 | data[done + i] & 0xff;
                }
                writeDevice(at, piece, value);
            }
            done += piece;
        }
    }

    /** Returns whether a register of unit, device or config space lies at an address. */
    public boolean answers(long at) {
        return config.contains(at) || inUnit(at) || inputs.contains(at)
                || devices.at(at) != null;
    }

    /** Returns whether memory or a register lies at an address. */
    boolean isThere(long at) {
        return isMemory(at) || answers(at);
    }

    private boolean isMemory(long at) {
        return memory.contains(at, 1) && !config.contains(at);
    }

    /**
     * Memory is accessed page by page, devices in naturally aligned pieces of at most 8 bytes,
     * config space of at most 4.
     */
    public int piece(long at, int left) {
        if (isMemory(at)) {
            return (int) Math.min(left, PhysicalMemory.PAGE_BYTES
                    - (at & PhysicalMemory.PAGE_BYTES - 1));
        }
        boolean narrow = config.contains(at) || inputs.contains(at);
        MmioMap.Place place = narrow ? null : devices.at(at);
        long most = narrow ? 4 : place == null ? MOST_BYTES : place.hosted().mostBytes();
        int aligned = at == 0 ? 4 : (int) Math.min(most, Long.lowestOneBit(at));
        return Math.min(aligned, Integer.highestOneBit(left));
    }

    private long readDevice(long at, int bytes) {
        if (config.contains(at)) {
            return config.readAt(at, bytes);
        }
        if (inUnit(at)) {
            return slot.takes(bytes) ? unit.readRegister(slot.offset(at), bytes) : 0;
        }
        if (inputs.contains(at)) {
            return inputs.read(at, bytes);
        }
        MmioMap.Place place = devices.at(at);
        return place == null ? 0 : place.read(bytes);
    }

    private void writeDevice(long at, int bytes, long value) {
        if (config.contains(at)) {
            config.writeAt(at, bytes, (int) value);
            return;
        }
        if (inUnit(at)) {
            if (slot.takes(bytes)) {
                unit.writeRegister(slot.offset(at), bytes, value);
            }
            return;
        }
        if (inputs.contains(at)) {
            inputs.write(at, bytes, (int) value);
            return;
        }
        MmioMap.Place place = devices.at(at);
        if (place != null) {
            place.write(bytes, value);
        }
    }

    /** Reads a port of a device, all ones where there is none. */
    long readPort(int port, int bytes) {
        long value = 0;
        for (int done = 0, piece; done < bytes; done += piece) {
            piece = portPiece(port + done, bytes - done);
            MmioMap.Place place = devices.port(port + done);
            value |= (place == null ? Bar.ones(piece) : place.read(piece)) << 8 * done;
        }
        return value;
    }

    /** Writes a port of a device. */
    void writePort(int port, int bytes, long value) {
        for (int done = 0, piece; done < bytes; done += piece) {
            piece = portPiece(port + done, bytes - done);
            MmioMap.Place place = devices.port(port + done);
            if (place != null) {
                place.write(piece, value >>> 8 * done & Bar.ones(piece));
            }
        }
    }

    private static int portPiece(int port, int left) {
        return Math.min(port == 0 ? 4 : Integer.lowestOneBit(port), Integer.highestOneBit(left));
    }

    private boolean inUnit(long at) {
        return unit != null && slot.contains(at);
    }
}
