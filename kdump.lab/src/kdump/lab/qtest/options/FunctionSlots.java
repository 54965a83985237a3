// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.lab.api.LabException;
import kdump.lab.qtest.options.FunctionSlot.Port;

/**
 * The PCI functions of a machine in the order in which they are plugged, and QEMU's rules of where
 * one may be plugged, in QEMU's words. Source: QEMU 7.2, observed.
 */
public final class FunctionSlots {

    /** Index of the bus that needs no bridge. */
    public static final int BUS_0 = -1;

    private static final String ROOT_BUS = "pcie.0";
    private static final Pattern PLACE = Pattern.compile(
            "(?:0[xX])?([0-9a-fA-F]{1,7})(?:\\.(?:0[xX])?([0-9a-fA-F]{1,7}))?");
    private static final String FIRST_PORT = "ide.0";
    private static final int STORAGE_CLASS = 1;
    private static final int SATA_SUBCLASS = 6;
    private static final int SLOTS = 32;
    private static final int FUNCTIONS = 8;
    private static final int ISA_BRIDGE = 0xf8;
    private static final int SATA = 0xfa;
    private static final int SMBUS = 0xfb;
    private static final Port NO_PORT = new Port(0, 0, 0);

    private final List<FunctionSlot> slots = new ArrayList<>();
    private final Set<Integer> chassisSlots = new HashSet<>();

    /** Takes the functions that the machine itself has. */
    public FunctionSlots(boolean sata, boolean smbus) {
        fixed(FunctionKind.HOST_BRIDGE, 0, false);
        fixed(FunctionKind.ISA_BRIDGE, ISA_BRIDGE, true);
        if (sata) {
            fixed(FunctionKind.SATA, SATA, true);
        }
        if (smbus) {
            fixed(FunctionKind.SMBUS, SMBUS, true);
        }
    }

    private FunctionSlots() { }

    /** Returns those of a board that has none. */
    static FunctionSlots none() {
        return new FunctionSlots();
    }

    private void fixed(FunctionKind kind, int place, boolean multifunction) {
        slots.add(new FunctionSlot(kind, null, BUS_0, place, multifunction, NO_PORT,
                Map.of(), null));
    }

    /**
     * Returns all functions that have power, a bridge before what is behind it. A port with a slot
     * gives power if there is a function at the first place behind it; QEMU looks nowhere else.
     */
    List<FunctionSlot> all() {
        var powered = new ArrayList<FunctionSlot>();
        int[] index = new int[slots.size()];
        for (int i = 0; i < slots.size(); i++) {
            FunctionSlot one = slots.get(i);
            boolean on = one.bus() == BUS_0 || index[one.bus()] >= 0
                    && (slots.get(one.bus()).kind().flow().slot() == 0
                            || at(one.bus(), 0) != null);
            index[i] = on ? powered.size() : -1;
            if (on) {
                powered.add(one.behind(one.bus() == BUS_0 ? BUS_0 : index[one.bus()]));
            }
        }
        return powered;
    }

    /**
     * Plugs the function of a remapping unit, which has no place of its own.
     *
     * @throws LabException if no slot is free
     */
    void addUnit(FunctionKind kind, Properties device) throws LabException {
        plug(new FunctionSlot(kind, null, BUS_0, freeSlot(device, kind, BUS_0), false, NO_PORT,
                Map.of(), null), device);
    }

    /**
     * Plugs the function of a {@code -device} argument.
     *
     * @throws LabException if it cannot be plugged, or a property is unknown or has no such value
     */
    void add(FunctionKind kind, Properties device, HostBackends backends) throws LabException {
        int bus = bus(device);
        String addr = device.text("addr", null);
        boolean multifunction = device.flag("multifunction", false);
        Port port = port(kind, device);
        Map<String, String> told = told(kind, device, backends);
        int place = addr == null ? freeSlot(device, kind, bus) : place(device, addr);
        plug(new FunctionSlot(kind, device.id(), bus, place, multifunction, port, told,
                backends.drive(told.get(DeviceProperty.DRIVE.key()))), device);
        if (kind.flow().slot() > 0 && !chassisSlots.add(port.chassis() << 16 | port.slot())) {
            throw device.refusal("Can't add chassis slot, error -16");
        }
    }

