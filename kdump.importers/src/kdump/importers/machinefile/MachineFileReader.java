// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import iommu.api.machine.DriverMemory;
import iommu.api.machine.FormatException;
import iommu.api.machine.MachineDescription;
import iommu.api.machine.ReservedRegion;
import iommu.api.machine.UnitDescription;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.MemoryMap;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.UnitProfile;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/** Reads a machine out of the nodes of its file. */
final class MachineFileReader {

    private static final Set<String> KNOWN = Set.of("name", "about", "kernel", "cmdline",
            "capture-cmdline", "memory", "crashkernel", "units", "reserved", "functions");
    private static final Set<String> RANGE = Set.of("start", "bytes", "kind");
    private static final Set<String> UNIT = Set.of("vendor", "base", "functions", "settings");
    private static final Set<String> REGION = Set.of("start", "bytes", "functions");
    private static final Set<String> MEMORY = Set.of("rw", "ro", "wo", "registered");
    private static final long HIGHEST = 1L << 46;
    private static final int PAGE = 4096;
    private static final int MOST_FUNCTIONS = 4096;
    private static final MemoryImage NOTHING = new MemoryImage() {
        @Override
        public List<AddressRange> ranges() {
            return List.of();
        }

        @Override
        public void read(long address, byte[] to, int offset, int bytes) {
            throw new IllegalArgumentException("nothing was captured");
        }
    };

    private final Node root;
    private final List<FunctionConfig> functions = new ArrayList<>();
    private final List<DriverMemory> memory = new ArrayList<>();

    MachineFileReader(Node root) {
        this.root = root;
    }

    MachineDescription read(String source) throws FormatException {
        root.only(KNOWN);
        String name = root.required("name").string();
        functions();
        return new MachineDescription(name, root.string("about", source), memoryMap(),
                reservation(), units(), reserved(), Set.of(), functions, NOTHING,
                root.string("kernel", ""), root.string("cmdline", ""),
                root.string("capture-cmdline", ""), List.of("A machine file: its first kernel is "
                        + "booted here, and its tables are those that this kernel wrote."), memory);
    }

    private static AddressRange range(Node node) throws FormatException {
        long start = node.required("start").number(0, HIGHEST - PAGE);
        long bytes = node.required("bytes").number(PAGE, HIGHEST - start);
        if ((start | bytes) % PAGE != 0) {
            throw node.wrong("whole pages");
        }
        return AddressRange.of(start, bytes);
    }

    private MemoryMap memoryMap() throws FormatException {
        var regions = new ArrayList<MemoryMap.Region>();
        for (Node node : root.list("memory")) {
            Node kind = node.only(RANGE).required("kind");
            regions.add(switch (kind.string()) {
                case "ram" -> new MemoryMap.Region(range(node), MemoryKind.SYSTEM_RAM,
                        "System RAM");
                case "reserved" -> new MemoryMap.Region(range(node), MemoryKind.FIRMWARE_RAM,
                        "Reserved");
                case "rom" -> new MemoryMap.Region(range(node), MemoryKind.ROM, "System ROM");
                default -> throw kind.wrong("ram, reserved or rom");
            });
        }
        if (regions.isEmpty()) {
            throw root.wrong("memory");
        }
        try {
            return new MemoryMap(regions);
        } catch (IllegalArgumentException e) {
            throw root.required("memory").wrong("ranges apart: " + e.getMessage());
        }
    }

    private AddressRange reservation() throws FormatException {
        Node node = root.member("crashkernel");
        return node == null ? null : range(node.only(Set.of("start", "bytes")));
    }

    // ---- units ----------------------------------------------------------------------------------

    private List<UnitDescription> units() throws FormatException {
        var units = new ArrayList<UnitDescription>();
        for (Node node : root.list("units")) {
            node.only(UNIT);
            var settings = new TreeMap<String, Long>();
            Node given = node.member("settings");
            if (given != null && given.members() != null) {
                for (Node setting : given.members().values()) {
                    settings.put(setting.name(), setting.number(Long.MIN_VALUE, Long.MAX_VALUE));
                }
            }
            Node which = node.required("functions");
            boolean others = "others".equals(which.text());
            units.add(new UnitDescription(new UnitProfile(node.required("vendor").string(), "spec",
                    node.required("base").number(0, HIGHEST), new TreeMap<>(), settings), 0, others,
                    others ? List.of() : scopes(node)));
        }
        return units;
    }

    private List<UnitDescription.Scope> scopes(Node node) throws FormatException {
        var scopes = new ArrayList<UnitDescription.Scope>();
        for (Node id : node.list("functions")) {
            scopes.add(scope(FunctionBuilder.id(id)));
        }
        return scopes;
    }

    /** A bridge stands for itself and for all that lies behind it. */
    private UnitDescription.Scope scope(int requester) {
        for (FunctionConfig function : functions) {
            if (function.requesterId() == requester && function.headerType() == 1) {
                return new UnitDescription.Scope(requester, function.u8(0x19), function.u8(0x1a));
            }
        }
        int bus = RequesterId.bus(requester);
        return new UnitDescription.Scope(requester, bus + 1, bus);
    }

    private List<ReservedRegion> reserved() throws FormatException {
        var regions = new ArrayList<ReservedRegion>();
        for (Node node : root.list("reserved")) {
            node.only(REGION);
            regions.add(new ReservedRegion(range(node), scopes(node)));
        }
        return regions;
    }

    // ---- functions ------------------------------------------------------------------------------

    private void functions() throws FormatException {
        var seen = new HashSet<Integer>();
        for (Node node : root.list("functions")) {
            FunctionConfig function = new FunctionBuilder(node).build();
            if (!seen.add(function.requesterId()) || seen.size() > MOST_FUNCTIONS) {
                throw node.required("id").wrong("each function once, at most " + MOST_FUNCTIONS);
            }
            functions.add(function);
            Node needs = node.member("memory");
            if (needs != null) {
                memory.add(driverMemory(function.requesterId(), needs.only(MEMORY)));
            }
        }
        functions.sort((a, b) -> Integer.compare(a.requesterId(), b.requesterId()));
        if (memory.isEmpty()) {
            throw root.wrong("at least one function with memory: what its driver maps");
        }
    }

    private static DriverMemory driverMemory(int requester, Node needs) throws FormatException {
        long registered = needs.number("registered", 0, 0, DriverMemory.MOST_REGISTERED);
        if (registered % DriverMemory.LARGE_BYTES != 0) {
            throw needs.required("registered").wrong("a multiple of 2M");
        }
        return new DriverMemory(requester, pages(needs, "rw"), pages(needs, "ro"),
                pages(needs, "wo"), registered);
    }

    private static int pages(Node needs, String kind) throws FormatException {
        return (int) needs.number(kind, 0, 0, DriverMemory.MOST_PAGES);
    }
}
