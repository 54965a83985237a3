// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import iommu.api.machine.ReservedRegion;
import iommu.api.machine.UnitDescription;
import iommu.api.machine.UnitDescription.Scope;
import iommu.api.memory.AddressRange;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.UnitProfile;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import kdump.importers.kernellog.LoggedUnits;
import kdump.importers.proc.UnitLog;

/**
 * Puts units together of which only the kernel's log tells. It does not say whom a unit serves that
 * is not for all others, nor whom newer kernels map reserved regions for; rules stand in.
 */
final class LoggedUnitFacts {

    private static final String VTD = "vtd";
    private static final int DISPLAY = 0x03;
    private static final int USB = 0x0c03;
    private static final int INTEL = 0x8086;
    private static final int EFR = 0x30;
    private static final long USUAL_AMD_BASE = 0xfed8_0000L;
    private static final long AMD_BYTES = 0x8_0000;
    /** What firmware needs for USB is a few pages; a graphics unit's stolen memory is more. */
    private static final long MOST_FOR_USB = 1L << 20;

    private final String name;
    private final LoggedUnits log;
    private final List<FunctionConfig> functions;
    private final List<String> remarks;

    LoggedUnitFacts(String name, LoggedUnits log, List<FunctionConfig> functions,
            List<String> remarks) {
        this.name = name;
        this.log = log;
        this.functions = functions;
        this.remarks = remarks;
    }

    /** Returns whether the log shows that firmware tells of no unit. */
    boolean hasNone() {
        return log.lacksIommuTable();
    }

    List<UnitDescription> units() {
        if (!log.vtdUnits().isEmpty()) {
            return vtd();
        }
        return log.amdUnits() > 0 ? amd() : List.of();
    }

    private List<UnitDescription> vtd() {
        List<UnitDescription> units = new ArrayList<>();
        Map<String, Long> settings = log.isQemu() ? QemuUnit.settings(remarks) : Map.of();
        boolean others = log.vtdUnits().containsValue(true);
        log.vtdUnits().forEach((base, all) -> {
            boolean serves = all || !others && log.vtdUnits().size() == 1;
            units.add(new UnitDescription(new UnitProfile(VTD, name, base, words(base), settings),
                    0, serves, serves ? List.of() : graphics(base)));
        });
        remarks.add("No DMAR table: units are those that the kernel's log tells of ("
                + log.vtdUnits().keySet().stream().map(b -> "0x" + Long.toHexString(b))
                        .collect(Collectors.joining(", ")) + "); "
                + (others ? "the one for all others serves all but what is said."
                        : "it is taken to serve every function of segment 0."));
        return units;
    }

    private Map<Integer, Integer> words(long base) {
        Map<Integer, Integer> words = new TreeMap<>();
        for (UnitLog unit : log.registers()) {
            if (unit.base() == base) {
                unit.putInto(words);
            }
        }
        return words;
    }

    /** On a desktop, the first unit that is not for all others is that of the graphics. */
    private List<Scope> graphics(long base) {
        for (FunctionConfig f : functions) {
            boolean integrated = f.classCode() >>> 16 == DISPLAY && f.u16(0) == INTEL
                    && RequesterId.bus(f.requesterId()) == 0;
            if (integrated && base == log.vtdUnits().keySet().iterator().next()) {
                remarks.add("The unit at 0x" + Long.toHexString(base) + " is taken to serve "
                        + RequesterId.format(f.requesterId()) + ", the graphics.");
                return List.of(scope(f.requesterId()));
            }
        }
        remarks.add("Nothing tells whom the unit at 0x" + Long.toHexString(base)
                + " serves: nobody here.");
        return List.of();
    }

    private List<UnitDescription> amd() {
        List<UnitDescription> units = new ArrayList<>();
        Map<Integer, Integer> words = new TreeMap<>();
        if (log.amdFeatures() != 0) {
            words.put(EFR, (int) log.amdFeatures());
            words.put(EFR + 4, (int) (log.amdFeatures() >>> 32));
        }
        int count = log.amdUnits();
        for (int i = 0; i < count; i++) {
            long base = i < log.amdBases().size() ? log.amdBases().get(i)
                    : USUAL_AMD_BASE + i * AMD_BYTES;
            units.add(new UnitDescription(new UnitProfile(AmdUnitFacts.VENDOR, name, base, words,
                    Map.of()), 0, i == 0, List.of()));
        }
        remarks.add("No IVRS table: the kernel's log tells of " + count + " AMD-Vi unit"
                + (count == 1 ? "" : "s") + (log.amdBases().size() < count
                        ? ", not where; put at 0x" + Long.toHexString(USUAL_AMD_BASE) + " and up"
                        : "") + "; the first is taken to serve every function of segment 0.");
        return units;
    }

    List<ReservedRegion> regions() {
        List<ReservedRegion> regions = new ArrayList<>();
        log.reservedRegions().forEach((range, requesters) -> {
            Collection<Integer> whose = requesters.isEmpty() ? likely(range) : requesters;
            String named = whose.isEmpty() ? "nobody" : whose.stream().map(RequesterId::format)
                    .collect(Collectors.joining(", "));
            remarks.add("The log reserves " + range + " for " + named + (requesters.isEmpty()
                    ? ", as is usual; it does not tell for whom." : "."));
            regions.add(new ReservedRegion(range,
                    whose.stream().map(LoggedUnitFacts::scope).toList()));
        });
        return regions;
    }

    private Collection<Integer> likely(AddressRange range) {
        boolean usb = range.bytes() <= MOST_FOR_USB;
        return functions.stream().filter(f -> f.headerType() == 0 && (usb
                ? f.classCode() >>> 8 == USB : f.classCode() >>> 16 == DISPLAY
                        && f.u16(0) == INTEL))
                .map(FunctionConfig::requesterId).collect(Collectors.toCollection(TreeSet::new));
    }

    private static Scope scope(int requester) {
        int bus = RequesterId.bus(requester);
        return new Scope(requester, bus + 1, bus);
    }
}
