// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.Fabric;
import iommu.api.pcie.FabricFactory;
import iommu.api.pcie.PciFunction;
import iommu.api.sim.EventQueue;
import iommu.api.unit.IommuVendor;
import iommu.api.unit.RemappingUnit;
import java.util.Map;
import java.util.TreeMap;
import kdump.lab.api.LabException;

/**
 * A q35 machine without a processor: memory, a remapping unit, edu devices, and the functions that
 * QEMU's q35 shows without any device. One thread.
 *
 * <p>Where nothing answers, reads give 0 and writes go nowhere; so do accesses of widths that a
 * device does not take. Source: QEMU 7.2, observed.
 */
final class Machine {

    private static final int FIRST_BAR = 0x10;
    private static final int COMMAND = 0x04;
    private static final int MEMORY_SPACE = 2;

    private final MachineMemory all;
    private final PhysicalMemory memory;
    private final UnitSeat seat;
    private final RemappingUnit unit;
    private final EventQueue clock = new EventQueue();
    private final boolean clockByHand;
    private final Map<Integer, Device> devices = new TreeMap<>();
    private final Fabric fabric;

    /**
     * Puts a machine together.
     *
     * @param vendor of the unit; not asked if there is none
     * @throws LabException if the file that memory begins as cannot be read
     */
    Machine(MachineOptions options, IommuVendor vendor, FabricFactory fabrics, DeviceModel edu)
            throws LabException {
        all = MachineMemory.of(options);
        memory = all.bytes();
        clockByHand = options.clockByHand();
        seat = options.unit();
        unit = seat == null ? null : vendor.unit(seat.profile(), memory);
        var masks = new TreeMap<Integer, Long>();
        options.edus().forEach(e -> masks.put(e.requester(), e.mask()));
        fabric = fabrics.build(Q35Functions.of(options), new MemoryBridge(this),
                (function, dma) -> masks.containsKey(function.requesterId())
                        ? seat(edu.device(new EduContext(function, dma, clock,
                                masks.get(function.requesterId()))), function) : null);
    }

    private Device seat(Device device, PciFunction function) {
        devices.put(function.requesterId(), device);
        return device;
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

    /** Returns the functions. */
    Fabric fabric() {
        return fabric;
    }

    /** Returns the clock. */
    EventQueue clock() {
        return clock;
    }

    /** Returns whether time moves only when a client says so. */
    boolean clockByHand() {
        return clockByHand;
    }

    /** Lets time pass until nothing is pending, as with a processor that sleeps; if it may. */
    void idle() {
        while (!clockByHand && clock.pending() > 0) {
            clock.step(Long.MAX_VALUE);
        }
    }

    // ---- what a processor would do --------------------------------------------------------------

    /** Reads what answers at an address. */
    byte[] read(long address, int bytes) {
        byte[] data = new byte[bytes];
        for (int done = 0; done < bytes;) {
            long at = address + done;
            int piece = piece(at, bytes - done);
            if (memory.contains(at, 1)) {
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
            if (memory.contains(at, 1)) {
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

    /** Memory is accessed page by page, devices in naturally aligned pieces of at most 8 bytes. */
    private int piece(long at, int left) {
        if (memory.contains(at, 1)) {
            return (int) Math.min(left, PhysicalMemory.PAGE_BYTES
                    - (at & PhysicalMemory.PAGE_BYTES - 1));
        }
        int aligned = at == 0 ? 8 : (int) Math.min(8, Long.lowestOneBit(at));
        return Math.min(aligned, Integer.highestOneBit(left));
    }

    private long readDevice(long at, int bytes) {
        if (bytes < 4) {
            return 0;
        }
        if (inUnit(at)) {
            return unit.readRegister(seat.offset(at), bytes);
        }
        PciFunction function = decoder(at);
        return function == null ? 0 : function.readRegister((int) (at - bar(function)), bytes);
    }

    private void writeDevice(long at, int bytes, long value) {
        if (bytes < 4) {
            return;
        }
        if (inUnit(at)) {
            unit.writeRegister(seat.offset(at), bytes, value);
            return;
        }
        PciFunction function = decoder(at);
        if (function != null) {
            function.writeRegister((int) (at - bar(function)), bytes, value);
        }
    }

    private boolean inUnit(long at) {
        return unit != null && seat.contains(at);
    }

    /** Returns the function whose BAR 0 covers an address; a BAR of 0 covers none. */
    private PciFunction decoder(long at) {
        for (Map.Entry<Integer, Device> seat : devices.entrySet()) {
            PciFunction function = fabric.function(seat.getKey());
            long bar = bar(function);
            if (bar != 0 && (function.readConfig(COMMAND, 2) & MEMORY_SPACE) != 0
                    && at >= bar && at < bar + seat.getValue().registerBytes()) {
                return function;
            }
        }
        return null;
    }

    private static long bar(PciFunction function) {
        return function.readConfig(FIRST_BAR, 4) & 0xffff_fff0L;
    }
}
