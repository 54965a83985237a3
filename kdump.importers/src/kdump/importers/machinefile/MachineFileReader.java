// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import iommu.api.machine.FormatException;
import iommu.api.machine.MachineDescription;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryImage;
import iommu.api.memory.MemoryMap;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import kdump.importers.MachineTables.Units;
import kdump.importers.MachineTables;
import kdump.importers.dump.NoImage;

/** Reads a machine out of the nodes of its file. Used once. */
final class MachineFileReader {

    private static final Set<String> KNOWN = Set.of("name", "about", "kernel", "capture-kernel",
            "hardware", "cmdline", "capture-cmdline", "memory", "crashkernel", "units", "reserved",
            "dmar", "ivrs", "ats", "functions", "lspci", "times", "tables", "assumed",
            "capture-drivers", "ioapics");
    /** Said of each machine that boots. */
    static final String BOOTED = "A machine file: its first kernel is booted here, and its"
            + " tables are those that this kernel wrote.";
    private static final String WORD = "crashkernel=";

    private final Node root;
    private final Path folder;
    private final List<String> remarks = new ArrayList<>();

    /** @param folder that files are named from */
    MachineFileReader(Node root, Path folder) {
        this.root = root;
        this.folder = folder;
    }

    MachineDescription read(String source) throws IOException {
        root.only(KNOWN);
        String name = root.required("name").string();
        MemoryMap map = new MemoryReader(root).map();
        var functions = new FunctionTree(root, folder, remarks);
        functions.read();
        Units units = new UnitReader(root, folder, name, functions, remarks).read();
        checkApart(units, map);
        boolean captured = root.has("tables");
        MemoryImage image = captured ? image(map) : NoImage.INSTANCE;
        if (functions.driverMemory().isEmpty() == !captured) {
            throw captured ? root.required("tables").wrong("no function with memory beside it: "
                    + "what was captured says what is mapped")
                    : root.wrong("at least one function with memory: what its driver maps");
        }
        if (!captured) {
            remarks.add(0, BOOTED);
        }
        for (Node said : root.list("assumed")) {
            if (!remarks.contains(said.string())) {
                remarks.add(said.string());
            }
        }
        MachineDescription machine = new MachineDescription(name, root.string("about", source), map,
                new MemoryReader(root).reservation(map), units.units(), units.regions(),
                units.atsFunctions(), functions.functions(), image, root.string("kernel", ""),
                commandLine(), root.string("capture-cmdline", ""), remarks,
                functions.driverMemory()).withRunDefaults(
                        new DefaultsReader(root).read(functions)).withIoApics(units.ioApics());
        return root.has("capture-drivers")
                ? machine.withCaptureDrivers(functions.named("capture-drivers")) : machine;
    }

    /** A reservation that is a word stands for that word of the command line. */
    private String commandLine() throws FormatException {
        String line = root.string("cmdline", "");
        Node word = root.member("crashkernel");
        if (word == null || word.text() == null) {
            return line;
        }
        if ((" " + line).contains(" " + WORD)) {
            throw word.wrong("no crashkernel beside that of cmdline");
        }
        return (line + " " + WORD + word.text()).strip();
    }

    private void checkApart(Units units, MemoryMap map) throws FormatException {
        for (int i = 0; i < units.units().size(); i++) {
            long base = units.units().get(i).profile().registerBase();
            AddressRange registers = AddressRange.of(base, 4096);
            for (MemoryMap.Region region : map.regions()) {
                if (region.range().overlaps(registers) && MemoryReader.isRam(region)) {
                    throw root.required("memory").wrong("no RAM at 0x" + Long.toHexString(base)
                            + ", where unit " + i + " is");
                }
            }
            for (int other = 0; other < i; other++) {
                if (units.units().get(other).profile().registerBase() == base) {
                    throw root.wrong("units apart: two are at 0x" + Long.toHexString(base));
                }
            }
        }
    }

    private MemoryImage image(MemoryMap map) throws IOException {
        Node tables = root.required("tables");
        return MachineTables.image(NamedFile.of(tables, folder), map, remarks);
    }
}
