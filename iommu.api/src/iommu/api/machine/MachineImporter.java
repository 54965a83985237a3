// SPDX-License-Identifier: Apache-2.0
package iommu.api.machine;

import java.io.IOException;
import java.nio.file.Path;
import org.osgi.annotation.versioning.ConsumerType;

/** Reads machines out of files of some kind. A service; thread-safe. */
@ConsumerType
public interface MachineImporter {

    /** Returns whether this importer can read {@code source}; looks no further than it must. */
    boolean accepts(Path source);

    /**
     * Reads a machine.
     *
     * @param source a file or directory that {@link #accepts} took
     * @param registers a file with the unit's registers, if it is not found beside the source; null
     *     for none
     * @throws FormatException if a file does not hold what its format demands
     * @throws IOException if a file cannot be read
     */
    MachineDescription read(Path source, Path registers) throws IOException;
}
