// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import iommu.api.machine.FirmwareTable.Finding;
import iommu.api.pcie.FunctionConfig;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The checks of a DMAR table's structures. Source: VT-d, "BIOS Considerations"; what else Linux
 * complains of, in the messages of its DMAR code.
 */
final class DmarLint {

    private static final int KNOWN_FLAGS = 7;
    private static final int PAGE_MASK = 0xfff;
    private static final int ALL_PORTS = 1;

    private final DmarTable table;
    private final List<Finding> findings;
    private final ScopeLint scopes;
    private final Map<Long, Integer> bases = new HashMap<>();
    private final Map<Integer, Integer> includeAll = new HashMap<>();
    private final Set<Integer> declared = new HashSet<>();

    DmarLint(DmarTable table, List<FunctionConfig> functions, List<Finding> findings) {
        this.table = table;
        this.findings = findings;
        scopes = new ScopeLint(functions, findings);
    }

    void check() {
        if ((table.flags() & ~KNOWN_FLAGS) != 0) {
            add(37, "DMAR.flags", "reserved bits of 0x" + Integer.toHexString(table.flags()));
        }
        if (table.hostAddressWidthBits() < 32 || table.hostAddressWidthBits() > 57) {
            add(36, "DMAR.hostAddressWidth", table.hostAddressWidthBits() + " bits");
        }
        if (table.units().isEmpty()) {
            add(DmarReader.HEADER_BYTES, "DMAR", "no DRHD");
        }
        table.all(DmarStructure.Andd.class).forEach(a -> declared.add(a.number()));
        int before = 0;
        for (DmarStructure structure : table.structures()) {
            if (structure.type() < before) {
                add(structure.offset(), DmarStructure.name(structure.type()),
                        "after a " + DmarStructure.name(before) + ": types must ascend");
            }
            before = Math.max(before, structure.type());
            checkKind(structure);
            scopes.check(structure, segmentOf(structure), declared);
        }
    }

    private void add(int offset, String field, String message) {
        findings.add(new Finding(offset, field, message));
    }

    private static int segmentOf(DmarStructure structure) {
        if (structure instanceof Drhd drhd) {
            return drhd.segment();
        }
        if (structure instanceof Rmrr rmrr) {
            return rmrr.segment();
        }
        if (structure instanceof DmarStructure.Atsr atsr) {
            return atsr.segment();
        }
        return structure instanceof DmarStructure.SocDevices soc ? soc.segment() : 0;
    }

    private void checkKind(DmarStructure structure) {
        if (structure instanceof Drhd drhd) {
            check(drhd);
        } else if (structure instanceof Rmrr rmrr) {
            check(rmrr);
        } else if (structure instanceof DmarStructure.Atsr atsr) {
            if ((atsr.flags() & ALL_PORTS) != 0 == !atsr.scopes().isEmpty()) {
                add(atsr.offset() + 4, "ATSR.flags", atsr.scopes().isEmpty()
                        ? "names no port" : "all ports, and some by name");
            }
        } else if (structure instanceof DmarStructure.Rhsa rhsa) {
            if (table.units().stream().noneMatch(u -> u.registerBase() == rhsa.registerBase())) {
                add(rhsa.offset() + 8, "RHSA.registerBase", "0x"
                        + Long.toHexString(rhsa.registerBase()) + " is no unit's");
            }
        } else if (structure instanceof DmarStructure.Andd andd) {
            check(andd);
        } else if (structure instanceof DmarStructure.Other other) {
            add(other.offset(), DmarStructure.name(other.type()), other.type() > 6
                    ? "unknown type" : "0x" + Integer.toHexString(other.bytes())
                    + " bytes do not fit the type");
        }
    }

    private void check(Drhd unit) {
        int at = unit.offset();
        if (unit.registerBase() == 0 || unit.registerBase() == -1) {
            add(at + 8, "DRHD.registerBase", "0x" + Long.toHexString(unit.registerBase()));
        } else {
            if ((unit.registerBase() & PAGE_MASK) != 0) {
                add(at + 8, "DRHD.registerBase", "0x" + Long.toHexString(unit.registerBase())
                        + " is no page");
            }
            Integer first = bases.putIfAbsent(unit.registerBase(), at);
            if (first != null) {
                add(at + 8, "DRHD.registerBase", "0x" + Long.toHexString(unit.registerBase())
                        + " again, as at 0x" + Integer.toHexString(first));
            }
        }
        if ((unit.flags() & ~1) != 0) {
            add(at + 4, "DRHD.flags", "reserved bits of 0x" + Integer.toHexString(unit.flags()));
        }
        Integer all = includeAll.get(unit.segment());
        if (all != null) {
            add(at, "DRHD", "after the unit of segment " + unit.segment()
                    + " that serves all other functions, at 0x" + Integer.toHexString(all));
        }
        if (unit.includePciAll()) {
            includeAll.putIfAbsent(unit.segment(), at);
        } else if (unit.scopes().isEmpty()) {
            add(at, "DRHD", "serves no function");
        }
    }

    private void check(Rmrr region) {
        int at = region.offset();
        long base = region.base();
        long limit = region.limit();
        if ((base & PAGE_MASK) != 0 || (limit + 1 & PAGE_MASK) != 0) {
            add(at + 8, "RMRR.base", String.format("%x to %x are no whole pages", base, limit));
        }
        if (Long.compareUnsigned(limit, base) <= 0) {
            add(at + 16, "RMRR.limit", String.format("%x is not above the base %x", limit, base));
        } else if (table.hostAddressWidthBits() < Long.SIZE
                && limit >>> table.hostAddressWidthBits() != 0) {
            add(at + 16, "RMRR.limit", Long.toHexString(limit) + " exceeds the address width");
        }
        if (region.scopes().isEmpty()) {
            add(at, "RMRR", "names no device");
        }
        for (Rmrr other : table.reservedRegions()) {
            if (other.offset() < at && Long.compareUnsigned(base, other.limit()) <= 0
                    && Long.compareUnsigned(other.base(), limit) <= 0) {
                add(at + 8, "RMRR.base", "overlaps the region at 0x"
                        + Integer.toHexString(other.offset()));
            }
        }
    }

    private void check(DmarStructure.Andd andd) {
        if (andd.name().indexOf(0) < 0) {
            add(andd.offset() + 8, "ANDD.name", "has no end");
        } else if (!andd.name().startsWith("\\")) {
            add(andd.offset() + 8, "ANDD.name", "does not begin at the root of the namespace");
        }
        boolean used = table.structures().stream().flatMap(s -> s.scopes().stream())
                .anyMatch(s -> s.type() == DeviceScope.NAMESPACE_DEVICE
                        && s.enumerationId() == andd.number());
        if (!used) {
            add(andd.offset() + 7, "ANDD.number", andd.number() + " is in no scope");
        }
    }
}
