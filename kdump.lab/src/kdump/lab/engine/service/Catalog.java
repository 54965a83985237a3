// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import iommu.api.machine.FirmwareTable;
import iommu.api.machine.FirmwareTableReader;
import iommu.api.machine.MachineDescription;
import iommu.api.machine.MachineImporter;
import iommu.api.machine.MachineWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import kdump.lab.api.LabException;
import kdump.lab.api.MachineFile;
import kdump.lab.api.MachineSummary;
import kdump.lab.api.Target;
import kdump.lab.engine.machine.NoAnswerException;

/**
 * Finds machines: the captures that come with the lab by name, all others by path. Whoever reads
 * them is held by the caller, for a machine may read its dump later. Thread-safe.
 */
final class Catalog {

    private static final String CAPTURES = "docs/captures";
    private static final String MACHINES = "docs/machines";

    private final Registry registry;
    private final Path home;

    /** Makes a catalog; {@code home} is the folder of the lab, or null if it has none. */
    Catalog(Registry registry, Path home) {
        this.registry = registry;
        this.home = home;
    }

    private Path path(Target target) throws LabException {
        Path path = target.directory().resolve(target.text());
        if (!Files.exists(path)) {
            path = builtIn(target.text());
        }
        if (path == null) {
            throw new LabException(target.text()
                    + ": no such file or directory, nor a built-in machine (see: machines)");
        }
        return path;
    }

    /** Returns the firmware tables of a target, at least one. */
    List<FirmwareTable> tables(Target target, Holding holding) throws LabException {
        Path path = path(target);
        for (FirmwareTableReader reader : holding.all(registry.tables())) {
            try {
                List<FirmwareTable> tables = NoAnswerException.checked(
                        holding.progress().reading(path, () -> reader.read(path)), reader,
                        "firmware tables");
                if (!tables.isEmpty()) {
                    return tables;
                }
            } catch (IOException e) {
                String message = e.getMessage();
                throw new LabException(message == null ? e.toString() : message, e);
            }
        }
        throw new LabException(target.text() + ": no DMAR, IVRS or Rio Grande table in it");
    }

    /** Returns a machine. */
    MachineDescription find(Target target, Holding holding) throws LabException {
        return read(path(target), target.registers() == null ? null
                : target.directory().resolve(target.registers()),
                holding.all(registry.importers()), holding);
    }

    /**
     * Returns a machine as it is written into a file.
     *
     * @param folder that the file will be in
     */
    MachineFile file(Target target, Path folder, Holding holding) throws LabException {
        Path source = path(target);
        if (isMachineFile(source)) {
            throw new LabException(target.text() + " is a machine file already");
        }
        MachineWriter writer = holding.best(registry.writers());
        if (writer == null) {
            throw new LabException("no bundle writes machine files");
        }
        MachineDescription machine = find(target, holding);
        String tables = null;
        try {
            if (!machine.image().ranges().isEmpty()) {
                tables = folder.toRealPath().relativize(source.toRealPath()).toString();
            }
        } catch (IOException | IllegalArgumentException e) {
            throw new LabException(folder + ": no folder that " + target.text()
                    + " can be named from", e);
        }
        return new MachineFile(writer.write(machine, tables, MachineWriter.Form.YAML),
                writer.write(machine, tables, MachineWriter.Form.JSON), machine.units().size(),
                machine.functions().size(), tables, machine.remarks());
    }

    private static boolean isMachineFile(Path source) {
        return source.toString().matches(".*[.]ya?ml") && Files.isRegularFile(source);
    }

    private Path builtIn(String name) {
        if (home == null || !name.matches("[A-Za-z0-9_.-]+") || name.startsWith(".")) {
            return null;
        }
        Path path = home.resolve(CAPTURES).resolve(name);
        Path file = home.resolve(MACHINES).resolve(name + ".yaml");
        return Files.isDirectory(path) ? path : Files.isRegularFile(file) ? file : null;
    }

    private MachineDescription read(Path path, Path registers,
            List<MachineImporter> importers, Holding holding) throws LabException {
        for (MachineImporter importer : importers) {
            if (importer.accepts(path)) {
                try {
                    return NoAnswerException.checked(holding.progress().reading(path,
                            () -> importer.read(path, registers)), importer, "a machine");
                } catch (IOException e) {
                    String message = e.getMessage();
                    throw new LabException(message == null ? e.toString() : message, e);
                }
            }
        }
        throw new LabException(path + (Files.isDirectory(path)
                ? ": holds nothing that a machine is made of: no dump (vmcore*, tables*), no boot"
                        + " log"
                : ": no machine file, no dump and no boot log"));
    }

    /** Returns the built-in machines, by name; one that cannot be read is an error. */
    List<MachineSummary> builtIn(Holding holding) throws LabException {
        List<MachineImporter> importers = holding.all(registry.importers());
        var found = new ArrayList<MachineSummary>();
        for (Path path : list(CAPTURES, Files::isDirectory)) {
            found.add(summary(path, importers, holding));
        }
        for (Path path : list(MACHINES, p -> p.toString().endsWith(".yaml"))) {
            found.add(summary(path, importers, holding));
        }
        found.sort(Comparator.comparing(MachineSummary::name));
        return found;
    }

    private MachineSummary summary(Path path, List<MachineImporter> importers, Holding holding)
            throws LabException {
        MachineDescription machine = read(path, null, importers, holding);
        return new MachineSummary(machine.name(), machine.units().size(),
                machine.functions().size(), machine.source());
    }

    private List<Path> list(String folder, Predicate<Path> wanted) throws LabException {
        if (home == null || !Files.isDirectory(home.resolve(folder))) {
            return List.of();
        }
        try (Stream<Path> paths = Files.list(home.resolve(folder))) {
            return paths.filter(wanted).sorted().toList();
        } catch (IOException e) {
            throw new LabException(e.toString(), e);
        }
    }
}
