// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import iommu.api.machine.FormatException;
import iommu.api.machine.UnitDescription;
import iommu.api.machine.UnitDescription.Scope;
import iommu.api.profile.UnitProfile;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import kdump.importers.acpi.IvrsUnits;
import kdump.importers.registers.RegisterWords;

/**
 * Puts AMD-Vi units together: the IVRS table says where they are and which device ids they serve,
 * captured registers say what a unit held.
 */
final class AmdUnitFacts {

    private static final String VENDOR = "amdvi";
    private static final int BUS = 256;

    /** Register words that tell the two architectures apart. */
    private static final int DEVICE_TABLE_LOW = 0x00;
    private static final int COMMAND_BUFFER_HIGH = 0x0c;
    private static final int EVENT_LOG_HIGH = 0x14;

    private final String name;
    private final List<String> remarks;

    /**
     * Makes one.
     *
     * @param name of the profiles
     * @param remarks receives what is assumed or left out
     */
    AmdUnitFacts(String name, List<String> remarks) {
        this.name = name;
        this.remarks = remarks;
    }

    /** Returns the units of a table; {@code registers} may be null. */
    List<UnitDescription> units(List<IvrsUnits.Unit> table, RegisterWords registers)
            throws FormatException {
        if (registers != null
                && table.stream().noneMatch(u -> u.registerBase() == registers.base())) {
            throw new FormatException(registers.file(), 0, "base",
                    "0x" + Long.toHexString(registers.base()), "the base of a unit in IVRS: "
                    + table.stream().map(u -> "0x" + Long.toHexString(u.registerBase()))
                            .collect(Collectors.joining(", ")));
        }
        List<UnitDescription> units = new ArrayList<>();
        for (IvrsUnits.Unit unit : table) {
            boolean captured = registers != null && registers.base() == unit.registerBase();
            if (!captured) {
                remarks.add("No registers captured of the unit at 0x"
                        + Long.toHexString(unit.registerBase()) + ".");
            }
            List<Scope> scopes = new ArrayList<>();
            unit.ids().forEach(ids -> scopes(unit.segment() << 16, ids, scopes));
            var profile = new UnitProfile(VENDOR, name, unit.registerBase(),
                    captured ? registers.words() : Map.of(), Map.of());
            units.add(new UnitDescription(profile, unit.segment(), unit.allOthers(), scopes));
        }
        return units;
    }

    /** Splits ids into whole buses and single functions. */
    private static void scopes(int segment, IvrsUnits.Ids ids, List<Scope> scopes) {
        for (int id = ids.first(); id <= ids.last();) {
            int bus = id / BUS;
            int lastBus = (ids.last() + 1) / BUS - 1;
            if (id % BUS == 0 && lastBus >= bus) {
                scopes.add(new Scope(segment | id, bus, lastBus));
                id = (lastBus + 1) * BUS;
            } else {
                scopes.add(new Scope(segment | id, bus + 1, bus));
                id++;
            }
        }
    }

    /**
     * Returns whether registers without any ACPI table are an AMD-Vi unit's: where VT-d has version
     * and capabilities, it has bases with a size of at most 9 bits and lengths of 8 to 15.
     */
    static boolean fits(RegisterWords registers) {
        Map<Integer, Integer> words = registers.words();
        return words.containsKey(DEVICE_TABLE_LOW)
                && (words.get(DEVICE_TABLE_LOW) & 0xe00) == 0
                && length(words.get(COMMAND_BUFFER_HIGH)) >= 8
                && length(words.get(EVENT_LOG_HIGH)) >= 8;
    }

    private static int length(Integer word) {
        return word == null || (word & 0xf0f0_0000) != 0 ? 0 : word >>> 24;
    }

    /** Returns the one unit of a capture without IVRS: it serves everything. */
    UnitDescription onlyUnit(RegisterWords registers) {
        remarks.add("No IVRS table: one AMD-Vi unit at 0x" + Long.toHexString(registers.base())
                + ", taken to serve every function of segment 0.");
        var profile = new UnitProfile(VENDOR, name, registers.base(), registers.words(), Map.of());
        return new UnitDescription(profile, 0, true, List.of());
    }
}