    /** Takes the properties of the device itself; unknown ones are refused before wrong ones. */
    private static Map<String, String> told(FunctionKind kind, Properties device,
            HostBackends backends) throws LabException {
        var told = new HashMap<String, String>();
        List<DeviceProperty> known = kind.hosted() == null ? List.of()
                : kind.hosted().properties();
        device.refuseOthersThan(known.stream().map(DeviceProperty::key).toList());
        for (DeviceProperty property : known) {
            String value = property.take(device, backends);
            if (value != null) {
                told.put(property.key(), value);
            }
        }
        return told;
    }

    /**
     * Puts a disk behind a controller that has one by the name of the bus, whose last part is the
     * number of the port.
     *
     * @throws LabException if there is no such port, or no such drive
     */
    void addDisk(Properties disk, HostBackends backends) throws LabException {
        String bus = disk.text("bus", FIRST_PORT);
        String serial = disk.text(DeviceProperty.SERIAL.key(), "");
        String drive = disk.text(DeviceProperty.DRIVE.key(), null);
        disk.refuseOthers();
        int controller = controller(bus);
        if (controller < 0) {
            throw disk.refusal("Bus '" + bus + "' not found");
        }
        if (drive == null) {
            throw disk.refusal("No drive specified");
        }
        backends.useDrive(disk, drive);
        slots.set(controller, slots.get(controller).with(backends.drive(drive), Map.of("port",
                bus.substring(bus.length() - 1), DeviceProperty.SERIAL.key(), serial)));
    }

    private int controller(String bus) {
        for (int i = 0; i < slots.size(); i++) {
            FunctionSlot slot = slots.get(i);
            String name = slot.kind() == FunctionKind.SATA ? "ide" : slot.id();
            boolean ports = slot.kind().config()[0x0a] == SATA_SUBCLASS
                    && slot.kind().config()[0x0b] == STORAGE_CLASS;
            if (ports && bus.matches(Pattern.quote(name + ".") + "[0-5]")) {
                return i;
            }
        }
        return -1;
    }

    private int bus(Properties device) throws LabException {
        String name = device.text("bus", ROOT_BUS);
        if (name.equals(ROOT_BUS)) {
            return BUS_0;
        }
        for (int i = 0; i < slots.size(); i++) {
            if (slots.get(i).kind().isBridge() && name.equals(slots.get(i).id())) {
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

    private FunctionSlot at(int bus, int place) {
        return slots.stream().filter(s -> s.bus() == bus && s.place() == place).findFirst()
                .orElse(null);
    }

    private void plug(FunctionSlot one, Properties device) throws LabException {
        int slot = one.place() >>> 3;
        int function = one.place() & 7;
        FunctionSlot there = at(one.bus(), one.place());
        if (there != null) {
            throw device.refusal("PCI: slot " + slot + " function " + function
                    + " not available for " + one.kind().model() + ", in use by "
                    + there.kind().model() + ",id=" + (there.id() == null ? "(null)" : there.id()));
        }
        FunctionSlot first = at(one.bus(), slot << 3);
        if (function > 0 && first != null && !first.multifunction()) {
            throw device.refusal(String.format(
                    "PCI: single function device can't be populated in function %x.%x", slot,
                    function));
        }
        for (int other = 1; function == 0 && !one.multifunction() && other < FUNCTIONS; other++) {
            if (at(one.bus(), slot << 3 | other) != null) {
                throw device.refusal(String.format("PCI: %x.0 indicates single function, but "
                        + "%x.%x is already populated.", slot, slot, other));
            }
        }
        slots.add(one);
    }
}
