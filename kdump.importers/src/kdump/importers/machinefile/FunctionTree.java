// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import iommu.api.machine.DriverMemory;
import iommu.api.machine.FormatException;
import iommu.api.machine.VirtualFunctions;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import kdump.importers.bytes.TextFile;
import kdump.importers.functions.BridgeWindows;
import kdump.importers.functions.ConfigAtRest;
import kdump.importers.lspci.LspciDump;

/**
 * Reads the functions of a machine: a list, in which bridges may hold those behind them, or an
 * lspci dump. Buses behind bridges are numbered as they come, unless a bridge says its number.
 */
final class FunctionTree {

    private static final Set<String> RUN = Set.of("id", "memory", "options", "rate",
            "plugged", "guest");
    private static final Set<String> VIRTUAL = Set.of("count", "offset", "stride", "bars",
            "pageSize", "memory", "rate", "options", "guest");
    private static final Set<String> MEMORY = Set.of("rw", "ro", "wo", "registered",
            "seen");
    private static final int MOST_FUNCTIONS = 16_384;
    private static final int MOST_BUS = 0xff;
    private static final double MOST_RATE = 1e6;

    private final Node root;
    private final Path folder;
    private final List<String> remarks;
    private final BridgeWindows windows = new BridgeWindows();
    private final Map<Integer, FunctionConfig> functions = new TreeMap<>();
    private final List<DriverMemory> memory = new ArrayList<>();
    private final Map<Integer, Map<String, Long>> options = new TreeMap<>();
    private final Map<Integer, Double> rates = new TreeMap<>();
    private final Set<Integer> plugged = new TreeSet<>();
    private final Set<Integer> guests = new TreeSet<>();
    /** Highest bus number that is taken, by segment. */
    private final Map<Integer, Integer> lastBus = new HashMap<>();

    FunctionTree(Node root, Path folder, List<String> remarks) {
        this.root = root;
        this.folder = folder;
        this.remarks = remarks;
    }

    List<FunctionConfig> functions() {
        return List.copyOf(functions.values());
    }

    List<DriverMemory> driverMemory() {
        return memory;
    }

    Map<Integer, Map<String, Long>> options() {
        return options;
    }

    Map<Integer, Double> rates() {
        return rates;
    }

    /** Returns the functions that are plugged in just after the crash. */
    Set<Integer> plugged() {
        return plugged;
    }

    /** Returns the functions that the first kernel has given to a guest. */
    Set<Integer> guests() {
        return guests;
    }

    void read() throws IOException {
        Node dump = root.member("lspci");
        if (dump == null) {
            for (Node node : root.list("functions")) {
                function(node, -1);
            }
            functions.putAll(windows.opened());
            return;
        }
        Path file = NamedFile.of(dump, folder);
        LspciDump lspci = LspciDump.read(TextFile.read(file, LspciDump.MAX_BYTES));
        lspci.functions().forEach(f -> functions.put(f.requesterId(), ConfigAtRest.of(f)));
        remarks.add("Functions are those of " + dump.text() + ", with interrupts, address"
                + " translation services and bus masters off.");
        for (Node node : root.list("functions")) {
            int id = FunctionBuilder.id(node.only(RUN).required("id"));
            if (!functions.containsKey(id)) {
                throw node.required("id").wrong("a function of " + dump.text());
            }
            run(node, id);
        }
    }

    /** Reads a function and what is behind it; {@code bus} is -1 if it says so itself. */
    private void function(Node node, int bus) throws FormatException {
        int id = idOf(node, bus);
        if (functions.containsKey(id) || functions.size() >= MOST_FUNCTIONS) {
            throw node.required(node.has("id") ? "id" : "at").wrong("each function once, at most "
                    + MOST_FUNCTIONS);
        }
        int segment = id >>> 16;
        lastBus.merge(segment, RequesterId.bus(id), Math::max);
        functions.put(id, null); // taken
        Node bridge = node.member("bridge");
        int secondary = -1;
        int subordinate = -1;
        if (node.has("behind") || bridge != null) {
            secondary = secondary(node, segment);
            for (Node child : node.list("behind")) {
                function(child, segment << 8 | secondary);
            }
            subordinate = node.has("behind") ? lastBus.get(segment) : secondary;
            subordinate = bridge == null ? subordinate
                    : (int) bridge.number("subordinate", subordinate, subordinate, MOST_BUS);
            lastBus.merge(segment, subordinate, Math::max);
        }
        functions.put(id, new FunctionBuilder(node, windows).build(id, secondary, subordinate));
        run(node, id);
        Node virtual = node.member("virtual");
        if (virtual != null) {
            virtual(node, virtual.only(VIRTUAL), id);
        }
    }

