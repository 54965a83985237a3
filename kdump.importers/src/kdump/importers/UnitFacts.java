// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import iommu.api.machine.FormatException;
import iommu.api.machine.ReservedRegion;
import iommu.api.machine.UnitDescription;
import iommu.api.machine.UnitDescription.FirmwareFlags;
import iommu.api.memory.AddressRange;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.UnitProfile;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import kdump.importers.acpi.DeviceScope;
import kdump.importers.acpi.DmarTable;
import kdump.importers.acpi.Drhd;
import kdump.importers.acpi.Rmrr;
import kdump.importers.registers.RegisterWords;

/**
 * Puts remapping units together: the DMAR table says where they are and whom they serve, config
 * space says which buses lie behind a bridge, and captured registers say what a unit held.
 */
final class UnitFacts {

    private static final int PAGE_BYTES = 4096;
    /** More than any firmware reserves: a graphics unit's stolen memory has a few GiB at most. */
    private static final long MAX_REGION_BYTES = 8L << 30;
    private static final String VENDOR = "vtd";
    private static final int MIN_ADDRESS_WIDTH = 32;
    private static final int MAX_ADDRESS_WIDTH = 52;
    private static final int QUEUE_HEAD = 0x80;
    private static final int QUEUE_TAIL = 0x88;
    private static final int BRIDGE = 1;
    private static final int SECONDARY_BUS = 0x19;
    private static final int SUBORDINATE_BUS = 0x1a;

    private static final int INTR_REMAP = 1;
    private static final int X2APIC_OPT_OUT = 2;
    /** What Linux says, dmar.c, warn_invalid_dmar. */
    private static final String NOT_AT_ZERO =
            "[Firmware Bug]: Your BIOS is broken; DMAR reported at address 0!";

    private final String name;
    private final Map<Integer, FunctionConfig> functions = new HashMap<>();
    private final List<String> remarks;
    private String hardware = "";

    /**
     * Makes one.
     *
     * @param name of the profiles
     * @param remarks receives what is assumed or left out
     */
    UnitFacts(String name, List<FunctionConfig> functions, List<String> remarks) {
        this.name = name;
        this.remarks = remarks;
        functions.forEach(f -> this.functions.put(f.requesterId(), f));
    }

    /** Returns the hardware profile that the units are like in runs; empty if none is known. */
    String hardware() {
        return hardware;
    }

    /** Returns the units of a table, each with its registers if they are among these. */
    List<UnitDescription> units(DmarTable table, List<RegisterWords> registers)
            throws FormatException {
        for (RegisterWords words : registers) {
            if (table.units().stream().noneMatch(u -> u.registerBase() == words.base())) {
                throw new FormatException(words.file(), 0, "base",
                        "0x" + Long.toHexString(words.base()), "the base of a unit in DMAR: "
                        + table.units().stream().map(u -> "0x" + Long.toHexString(u.registerBase()))
                                .collect(Collectors.joining(", ")));
            }
        }
        boolean qemu = QemuUnit.made(table);
        Map<String, Long> settings = settings(table, qemu);
        FirmwareFlags firmware = firmware(table);
        List<UnitDescription> units = new ArrayList<>();
        for (Drhd drhd : table.units()) {
            if (drhd.registerBase() == 0) {
                remarks.add("DMAR names a unit at address 0 (DRHD at 0x"
                        + Integer.toHexString(drhd.offset()) + "); left out. Kernels say \""
                        + NOT_AT_ZERO + "\", and use no unit.");
            } else {
                units.add(unit(drhd, words(drhd, of(drhd, registers), qemu), settings,
                        firmware));
            }
        }
        if (!table.skipped().isEmpty()) {
            remarks.add("DMAR structures not used: " + String.join(", ", table.skipped()) + ".");
        }
        return units;
    }

    /** Returns what the table says of the platform; a kernel refuses all of it for one bad unit. */
    private static FirmwareFlags firmware(DmarTable table) {
        boolean broken = table.units().stream().anyMatch(u -> u.registerBase() == 0);
        return new FirmwareFlags((table.flags() & INTR_REMAP) != 0,
                (table.flags() & X2APIC_OPT_OUT) != 0, broken ? NOT_AT_ZERO : "");
    }

    /** Returns what the table says of all its units; a width that no machine has is left out. */
    private Map<String, Long> settings(DmarTable table, boolean qemu) {
        var settings = new HashMap<>(qemu ? QemuUnit.settings(remarks) : Map.of());
        long width = table.hostAddressWidthBits();
        if (width >= MIN_ADDRESS_WIDTH && width <= MAX_ADDRESS_WIDTH) {
            settings.put("hostAddressWidth", width);
        }
        return settings;
    }

    private static RegisterWords of(Drhd drhd, List<RegisterWords> registers) {
        return registers.stream().filter(r -> r.base() == drhd.registerBase()).findFirst()
                .orElse(null);
    }

    private Map<Integer, Integer> words(Drhd drhd, RegisterWords registers, boolean qemu) {
        if (registers == null) {
            remarks.add("No registers captured of the unit at 0x"
                    + Long.toHexString(drhd.registerBase()) + ".");
            return Map.of();
        }
        Map<Integer, Integer> words = atRest(registers);
        if (qemu) {
            QemuUnit.putRight(words, remarks);
            hardware = QemuUnit.profile(words, remarks);
        }
        return words;
    }

