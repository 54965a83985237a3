// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import iommu.api.machine.FormatException;
import iommu.api.machine.ReservedRegion;
import iommu.api.machine.UnitDescription.FirmwareFlags;
import iommu.api.machine.UnitDescription.Scope;
import iommu.api.machine.UnitDescription;
import iommu.api.pcie.FunctionConfig;
import iommu.api.profile.UnitProfile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
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

    private final Node root;
    private final Path folder;
    private final String name;
    private final FunctionTree tree;
    private final ScopeReader scopes;
    private final List<String> remarks;

    UnitReader(Node root, Path folder, String name, FunctionTree tree, List<String> remarks) {
        this.root = root;
        this.folder = folder;
        this.name = name;
        this.remarks = remarks;
        this.tree = tree;
        scopes = new ScopeReader(tree.functions());
    }

    Units read() throws IOException {
        Node table = root.has("dmar") ? root.member("dmar") : root.member("ivrs");
        if (table == null) {
            List<UnitDescription> units = units();
            return new Units(units, reserved(), tree.named("ats"),
                    new IoApicReader(root, units).read());
        }
        if (table.name().equals("dmar")) {
            root.not("ivrs", "dmar");
        }
        for (String other : List.of("units", "reserved", "ats", "ioapics")) {
            root.not(other, table.name());
        }
        Path file = NamedFile.of(table, folder);
        List<FunctionConfig> all = tree.functions();
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
                    scopes.addAll(this.scopes.withVirtual(scope));
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

    private List<ReservedRegion> reserved() throws FormatException {
        var regions = new ArrayList<ReservedRegion>();
        for (Node node : root.list("reserved")) {
            regions.add(new ReservedRegion(MemoryReader.pages(node.only(REGION)),
                    scopes.all(node.required("functions"))));
        }
        return regions;
    }
}
