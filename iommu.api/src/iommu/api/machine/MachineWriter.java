// SPDX-License-Identifier: Apache-2.0
package iommu.api.machine;

import org.osgi.annotation.versioning.ConsumerType;

/** Writes machines as files that a {@link MachineImporter} reads back. A service; thread-safe. */
@ConsumerType
public interface MachineWriter {

    /** How a file is written. */
    enum Form {
        /** For people: what was assumed stands in comments, too. */
        YAML,
        /** For programs: addresses are texts such as "0x1000". */
        JSON
    }

    /**
     * Returns the text of a file.
     *
     * @param machine whatever it holds of its memory is left out
     * @param tables name of a file or directory that holds its memory, as seen from the folder of
     *     the file; null if nothing holds it
     * @return lines, the last one ended
     */
    String write(MachineDescription machine, String tables, Form form);
}
