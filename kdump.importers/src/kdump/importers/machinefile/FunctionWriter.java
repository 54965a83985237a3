// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import static kdump.importers.machinefile.Document.hex;

import iommu.api.machine.DriverMemory;
import iommu.api.machine.MachineDescription;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Writes functions of machine files: config space, what drivers map, and how they run. */
final class FunctionWriter {

    private static final int ROW = 16;

    private FunctionWriter() { }

    /** Returns those of a machine in its order. */
    static List<Document> all(MachineDescription m) {
        var memory = new TreeMap<Integer, DriverMemory>();
        m.driverMemory().forEach(d -> memory.put(d.requester(), d));
        var list = new ArrayList<Document>();
        for (FunctionConfig f : m.functions()) {
            int id = f.requesterId();
            Document function = new Document().put("id", RequesterId.format(id))
                    .put("config", config(f.config()));
            if (memory.containsKey(id)) {
                function.put("memory", memory(memory.get(id)));
            }
            var options = new Document();
            m.runDefaults().deviceOptions().getOrDefault(id, Map.of()).forEach(options::put);
            function.putMembers("options", options);
            if (m.runDefaults().rates().containsKey(id)) {
                function.put("rate", m.runDefaults().rates().get(id));
            }
            if (m.runDefaults().pluggedAtCrash().contains(id)) {
                function.put("plugged", "at-crash");
            }
            if (m.runDefaults().guests().contains(id)) {
                function.put("guest", true);
            }
            list.add(function);
        }
        return list;
    }

    /** Rows of 16 bytes, up to the last that is not 0 in each, without those that are all 0. */
    private static Document config(byte[] config) {
        Document rows = new Document().put("size", (long) config.length);
        for (int row = 0; row < config.length; row += ROW) {
            int end = Math.min(row + ROW, config.length);
            while (end > row && config[end - 1] == 0) {
                end--;
            }
            var bytes = new ArrayList<String>();
            for (int at = row; at < end; at++) {
                bytes.add(String.format("%02x", config[at]));
            }
            if (!bytes.isEmpty()) {
                rows.put(String.format("0x%02x", row), String.join(" ", bytes));
            }
        }
        return rows;
    }

    private static Document memory(DriverMemory d) {
        Document memory = new Document().put("rw", (long) d.readWrite())
                .put("ro", (long) d.readOnly()).put("wo", (long) d.writeOnly());
        if (d.registeredBytes() != 0) {
            memory.put("registered", hex(d.registeredBytes()));
        }
        return d.seen().isEmpty() ? memory : memory.putList("seen",
                d.seen().stream().sorted().map(Document::hex).toList());
    }
}
