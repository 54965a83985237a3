// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import iommu.api.machine.FormatException;
import iommu.api.machine.MachineDescription;
import iommu.api.machine.MachineImporter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.osgi.service.component.annotations.Component;

/** Reads machine files: {@code *.yaml}, as docs/machines.md describes them. */
@Component
public final class MachineFileImporter implements MachineImporter {

    /** Hundreds of functions with all of their config space take a few MiB. */
    static final int MOST_BYTES = 32 << 20;

    @Override
    public boolean accepts(Path source) {
        String name = source.toString();
        return (name.endsWith(".yaml") || name.endsWith(".yml")) && Files.isRegularFile(source);
    }

    @Override
    public MachineDescription read(Path source, Path registers) throws IOException {
        long bytes = Files.size(source);
        if (bytes > MOST_BYTES) {
            throw new FormatException(source.toString(), 0, "file", bytes + " bytes",
                    "at most " + MOST_BYTES);
        }
        if (registers != null) {
            throw new FormatException(source.toString(), 0, "registers", registers.toString(),
                    "none: a machine file has its own");
        }
        Node root = new YamlReader(source.toString(), Files.readAllBytes(source)).read();
        return new MachineFileReader(root,
                source.toAbsolutePath().getParent()).read("machine file " + source);
    }
}
