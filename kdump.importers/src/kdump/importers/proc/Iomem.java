// SPDX-License-Identifier: Apache-2.0
package kdump.importers.proc;

import iommu.api.machine.FormatException;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryMap;
import java.util.List;
import kdump.importers.bytes.TextFile;

/**
 * What /proc/iomem says about memory.
 *
 * @param map what answers where
 * @param crashReservations the lines "Crash kernel", by address; empty if there is none
 */
public record Iomem(MemoryMap map, List<AddressRange> crashReservations) {

    /** Most bytes: some twenty times what a large server prints. */
    public static final int MAX_BYTES = 1 << 20;

    /** Copies the list. */
    public Iomem {
        crashReservations = List.copyOf(crashReservations);
    }

    /** Reads the text of /proc/iomem. */
    public static Iomem read(TextFile text) throws FormatException {
        return new IomemRule(text, new IomemReader(text).read()).apply();
    }
}