    /** Makes the virtual functions of one; its driver has switched them on. */
    private void virtual(Node node, Node virtual, int physical) throws FormatException {
        if (!node.has("memory") || !node.has("express")) {
            throw node.required("virtual").wrong("memory and express beside it");
        }
        VirtualFunctions layout = VirtualFunctions.of(functions.get(physical)::read);
        for (int i = 0; i < layout.count(); i++) {
            int id = layout.requester(physical, i);
            if (id <= physical || functions.containsKey(id)) {
                throw virtual.required("count").wrong("virtual functions where nothing else is");
            }
            functions.put(id, FunctionBuilder.virtual(id, functions.get(physical).classCode()));
            lastBus.merge(id >>> 16, RequesterId.bus(id), Math::max);
            run(virtual, id);
        }
    }

    private static int idOf(Node node, int bus) throws FormatException {
        if (node.has("id") || bus < 0) {
            int id = FunctionBuilder.id(node.required("id"));
            node.not("at", "id");
            if (bus >= 0 && id >>> 8 != bus) {
                throw node.required("id").wrong("a function on bus "
                        + RequesterId.format(bus << 8).substring(0, "0000:00".length()));
            }
            return id;
        }
        return bus << 8 | FunctionBuilder.at(node.required("at"));
    }

    /** In a flat list numbers are given, and may come in any order. */
    private int secondary(Node node, int segment) throws FormatException {
        Node bridge = node.member("bridge");
        Node given = bridge == null ? null
                : bridge.only(FunctionBuilder.BRIDGE).member("secondary");
        int next = lastBus.get(segment) + 1;
        if (given == null && next > MOST_BUS) {
            throw node.wrong("at most 256 buses in a segment");
        }
        int secondary = given == null ? next : (int) given.number(1, MOST_BUS);
        if (node.has("behind") && secondary < next) {
            throw given.wrong("a bus above those that are taken, from " + next);
        }
        lastBus.merge(segment, secondary, Math::max);
        return secondary;
    }

    /** Returns the functions that a list of ids names; each is there. */
    Set<Integer> named(String list) throws FormatException {
        var ids = new HashSet<Integer>();
        for (Node node : root.list(list)) {
            int id = FunctionBuilder.id(node);
            if (!functions.containsKey(id)) {
                throw node.wrong("a function that is there");
            }
            ids.add(id);
        }
        return ids;
    }

    // ---- what drivers do ------------------------------------------------------------------------

    private void run(Node node, int id) throws FormatException {
        Node needs = node.member("memory");
        if (needs != null) {
            memory.add(driverMemory(id, needs.only(MEMORY)));
        }
        Node asked = node.member("options");
        if (asked != null) {
            if (asked.members() == null) {
                throw asked.wrong("members");
            }
            var named = new TreeMap<String, Long>();
            for (Node option : asked.members().values()) {
                named.put(option.name(), option.number(Long.MIN_VALUE, Long.MAX_VALUE));
            }
            options.put(id, named);
        }
        Node rate = node.member("rate");
        if (rate != null) {
            rates.put(id, rate.decimal(0.001, MOST_RATE));
        }
        plugged(node, id);
        if (node.flag("guest")) {
            if (needs == null) {
                throw node.required("guest").wrong("memory beside it, which is the guest's");
            }
            guests.add(id);
        }
    }

    private void plugged(Node node, int id) throws FormatException {
        Node when = node.member("plugged");
        if (when == null) {
            return;
        }
        if (!when.string().equals("at-crash")) {
            throw when.wrong("at-crash");
        }
        if (functions.get(id).headerType() != 0) {
            throw when.wrong("an endpoint: bridges are there from the start");
        }
        node.not("memory", "plugged");
        node.not("rate", "plugged");
        plugged.add(id);
    }

    private static DriverMemory driverMemory(int requester, Node needs) throws FormatException {
        long registered = needs.number("registered", 0, 0, DriverMemory.MOST_REGISTERED);
        if (registered % DriverMemory.LARGE_BYTES != 0) {
            throw needs.required("registered").wrong("a multiple of 2M");
        }
        var seen = new TreeSet<Long>();
        for (Node address : needs.list("seen")) {
            seen.add(address.number(0, Long.MAX_VALUE) & -PhysicalMemory.PAGE_BYTES);
        }
        return new DriverMemory(requester, pages(needs, "rw"), pages(needs, "ro"),
                pages(needs, "wo"), registered, seen);
    }

    private static int pages(Node needs, String kind) throws FormatException {
        return (int) needs.number(kind, 0, 0, DriverMemory.MOST_PAGES);
    }
}
