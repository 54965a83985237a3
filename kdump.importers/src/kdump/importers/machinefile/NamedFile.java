// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import iommu.api.machine.FormatException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Files that a machine file names, from the folder that it lies in. */
final class NamedFile {

    private NamedFile() { }

    /** Returns the file or directory that a node names; it is there. */
    static Path of(Node node, Path folder) throws FormatException {
        try {
            Path path = folder.resolve(node.string());
            if (Files.exists(path)) {
                return path;
            }
        } catch (InvalidPathException e) {
            // said below
        }
        throw node.wrong("a file that is there, named from the folder of the machine file");
    }
}
