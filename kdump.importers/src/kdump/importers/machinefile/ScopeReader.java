// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import iommu.api.machine.FormatException;
import iommu.api.machine.UnitDescription.Scope;
import iommu.api.machine.VirtualFunctions;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads whom a unit or a reserved region is for: functions with what lies behind, or buses. */
final class ScopeReader {

    /** A function, and perhaps "alone" or the buses behind it; or buses of a segment. */
    private static final Pattern SCOPE = Pattern.compile("(?:(?:[0-9a-fA-F]{4}:)?[0-9a-fA-F]{2}:"
            + "[01][0-9a-fA-F]\\.[0-7])( alone| ([0-9a-fA-F]{2})-([0-9a-fA-F]{2}))?");
    private static final Pattern BUSES =
            Pattern.compile("([0-9a-fA-F]{4}):([0-9a-fA-F]{2})-([0-9a-fA-F]{2})");

    private final Map<Integer, FunctionConfig> functions = new HashMap<>();

    ScopeReader(Collection<FunctionConfig> functions) {
        functions.forEach(f -> this.functions.put(f.requesterId(), f));
    }

    /** Reads each item of a list. */
    List<Scope> all(Node list) throws FormatException {
        var scopes = new ArrayList<Scope>();
        for (Node id : list.list()) {
            scopes.add(scope(id));
        }
        return scopes;
    }

    /**
     * Reads one, and adds virtual functions: they belong to whom their physical one belongs, which
     * firmware names alone. Source: Linux, dmar_find_matched_drhd_unit, pci_physfn.
     */
    List<Scope> withVirtual(Node node) throws FormatException {
        var scopes = new ArrayList<Scope>(List.of(scope(node)));
        int physical = scopes.get(0).requester();
        FunctionConfig config = functions.get(physical);
        VirtualFunctions virtual = config == null ? null : VirtualFunctions.of(config::read);
        for (int i = 0; virtual != null && i < virtual.count(); i++) {
            scopes.add(alone(virtual.requester(physical, i)));
        }
        return scopes;
    }

    /**
     * A bridge stands for itself and for all that lies behind it, unless it is alone. Firmware
     * names functions that are not there, too.
     */
    private Scope scope(Node node) throws FormatException {
        Matcher buses = BUSES.matcher(node.string());
        if (buses.matches()) {
            int first = Integer.parseInt(buses.group(2), 16);
            return checked(node, new Scope(RequesterId.of(Integer.parseInt(buses.group(1), 16),
                    first, 0, 0), first, Integer.parseInt(buses.group(3), 16)));
        }
        Matcher named = SCOPE.matcher(node.string());
        if (!named.matches()) {
            throw node.wrong("a function such as 0000:02:00.0, \"0000:00:01.0 alone\","
                    + " \"0000:00:01.0 02-04\" or buses such as 0000:10-1f");
        }
        int id = RequesterId.parse(node.text().split(" ", 2)[0]);
        if (named.group(2) != null) {
            return checked(node, new Scope(id, Integer.parseInt(named.group(2), 16),
                    Integer.parseInt(named.group(3), 16)));
        }
        FunctionConfig function = functions.get(id);
        return named.group(1) == null && function != null && function.headerType() == 1
                ? new Scope(id, function.u8(0x19), function.u8(0x1a))
                : alone(id);
    }

    private static Scope alone(int id) {
        return new Scope(id, RequesterId.bus(id) + 1, RequesterId.bus(id));
    }

    private static Scope checked(Node node, Scope scope) throws FormatException {
        if (scope.firstBus() > scope.lastBus()) {
            throw node.wrong("buses from the lowest to the highest");
        }
        return scope;
    }
}
