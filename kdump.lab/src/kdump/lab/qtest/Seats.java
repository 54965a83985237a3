// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.lab.api.LabException;
import kdump.lab.qtest.Seat.Port;

/**
 * The PCI functions of a machine in the order in which they are plugged, and QEMU's rules of where
 * one may be plugged, in QEMU's words. Source: QEMU 7.2, observed.
 */
final class Seats {

    /** Index of the bus that needs no bridge. */
    static final int BUS_0 = -1;

    private static final String ROOT_BUS = "pcie.0";
    private static final Pattern PLACE = Pattern.compile(
            "(?:0[xX])?([0-9a-fA-F]{1,7})(?:\\.(?:0[xX])?([0-9a-fA-F]{1,7}))?");
    private static final int SLOTS = 32;
    private static final int FUNCTIONS = 8;
    private static final int ISA_BRIDGE = 0xf8;
    private static final int SATA = 0xfa;
    private static final int SMBUS = 0xfb;
    private static final long DEFAULT_MASK = (1L << 28) - 1;
    private static final Port NO_PORT = new Port(0, 0, 0);

    private final List<Seat> seats = new ArrayList<>();
    private final Set<Integer> chassisSlots = new HashSet<>();

    /** Takes the functions that the machine itself has. */
    Seats(boolean sata, boolean smbus) {
        fixed(FunctionKind.HOST_BRIDGE, 0, false);
        fixed(FunctionKind.ISA_BRIDGE, ISA_BRIDGE, true);
        if (sata) {
            fixed(FunctionKind.SATA, SATA, true);
        }
        if (smbus) {
            fixed(FunctionKind.SMBUS, SMBUS, true);
        }
    }

    private void fixed(FunctionKind kind, int place, boolean multifunction) {
        seats.add(new Seat(kind, null, BUS_0, place, multifunction, NO_PORT, 0));
    }

    /**
     * Returns all functions that have power, a bridge before what is behind it. A port with a slot
     * gives power if there is a function at the first place behind it; QEMU looks nowhere else.
     */
    List<Seat> all() {
        var powered = new ArrayList<Seat>();
        int[] index = new int[seats.size()];
        for (int i = 0; i < seats.size(); i++) {
            Seat seat = seats.get(i);
            boolean on = seat.bus() == BUS_0 || index[seat.bus()] >= 0
                    && (seats.get(seat.bus()).kind().flow().slot() == 0
                            || at(seat.bus(), 0) != null);
            index[i] = on ? powered.size() : -1;
            if (on) {
                powered.add(seat.behind(seat.bus() == BUS_0 ? BUS_0 : index[seat.bus()]));
            }
        }
        return powered;
    }

    /**
     * Plugs the function of a remapping unit, which has no place of its own.
     *
     * @throws LabException if no slot is free
     */
    void addUnit(Properties device) throws LabException {
        plug(new Seat(FunctionKind.AMD_IOMMU, null, BUS_0, freeSlot(device,
                FunctionKind.AMD_IOMMU, BUS_0), false, NO_PORT, 0), device);
    }

    /**
     * Plugs the function of a {@code -device} argument.
     *
     * @throws LabException if it cannot be plugged, or a property is unknown or has no such value
     */
    void add(FunctionKind kind, Properties device) throws LabException {
        int bus = bus(device);
        String addr = device.text("addr", null);
        boolean multifunction = device.flag("multifunction", false);
        Port port = port(kind, device);
        long mask = kind == FunctionKind.EDU ? device.number("dma_mask", DEFAULT_MASK)
                : DEFAULT_MASK;
        device.refuseOthers();
        int place = addr == null ? freeSlot(device, kind, bus) : place(device, addr);
        plug(new Seat(kind, device.id(), bus, place, multifunction, port, mask), device);
        if (kind.flow().slot() > 0 && !chassisSlots.add(port.chassis() << 16 | port.slot())) {
            throw device.refusal("Can't add chassis slot, error -16");
        }
    }

    private int bus(Properties device) throws LabException {
        String name = device.text("bus", ROOT_BUS);
        if (name.equals(ROOT_BUS)) {
            return BUS_0;
        }
        for (int i = 0; i < seats.size(); i++) {
            if (seats.get(i).kind().isBridge() && name.equals(seats.get(i).id())) {
                return i;
            }
        }
        throw device.refusal("Bus '" + name + "' not found");
    }

    private static Port port(FunctionKind kind, Properties device) throws LabException {
        if (kind == FunctionKind.PCI_BRIDGE) {
            int chassis = device.small("chassis_nr", 0, 0xff);
            if (chassis == 0) {
                throw device.refusal("Bridge chassis not specified. Each bridge is required to be "
                        + "assigned a unique chassis id > 0.");
            }
            return new Port(0, chassis, 0);
        }
        int number = kind.flow().link() == 0 ? 0 : device.small("port", 0, 0xff);
        return kind.flow().slot() == 0 ? new Port(number, 0, 0) : new Port(number,
                device.small("chassis", 0, 0xff), device.small("slot", 0, 0xffff));
    }

    private static int place(Properties device, String addr) throws LabException {
        Matcher place = PLACE.matcher(addr);
        boolean matches = place.matches();
        int slot = matches ? Integer.parseInt(place.group(1), 16) : SLOTS;
        int function = matches && place.group(2) != null
                ? Integer.parseInt(place.group(2), 16) : 0;
        if (slot >= SLOTS || function >= FUNCTIONS) {
            throw device.refusal("Property '" + device.value() + ".addr' doesn't take value '"
                    + addr + "'");
        }
        return slot << 3 | function;
    }

    private int freeSlot(Properties device, FunctionKind kind, int bus) throws LabException {
        for (int slot = 0; slot < SLOTS; slot++) {
            if (at(bus, slot << 3) == null) {
                return slot << 3;
            }
        }
        throw device.refusal("PCI: no slot/function available for " + kind.model()
                + ", all in use or reserved");
    }

    private Seat at(int bus, int place) {
        return seats.stream().filter(s -> s.bus() == bus && s.place() == place).findFirst()
                .orElse(null);
    }

    private void plug(Seat seat, Properties device) throws LabException {
        int slot = seat.place() >>> 3;
        int function = seat.place() & 7;
        Seat there = at(seat.bus(), seat.place());
        if (there != null) {
            throw device.refusal("PCI: slot " + slot + " function " + function
                    + " not available for " + seat.kind().model() + ", in use by "
                    + there.kind().model() + ",id=" + (there.id() == null ? "(null)" : there.id()));
        }
        Seat first = at(seat.bus(), slot << 3);
        if (function > 0 && first != null && !first.multifunction()) {
            throw device.refusal(String.format(
                    "PCI: single function device can't be populated in function %x.%x", slot,
                    function));
        }
        for (int other = 1; function == 0 && !seat.multifunction() && other < FUNCTIONS; other++) {
            if (at(seat.bus(), slot << 3 | other) != null) {
                throw device.refusal(String.format("PCI: %x.0 indicates single function, but "
                        + "%x.%x is already populated.", slot, slot, other));
            }
        }
        seats.add(seat);
    }
}