    /** Returns the reserved regions of a table; those that make no sense are left out. */
    List<ReservedRegion> reservedRegions(DmarTable table) {
        List<ReservedRegion> regions = new ArrayList<>();
        for (Rmrr rmrr : table.reservedRegions()) {
            boolean sound = (rmrr.base() | rmrr.limit() + 1) % PAGE_BYTES == 0
                    && rmrr.base() >= 0 && rmrr.limit() > rmrr.base()
                    && rmrr.limit() - rmrr.base() < MAX_REGION_BYTES;
            remarks.add(String.format("DMAR reserves %08x-%08x (RMRR at 0x%x) for %s%s.",
                    rmrr.base(), rmrr.limit(), rmrr.offset(), rmrr.scopes().stream()
                            .map(s -> describe(rmrr.segment(), s))
                            .collect(Collectors.joining(", ")),
                    sound ? "" : "; left out: no whole pages, or too many"));
            if (sound) {
                List<UnitDescription.Scope> scopes = new ArrayList<>();
                rmrr.scopes().forEach(s -> addScope(rmrr.segment(), s, scopes));
                regions.add(new ReservedRegion(
                        new AddressRange(rmrr.base(), rmrr.limit() + 1), scopes));
            }
        }
        return regions;
    }

    /** Returns the one unit of a capture without DMAR: it serves everything. */
    UnitDescription onlyUnit(RegisterWords registers, boolean qemu) throws FormatException {
        registers.requireVtd();
        remarks.add("No DMAR table: one VT-d unit at 0x" + Long.toHexString(registers.base())
                + ", taken to serve every function of segment 0.");
        Map<Integer, Integer> words = atRest(registers);
        if (qemu) {
            QemuUnit.putRight(words, remarks);
            hardware = QemuUnit.profile(words, remarks);
        }
        var profile = new UnitProfile(VENDOR, name, registers.base(), words,
                qemu ? QemuUnit.settings(remarks) : Map.of());
        return new UnitDescription(profile, 0, true, List.of());
    }

    private UnitDescription unit(Drhd drhd, Map<Integer, Integer> words,
            Map<String, Long> settings, FirmwareFlags firmware) {
        List<UnitDescription.Scope> scopes = new ArrayList<>();
        for (DeviceScope scope : drhd.scopes()) {
            switch (scope.type()) {
                case DeviceScope.ENDPOINT, DeviceScope.SUB_HIERARCHY,
                        DeviceScope.NAMESPACE_DEVICE ->
                    addScope(drhd.segment(), scope, scopes);
                case DeviceScope.IO_APIC, DeviceScope.HPET -> { }
                default -> remarks.add("DMAR scope of unknown type " + scope.type() + " at 0x"
                        + Integer.toHexString(scope.offset()) + " left out.");
            }
        }
        var profile = new UnitProfile(VENDOR, name, drhd.registerBase(), words, settings);
        return new UnitDescription(profile, drhd.segment(), drhd.includePciAll(), scopes,
                firmware);
    }

    /**
     * Registers are read one after the other, so a queue may seem to be in flight; what was posted
     * then is taken as done.
     *
     * <p>Source: VT-d, "Queued Invalidation Interface".
     */
    private Map<Integer, Integer> atRest(RegisterWords registers) {
        var words = new HashMap<>(registers.words());
        Integer head = words.get(QUEUE_HEAD);
        Integer tail = words.get(QUEUE_TAIL);
        if (head != null && tail != null && !head.equals(tail)) {
            remarks.add(String.format("The invalidation queue was captured in flight (head 0x%x,"
                    + " tail 0x%x); its descriptors are taken as done.", head, tail));
            words.put(QUEUE_HEAD, tail);
        }
        return words;
    }

    private void addScope(int segment, DeviceScope scope, List<UnitDescription.Scope> scopes) {
        int requester = follow(segment, scope);
        if (requester == -1) {
            remarks.add("DMAR scope at 0x" + Integer.toHexString(scope.offset())
                    + " left out: no bridge of lspci leads to " + describe(segment, scope) + ".");
            return;
        }
        int bus = RequesterId.bus(requester);
        FunctionConfig function = functions.get(requester);
        if (scope.type() != DeviceScope.SUB_HIERARCHY) {
            scopes.add(new UnitDescription.Scope(requester, bus + 1, bus));
        } else if (function == null || function.headerType() != BRIDGE) {
            remarks.add("DMAR names " + RequesterId.format(requester)
                    + " as a bridge, lspci does not: taken as an endpoint.");
            scopes.add(new UnitDescription.Scope(requester, bus + 1, bus));
        } else {
            scopes.add(new UnitDescription.Scope(requester, function.u8(SECONDARY_BUS),
                    function.u8(SUBORDINATE_BUS)));
        }
    }

    /** Follows a path from bridge to bridge; returns -1 where it breaks off. */
    int follow(int segment, DeviceScope scope) {
        int bus = scope.startBus();
        int last = scope.path().size() - 1;
        for (int i = 0; i < last; i++) {
            FunctionConfig bridge = functions.get(requester(segment, bus, scope.path().get(i)));
            if (bridge == null || bridge.headerType() != BRIDGE) {
                return -1;
            }
            bus = bridge.u8(SECONDARY_BUS);
        }
        return requester(segment, bus, scope.path().get(last));
    }

    private static int requester(int segment, int bus, DeviceScope.Step step) {
        return RequesterId.of(segment, bus, step.device(), step.function());
    }

    private static String describe(int segment, DeviceScope scope) {
        return String.format("%04x:%02x:", segment, scope.startBus()) + scope.path().stream()
                .map(s -> String.format("%02x.%x", s.device(), s.function()))
                .collect(Collectors.joining("/"));
    }
}
