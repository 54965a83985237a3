// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import java.util.List;

/**
 * A device that a structure of DMAR names by the way to it.
 *
 * <p>Source: VT-d, "Device Scope Structure".
 *
 * @param offset in the file
 * @param type one of the constants here, or a value unknown to them
 * @param flags reserved before VT-d 4.0
 * @param enumerationId number of an I/O APIC, HPET or namespace device; else 0
 * @param startBus bus of the first step
 * @param path a step a bridge, the last one the device itself; at least one
 */
public record DeviceScope(int offset, int type, int flags, int enumerationId, int startBus,
        List<Step> path) {

    /** An endpoint. */
    public static final int ENDPOINT = 1;

    /** A bridge and all that lies behind it. */
    public static final int SUB_HIERARCHY = 2;

    /** An I/O APIC: the path is what its interrupts carry. */
    public static final int IO_APIC = 3;

    /** An HPET: the path is what its interrupts carry. */
    public static final int HPET = 4;

    /** A device that ACPI's namespace lists. */
    public static final int NAMESPACE_DEVICE = 5;

    /**
     * One step of a path.
     *
     * @param device 0 to 31; firmware may write more
     * @param function 0 to 7; firmware may write more
     */
    public record Step(int device, int function) { }

    static final int HEADER_BYTES = 6;
    static final int STEP_BYTES = 2;

    /** Copies the list. */
    public DeviceScope {
        path = List.copyOf(path);
    }

    /** Returns the number of bytes it takes. */
    int bytes() {
        return HEADER_BYTES + STEP_BYTES * path.size();
    }

    private String title() {
        String[] titles = {"", "PCI Endpoint Device", "PCI Bridge Device", "IOAPIC Device",
            "Message-capable HPET Device", "Namespace Device"};
        return type < titles.length ? titles[type] : "";
    }

    static int bytes(List<DeviceScope> scopes) {
        return scopes.stream().mapToInt(DeviceScope::bytes).sum();
    }

    void write(TableWriter out) {
        out.number("Device Scope Type", type, 1, title()).u8("Entry Length", bytes())
                .u16("Flags", flags).u8("Enumeration ID", enumerationId)
                .u8("PCI Bus Number", startBus);
        path.forEach(s -> out.step(s.device(), s.function()));
    }
}
