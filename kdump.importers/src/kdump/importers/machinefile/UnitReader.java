// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import iommu.api.machine.FormatException;
import iommu.api.machine.ReservedRegion;
import iommu.api.machine.UnitDescription.FirmwareFlags;
import iommu.api.machine.UnitDescription.Scope;
import iommu.api.machine.UnitDescription;
import iommu.api.machine.VirtualFunctions;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.UnitProfile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.importers.MachineTables.Units;
import kdump.importers.MachineTables;

/** Reads remapping units, what firmware reserves and who may use ATS, or the table that says it. */
final class UnitReader {

    private static final Set<String> UNIT = Set.of("vendor", "profile", "base", "segment",
            "functions", "settings", "registers", "firmware");
    private static final Set<String> FIRMWARE =
            Set.of("interruptRemapping", "x2apicOptOut", "refusal");
    private static final Set<String> REGION = Set.of("start", "bytes", "functions");
    private static final String OTHERS = "others";
    private static final int REGISTER_BYTES = 1 << 20;
    private static final int PAGE = 4096;
    /** A function, and perhaps "alone" or the buses behind it; or buses of a segment. */
    private static final Pattern SCOPE = Pattern.compile("(?:(?:[0-9a-fA-F]{4}:)?[0-9a-fA-F]{2}:"
            + "[01][0-9a-fA-F]\\.[0-7])( alone| ([0-9a-fA-F]{2})-([0-9a-fA-F]{2}))?");
    private static final Pattern BUSES =
            Pattern.compile("([0-9a-fA-F]{4}):([0-9a-fA-F]{2})-([0-9a-fA-F]{2})");

    private final Node root;
    private final Path folder;
    private final String name;
    private final Map<Integer, FunctionConfig> functions = new HashMap<>();
    private final FunctionTree tree;
    private final List<String> remarks;

    UnitReader(Node root, Path folder, String name, FunctionTree tree, List<String> remarks) {
        this.root = root;
        this.folder = folder;
        this.name = name;
        this.remarks = remarks;
        this.tree = tree;
        tree.functions().forEach(f -> this.functions.put(f.requesterId(), f));
    }

    Units read() throws IOException {
        Node table = root.has("dmar") ? root.member("dmar") : root.member("ivrs");
        if (table == null) {
            return new Units(units(), reserved(), tree.named("ats"));
        }
        if (table.name().equals("dmar")) {
            root.not("ivrs", "dmar");
        }
        for (String other : List.of("units", "reserved", "ats")) {
            root.not(other, table.name());
        }
        Path file = NamedFile.of(table, folder);
        List<FunctionConfig> all = List.copyOf(functions.values());
        return table.name().equals("dmar") ? MachineTables.dmar(name, file, all, remarks)
                : MachineTables.ivrs(name, file, remarks);
    }

    private List<UnitDescription> units() throws FormatException {
        var units = new ArrayList<UnitDescription>();
        var othersOf = new HashSet<Integer>();
        for (Node node : root.list("units")) {
            node.only(UNIT);
            Node base = node.required("base");
            long at = base.number(PAGE, MemoryReader.HIGHEST - PAGE);
            if (at % PAGE != 0) {
                throw base.wrong("a multiple of 4096");
            }
            int segment = (int) node.number("segment", 0, 0, 0xffff);
            Node which = node.required("functions");
            boolean others = OTHERS.equals(which.text());
            var scopes = new ArrayList<Scope>();
            for (Node scope : others ? List.<Node>of() : which.list()) {
                if (OTHERS.equals(scope.text())) {
                    others = true;
                } else {
                    scopes.add(scope(scope));
                    addVirtual(scopes);
                }
            }
            if (others && !othersOf.add(segment)) {
                throw which.wrong("others of a segment once");
            }
            units.add(new UnitDescription(new UnitProfile(node.required("vendor").string(),
                    node.string("profile", "spec"), at, registers(node), settings(node)), segment,
                    others, scopes, firmware(node.member("firmware"))));
        }
        return units;
    }

    /**
     * Virtual functions belong to whom their physical one belongs, which firmware names alone.
     *
     * <p>Source: Linux, dmar_find_matched_drhd_unit, pci_physfn.
     */
    private void addVirtual(List<Scope> scopes) {
        int physical = scopes.get(scopes.size() - 1).requester();
        FunctionConfig config = functions.get(physical);
        VirtualFunctions virtual = config == null ? null : VirtualFunctions.of(config::read);
        for (int i = 0; virtual != null && i < virtual.count(); i++) {
            int id = virtual.requester(physical, i);
            scopes.add(new Scope(id, RequesterId.bus(id) + 1, RequesterId.bus(id)));
        }
    }

    /** What the table of the firmware says beside units, as kernels find it with each of them. */
    private static FirmwareFlags firmware(Node node) throws FormatException {
        if (node == null) {
            return FirmwareFlags.USUAL;
        }
        node.only(FIRMWARE);
        return new FirmwareFlags(!node.has("interruptRemapping")
                || node.flag("interruptRemapping"), node.flag("x2apicOptOut"),
                node.string("refusal", ""));
    }

    private static Map<String, Long> settings(Node node) throws FormatException {
        var settings = new TreeMap<String, Long>();
        Node given = node.member("settings");
        if (given != null && given.members() == null) {
            throw given.wrong("members");
        }
        for (Node setting : given == null ? List.<Node>of() : given.members().values()) {
            settings.put(setting.name(), setting.number(Long.MIN_VALUE, Long.MAX_VALUE));
        }
        return settings;
    }

    private static Map<Integer, Integer> registers(Node node) throws FormatException {
        var registers = new TreeMap<Integer, Integer>();
        Node given = node.member("registers");
        if (given != null && given.members() == null) {
            throw given.wrong("members");
        }
        for (Node word : given == null ? List.<Node>of() : given.members().values()) {
            registers.put((int) word.nameAsNumber(REGISTER_BYTES - 4, 4),
                    (int) word.number(0, 0xffff_ffffL));
        }
        return registers;
    }

    private List<Scope> scopes(Node node) throws FormatException {
        var scopes = new ArrayList<Scope>();
        for (Node id : node.required("functions").list()) {
            scopes.add(scope(id));
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
                : new Scope(id, RequesterId.bus(id) + 1, RequesterId.bus(id));
    }

    private static Scope checked(Node node, Scope scope) throws FormatException {
        if (scope.firstBus() > scope.lastBus()) {
            throw node.wrong("buses from the lowest to the highest");
        }
        return scope;
    }

    private List<ReservedRegion> reserved() throws FormatException {
        var regions = new ArrayList<ReservedRegion>();
        for (Node node : root.list("reserved")) {
            regions.add(new ReservedRegion(MemoryReader.pages(node.only(REGION)), scopes(node)));
        }
        return regions;
    }
}
