// SPDX-License-Identifier: Apache-2.0
package iommu.api.machine;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/** Reads the tables in which firmware describes remapping units. A service; thread-safe. */
@ConsumerType
public interface FirmwareTableReader {

    /**
     * Returns the tables that a file or a directory holds.
     *
     * @param source a table, a listing of tables, or a directory with such files in it
     * @return empty if there is none that this reader knows
     * @throws FormatException if a table falls apart: a length in it is wrong
     * @throws IOException if a file cannot be read
     */
    List<FirmwareTable> read(Path source) throws IOException;
}
