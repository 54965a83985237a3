// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import iommu.api.machine.MachineDescription;
import iommu.api.machine.UnitDescription;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import iommu.api.profile.UnitProfile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import kdump.importers.proc.UnitLog;
import kdump.importers.search.RootCandidate;
import kdump.importers.search.RootSearch;

/**
 * Gives units whose registers nobody captured the root tables that are found in memory, and makes
 * the registers up that go with them.
 *
 * <p>Each table goes to the unit that serves most of its contexts, the one with most mappings
 * first; a unit gets one. Source of the registers: VT-d, "Register Descriptions".
 */
final class FoundTables {

    /** Where QEMU and most chipsets of one unit have its registers. */
    private static final long USUAL_BASE = 0xfed9_0000L;

    private static final int GSTS = 0x1c;
    private static final int RTADDR = 0x20;
    private static final int TRANSLATING = 0xc000_0000;
    private static final long SCALABLE_ROOT = 0x400;

    /** Version 1.0, 39- and 48-bit tables, large pages; what QEMU 7.2 says of its unit. */
    private static final UnitLog LEGACY =
            new UnitLog(USUAL_BASE, 0x10, 0x00d2_008c_222f_0606L, 0x00f0_0f4aL);

    /** The same with scalable mode. */
    private static final UnitLog SCALABLE =
            new UnitLog(USUAL_BASE, 0x10, 0x00d2_008c_222f_0606L, 0x4800_80f0_0f4aL);

    private final String name;
    private final List<UnitLog> log;
    private final List<String> remarks;

    /**
     * Makes one.
     *
     * @param name of profiles
     * @param log what the kernel said of its units; may be empty
     * @param remarks receives the evidence
     */
    FoundTables(String name, List<UnitLog> log, List<String> remarks) {
        this.name = name;
        this.log = log;
        this.remarks = remarks;
    }

    /** Returns the units with registers; without a table found, as they were. */
    List<UnitDescription> complete(List<UnitDescription> units, MemoryImage image,
            List<AddressRange> ram, List<AddressRange> lost) throws IOException {
        RootSearch search = RootSearch.in(image, ram, lost);
        Set<Long> known = units.stream().filter(u -> !UnitSources.lacksTables(u))
                .map(FoundTables::root).collect(Collectors.toSet());
        if (search.verified().stream().allMatch(c -> known.contains(c.address()))) {
            remarks.add("No registers, and no root table among " + search.pages()
                    + " pages; " + search.shaped() + " had the shape of one.");
            rejected(search);
            return units;
        }
        remarks.add("Root tables searched for among " + search.pages() + " pages; "
                + search.shaped() + " had the shape of one, " + search.verified().size()
                + " were confirmed by walking them.");
        List<UnitDescription> completed = new ArrayList<>(units.isEmpty() ? List.of(onlyUnit())
                : units);
        rejected(search);
        for (RootCandidate found : search.verified()) {
            if (known.contains(found.address())) {
                continue;
            }
            int unit = unitOf(found, completed);
            if (unit < 0) {
                remarks.add("Also looks like a root table, not used: " + found.evidence() + ".");
            } else {
                completed.set(unit, with(completed.get(unit), found));
            }
        }
        return completed;
    }

    private void rejected(RootSearch search) {
        for (RootCandidate candidate : search.rejected()) {
            remarks.add("Has the shape of a root table, but is none: " + candidate.evidence()
                    + ".");
        }
    }

    /** Returns where a unit has its root table, by its register RTADDR. */
    static long root(UnitDescription unit) {
        Map<Integer, Integer> words = unit.profile().registers();
        return (Integer.toUnsignedLong(words.getOrDefault(RTADDR, 0))
                | (long) words.getOrDefault(RTADDR + 4, 0) << 32) & -4096;
    }

    private UnitDescription onlyUnit() {
        long base = log.isEmpty() ? USUAL_BASE : log.get(0).base();
        remarks.add("One VT-d unit at 0x" + Long.toHexString(base)
                + " is assumed to serve every function of segment 0.");
        return new UnitDescription(new UnitProfile("vtd", name, base, Map.of(), Map.of()), 0, true,
                List.of());
    }

    /** Returns the unit that serves most of the contexts, if it has no table yet; else -1. */
    private int unitOf(RootCandidate found, List<UnitDescription> units) {
        int[] served = new int[units.size()];
        var machine = new MachineDescription(name, name, null, null, units, List.of(), null, "", "",
                "", List.of());
        int best = -1;
        for (int requester : found.requesters()) {
            int unit = machine.unitOf(requester);
            if (unit >= 0 && (++served[unit] > (best < 0 ? 0 : served[best]))) {
                best = unit;
            }
        }
        best = best < 0 && units.size() == 1 ? 0 : best;
        return best >= 0 && UnitSources.lacksTables(units.get(best)) ? best : -1;
    }

    private UnitDescription with(UnitDescription unit, RootCandidate found) {
        UnitProfile profile = unit.profile();
        UnitLog logged = log.stream().filter(l -> l.base() == profile.registerBase()).findFirst()
                .orElse(null);
        UnitLog values = logged != null ? logged : found.scalable() ? SCALABLE : LEGACY;
        remarks.add("Root table of the unit at 0x" + Long.toHexString(profile.registerBase())
                + ": " + found.evidence() + ". Its registers are made up: this table, translation"
                + " on, and capabilities " + (logged != null ? "as the kernel's log has them."
                : "as QEMU 7.2 has them."));
        Map<Integer, Integer> words = new TreeMap<>();
        values.putInto(words);
        words.put(GSTS, TRANSLATING);
        put(words, RTADDR, found.address() | (found.scalable() ? SCALABLE_ROOT : 0));
        return unit.withProfile(new UnitProfile(profile.vendor(), profile.name(),
                profile.registerBase(), words, profile.settings()));
    }

    private static void put(Map<Integer, Integer> words, int offset, long value) {
        words.put(offset, (int) value);
        words.put(offset + 4, (int) (value >>> 32));
    }
}
