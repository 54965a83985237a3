// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import iommu.api.machine.UnitDescription;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import iommu.api.profile.UnitProfile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import kdump.importers.search.DeviceTableCandidate;
import kdump.importers.search.DeviceTableSearch;

/**
 * Gives AMD-Vi units whose registers nobody captured the device table that is found in memory, and
 * makes the registers up that go with it. Kernels have one table for all units of a segment.
 *
 * <p>Source of the registers: 48882, "MMIO Registers".
 */
final class FoundDeviceTables {

    /** Where QEMU has its unit. */
    private static final long USUAL_BASE = 0xfed8_0000L;
    private static final int CONTROL = 0x18;
    private static final int IOMMU_EN = 1;

    private final String name;
    private final List<String> remarks;

    /**
     * Makes one.
     *
     * @param name of profiles
     * @param remarks receives the evidence
     */
    FoundDeviceTables(String name, List<String> remarks) {
        this.name = name;
        this.remarks = remarks;
    }

    /** Returns the units with registers; without a table found, as they were. */
    List<UnitDescription> complete(List<UnitDescription> units, MemoryImage image,
            List<AddressRange> ram) throws IOException {
        UnitDescription known = units.stream().filter(u -> !UnitSources.lacksTables(u)).findFirst()
                .orElse(null);
        if (known != null) {
            return shared(units, known);
        }
        DeviceTableSearch search = DeviceTableSearch.in(image, ram);
        if (search.verified().isEmpty()) {
            remarks.add("No registers, and no device table among " + search.pages() + " pages; "
                    + search.shaped() + " stretches had the shape of one.");
            return units;
        }
        DeviceTableCandidate table = search.verified().get(0);
        remarks.add("Device tables searched for among " + search.pages() + " pages; "
                + search.shaped() + " stretches had the shape of one, " + search.verified().size()
                + " were confirmed by walking them.");
        for (DeviceTableCandidate other : search.verified().subList(1, search.verified().size())) {
            remarks.add("Also looks like a device table, not used: " + other.evidence() + ".");
        }
        List<UnitDescription> completed = new ArrayList<>();
        for (UnitDescription unit : units.isEmpty() ? List.of(onlyUnit()) : units) {
            completed.add(with(unit, table));
        }
        return completed;
    }

    /** Kernels give all units of a segment one table: what one has is what the others have. */
    private List<UnitDescription> shared(List<UnitDescription> units, UnitDescription known) {
        List<UnitDescription> completed = new ArrayList<>();
        Map<Integer, Integer> words = known.profile().registers();
        for (UnitDescription unit : units) {
            boolean takes = UnitSources.lacksTables(unit) && unit.segment() == known.segment();
            completed.add(takes ? with(unit, words.getOrDefault(0, 0), words.getOrDefault(4, 0))
                    : unit);
            if (takes) {
                remarks.add("The unit at 0x" + Long.toHexString(unit.profile().registerBase())
                        + " is taken to have the device table of that at 0x"
                        + Long.toHexString(known.profile().registerBase()) + ".");
            }
        }
        return completed;
    }

    private UnitDescription onlyUnit() {
        remarks.add("One AMD-Vi unit at 0x" + Long.toHexString(USUAL_BASE)
                + " is assumed to serve every function of segment 0.");
        return new UnitDescription(
                new UnitProfile(AmdUnitFacts.VENDOR, name, USUAL_BASE, Map.of(), Map.of()), 0, true,
                List.of());
    }

    private UnitDescription with(UnitDescription unit, DeviceTableCandidate table) {
        UnitProfile profile = unit.profile();
        remarks.add("Device table of the unit at 0x" + Long.toHexString(profile.registerBase())
                + ": " + table.evidence() + ". Its registers are made up: this table, IommuEn, no"
                + " command buffer, no event log, and features as QEMU 7.2 has them.");
        long base = table.address() | table.pages() - 1;
        return with(unit, (int) base, (int) (base >>> 32));
    }

    private static UnitDescription with(UnitDescription unit, int low, int high) {
        UnitProfile profile = unit.profile();
        Map<Integer, Integer> words = new TreeMap<>(profile.registers());
        words.put(0, low);
        words.put(4, high);
        words.put(CONTROL, IOMMU_EN);
        words.put(CONTROL + 4, 0);
        return unit.withProfile(new UnitProfile(profile.vendor(), profile.name(),
                profile.registerBase(), words, profile.settings()));
    }
}
