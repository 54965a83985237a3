// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import iommu.api.machine.FormatException;
import iommu.api.machine.ReservedRegion;
import iommu.api.machine.UnitDescription;
import iommu.api.machine.UnitDescription.Scope;
import iommu.api.memory.AddressRange;
import iommu.api.profile.UnitProfile;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import kdump.importers.acpi.IvrsBlock;
import kdump.importers.acpi.IvrsTable;
import kdump.importers.acpi.IvrsUnits;
import kdump.importers.registers.RegisterWords;

/**
 * Puts AMD-Vi units together: the IVRS table says where they are and which device ids they serve,
 * captured registers say what a unit held.
 */
final class AmdUnitFacts {

    /** The name of the vendor. */
    static final String VENDOR = "amdvi";
    private static final int BUS = 256;

    /** Register words that tell the two architectures apart. */
    private static final int DEVICE_TABLE_LOW = 0x00;
    private static final int COMMAND_BUFFER_HIGH = 0x0c;
    private static final int EVENT_LOG_HIGH = 0x14;

    private static final int PAGE_BYTES = 4096;
    /** More than any firmware reserves: 1 GiB. */
    private static final long MAX_REGION_BYTES = 1L << 30;
    private static final int UNITY = 1;
    private static final int EXCLUSION = 8;

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

    /** Returns the units of a table, each with its registers if they are among these. */
    List<UnitDescription> units(IvrsTable table, List<RegisterWords> registers)
            throws FormatException {
        List<IvrsUnits.Unit> units = IvrsUnits.of(table);
        for (RegisterWords words : registers) {
            if (units.stream().noneMatch(u -> u.block().registerBase() == words.base())) {
                throw new FormatException(words.file(), 0, "base", hex(words.base()),
                        "the base of a unit in IVRS: " + units.stream()
                                .map(u -> hex(u.block().registerBase()))
                                .collect(Collectors.joining(", ")));
            }
        }
        return units.stream().map(unit -> unit(unit, registers)).toList();
    }

    /**
     * Returns what IVRS has devices do DMA to: its unity mappings, and its exclusion ranges, which
     * kernels map likewise. Rights that it leaves out are not looked at.
     */
    List<ReservedRegion> reservedRegions(IvrsTable table) {
        List<ReservedRegion> regions = new ArrayList<>();
        for (IvrsBlock.Ivmd region : table.memory()) {
            boolean sound = (region.start() | region.length()) % PAGE_BYTES == 0
                    && region.start() >= 0 && region.length() > 0
                    && region.length() < MAX_REGION_BYTES && ids(region) != null
                    && (region.flags() & (UNITY | EXCLUSION)) != 0;
            remarks.add(String.format("IVRS reserves %08x-%08x (IVMD at 0x%x)%s.", region.start(),
                    region.start() + region.length() - 1, region.offset(), sound ? ""
                            : "; left out: no whole pages, too many, no devices, or nothing"
                                    + " asked"));
            if (sound) {
                List<Scope> scopes = new ArrayList<>();
                scopes(0, ids(region), scopes);
                regions.add(new ReservedRegion(
                        AddressRange.of(region.start(), region.length()), scopes));
            }
        }
        return regions;
    }

    private static IvrsUnits.Ids ids(IvrsBlock.Ivmd region) {
        return switch (region.type()) {
            case IvrsBlock.Ivmd.ALL -> new IvrsUnits.Ids(0, 0xffff);
            case IvrsBlock.Ivmd.ONE -> new IvrsUnits.Ids(region.deviceId(), region.deviceId());
            case IvrsBlock.Ivmd.RANGE -> region.deviceId() > region.auxiliary() ? null
                    : new IvrsUnits.Ids(region.deviceId(), region.auxiliary());
            default -> null;
        };
    }

    private UnitDescription unit(IvrsUnits.Unit unit, List<RegisterWords> registers) {
        long base = unit.block().registerBase();
        Map<Integer, Integer> words = registers.stream().filter(r -> r.base() == base).findFirst()
                .map(RegisterWords::words).orElse(Map.of());
        if (words.isEmpty()) {
            remarks.add("No registers captured of the unit at " + hex(base) + ".");
        }
        List<Scope> scopes = new ArrayList<>();
        unit.ids().forEach(ids -> scopes(unit.block().segment() << 16, ids, scopes));
        return new UnitDescription(new UnitProfile(VENDOR, name, base,
                words, Map.of()), unit.block().segment(),
                unit.allOthers(), scopes);
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value);
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
        remarks.add("No IVRS table: one AMD-Vi unit at " + hex(registers.base())
                + ", taken to serve every function of segment 0.");
        var profile = new UnitProfile(VENDOR, name, registers.base(), registers.words(), Map.of());
        return new UnitDescription(profile, 0, true, List.of());
    }
}
