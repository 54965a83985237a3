// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import iommu.api.pcie.Capabilities;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import kdump.importers.acpi.DeviceScope;
import kdump.importers.acpi.DmarStructure.Atsr;
import kdump.importers.acpi.DmarTable;

/**
 * Which functions may use address translation services, as far as firmware has a say: those within
 * the root complex, and those below a root port of an ATSR structure with nothing but PCI Express
 * between. That SATC wants services of a device left to hardware is not looked at.
 *
 * <p>Source: VT-d, "Root Port ATS Capability Reporting Structure"; Linux, intel/iommu.c,
 * dmar_ats_supported.
 */
final class AtsFacts {

    private static final int ALL_PORTS = 1;
    private static final int BRIDGE = 1;
    private static final int SECONDARY_BUS = 0x19;
    private static final int ROOT_PORT = 4;
    private static final int EXPRESS_TO_PCI = 7;
    /** More bridges are not on any way: config space that leads in a circle ends here. */
    private static final int MAX_DEPTH = 256;

    private final List<FunctionConfig> functions;
    private final UnitFacts paths;
    private final Map<Integer, FunctionConfig> bridges = new HashMap<>();

    AtsFacts(List<FunctionConfig> functions, UnitFacts paths) {
        this.functions = functions;
        this.paths = paths;
        for (FunctionConfig f : functions) {
            if (f.headerType() == BRIDGE && f.u8(SECONDARY_BUS) != 0) {
                bridges.putIfAbsent(bus(f.requesterId() >>> 16, f.u8(SECONDARY_BUS)), f);
            }
        }
    }

    private static int bus(int segment, int number) {
        return segment << 8 | number;
    }

    /** Returns the requester ids of these functions. */
    Set<Integer> functions(DmarTable table) {
        Set<Integer> allowed = new HashSet<>();
        for (FunctionConfig f : functions) {
            if (allows(f.requesterId(), table.rootPorts())) {
                allowed.add(f.requesterId());
            }
        }
        return allowed;
    }

    private boolean allows(int requester, List<Atsr> tables) {
        int at = requester;
        for (int depth = 0; depth < MAX_DEPTH; depth++) {
            FunctionConfig bridge = bridges.get(bus(at >>> 16, RequesterId.bus(at)));
            // 1. Within the root complex there is no root port to ask for.
            if (bridge == null) {
                return true;
            }
            // 2. Conventional PCI has no address types.
            int type = expressType(bridge);
            if (type == -1 || type == EXPRESS_TO_PCI) {
                return false;
            }
            // 3. A root port must be named.
            if (type == ROOT_PORT) {
                return tables.stream().anyMatch(t -> names(t, bridge.requesterId()));
            }
            at = bridge.requesterId();
        }
        return false;
    }

    private boolean names(Atsr table, int port) {
        if (table.segment() != port >>> 16) {
            return false;
        }
        if ((table.flags() & ALL_PORTS) != 0) {
            return true;
        }
        for (DeviceScope scope : table.scopes()) {
            if (paths.follow(table.segment(), scope) == port) {
                return true;
            }
        }
        return false;
    }

    /** Returns device or port type of the PCI Express capability, or -1 if there is none. */
    private static int expressType(FunctionConfig function) {
        int at = Capabilities.find(function::read, Capabilities.EXPRESS);
        return at == 0 || at + 4 > function.config().length ? -1 : function.u8(at + 2) >>> 4;
    }
}
