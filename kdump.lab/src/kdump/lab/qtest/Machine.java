// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.Fabric;
import iommu.api.pcie.FabricFactory;
import iommu.api.pcie.PluggedFunction;
import iommu.api.sim.EventQueue;
import iommu.api.unit.IommuVendor;
import iommu.api.unit.RemappingUnit;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.api.LabException;

/**
 * A q35 machine without a processor: memory, a remapping unit, edu devices, and the functions that
 * QEMU's q35 shows without any device. One thread.
 *
 * <p>Where nothing answers, reads give 0 and writes go nowhere; so do accesses of widths that a
 * device does not take. Source: QEMU 7.2, observed.
 */
final class Machine {

    /** Devices take accesses of 4 bytes and more. */
    private static final int LEAST_BYTES = 4;

    private final MachineMemory all;
    private final PhysicalMemory memory;
    private final UnitSeat seat;
    private final RemappingUnit unit;
    private final EventLog log;
    private final UnitTrace trace;
    private final EventQueue clock = new EventQueue();
    private final boolean clockByHand;
    private final ConfigAccess config;
    private final MmioMap devices;

    /**
     * Puts a machine together.
     *
     * @param vendor of the unit; not asked if there is none
     * @param edu makes devices; not asked if there are none
     * @throws LabException if a file cannot be read or written
     */
    Machine(MachineOptions options, IommuVendor vendor, FabricFactory fabrics, DeviceModel edu)
            throws LabException {
        all = new MachineMemory(options);
        memory = all.bytes();
        clockByHand = options.clockByHand();
        seat = options.unit();
        unit = seat == null ? null : vendor.unit(vendor.hardwareProfiles()
                .get(seat.profile().name()).over(seat.profile()), memory);
        log = new EventLog(options);
        trace = unit == null ? UnitTrace.NONE : UnitTrace.of(unit, seat, log);
        List<Seat> seats = options.seats();
        var behind = new ArrayList<Device>();
        Fabric fabric = fabrics.plug(plugged(seats), new MemoryBridge(this), (function, dma) -> {
            Seat place = seats.get(behind.size());
            behind.add(place.kind() == FunctionKind.EDU
                    ? edu.device(new EduContext(function, dma, clock, place.mask())) : null);
            return behind.get(behind.size() - 1);
        });
        devices = new MmioMap(seats, fabric.functions(), behind);
        config = new ConfigAccess(fabric, devices::changed);
    }

    private static List<PluggedFunction> plugged(List<Seat> seats) {
        var plugged = new ArrayList<PluggedFunction>();
        for (int i = 0; i < seats.size(); i++) {
            int bus = i;
            plugged.add(seats.get(i).plugged(seats.stream().anyMatch(s -> s.bus() == bus)));
        }
        return plugged;
    }

    /** Returns whether a machine needs devices to be made. */
    static boolean hasDevices(MachineOptions options) {
        return options.seats().stream().anyMatch(s -> s.kind() == FunctionKind.EDU);
    }

    /** Returns what memory holds. */
    PhysicalMemory memory() {
        return memory;
    }

    /** Returns whether memory at an address takes writes. */
    boolean isWritable(long address) {
        return all.isWritable(address);
    }

    /** Returns the remapping unit, or null. */
    RemappingUnit unit() {
        return unit;
    }

    /** Returns the id under which the unit knows a requester. */
    int known(int requester) {
        return seat.known(requester);
    }

    /** Returns what writes down what the unit does. */
    UnitTrace trace() {
        return trace;
    }

    /** Returns what is written down. */
    EventLog log() {
        return log;
    }

    /** Returns the config space of all functions. */
    ConfigAccess config() {
        return config;
    }

    /** Returns the clock. */
    EventQueue clock() {
        return clock;
    }

    /** Returns whether time moves only when a client says so. */
    boolean clockByHand() {
        return clockByHand;
    }

    /**
     * Lets time pass until nothing is pending, as with a processor that sleeps, if it may; then a
     * file that memory shares holds what memory holds.
     */
    void idle() {
        while (!clockByHand && clock.pending() > 0) {
            clock.step(Long.MAX_VALUE);
        }
        all.share();
    }

    // ---- what a processor would do --------------------------------------------------------------

    /** Reads what answers at an address. */
    byte[] read(long address, int bytes) {
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
    void write(long address, byte[] data) {
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
    boolean answers(long at) {
        return config.contains(at) || inUnit(at) || devices.at(at) != null;
    }

    private boolean isMemory(long at) {
        return memory.contains(at, 1) && !config.contains(at);
    }

    /**
     * Memory is accessed page by page, devices in naturally aligned pieces of at most 8 bytes,
     * config space of at most 4.
     */
    int piece(long at, int left) {
        if (isMemory(at)) {
            return (int) Math.min(left, PhysicalMemory.PAGE_BYTES
                    - (at & PhysicalMemory.PAGE_BYTES - 1));
        }
        long most = config.contains(at) ? 4 : 8;
        int aligned = at == 0 ? 4 : (int) Math.min(most, Long.lowestOneBit(at));
        return Math.min(aligned, Integer.highestOneBit(left));
    }

    private long readDevice(long at, int bytes) {
        if (config.contains(at)) {
            return config.readAt(at, bytes);
        }
        if (inUnit(at)) {
            return seat.takes(bytes) ? unit.readRegister(seat.offset(at), bytes) : 0;
        }
        MmioMap.Place place = bytes < LEAST_BYTES ? null : devices.at(at);
        return place == null ? 0 : place.function().readRegister(place.offset(), bytes);
    }

    private void writeDevice(long at, int bytes, long value) {
        if (config.contains(at)) {
            config.writeAt(at, bytes, (int) value);
            return;
        }
        if (inUnit(at)) {
            if (seat.takes(bytes)) {
                unit.writeRegister(seat.offset(at), bytes, value);
            }
            return;
        }
        MmioMap.Place place = bytes < LEAST_BYTES ? null : devices.at(at);
        if (place != null) {
            place.function().writeRegister(place.offset(), bytes, value);
        }
    }

    private boolean inUnit(long at) {
        return unit != null && seat.contains(at);
    }
}
